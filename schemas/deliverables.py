"""Deliverables: models, descriptions and plans, their way into use and to whom they were delivered."""

from schemas import vocabulary as v
from schemas.base import Dated, Record, Schema, optional_line, optional_text
from schemas.fields import Choice, Day, Entries, Part, Reference, References, Text


class Stage(Schema):
    """One step of a deliverable into use, done or promised: when, and with which body."""

    stage = Choice(v.DeliverableStage, required=True)
    progress = Choice(v.Progress, load_default=v.Progress.DONE.value)
    body = optional_line()
    date = Day(load_default=None, allow_none=True)
    note = optional_text()


class Delivery(Schema):
    """A delivery through a channel, such as a shared workspace; dated, or told by the event it came before."""

    channel = Text(v.LINE_LENGTH, required=True)
    recipient = optional_line()
    progress = Choice(v.Progress, load_default=v.Progress.DONE.value)
    date = Day(load_default=None, allow_none=True)
    date_note = optional_line()
    meeting_id = Reference("meetings", load_default=None, allow_none=True)


class Deliverable(Record, Dated):
    sub_project_id = Reference("sub_projects", required=True)
    kind = Choice(v.DeliverableKind, required=True)
    title = Text(v.LINE_LENGTH, required=True)
    description = optional_text()
    progress = Choice(v.Progress, load_default=v.Progress.DONE.value)
    based_on_id = Reference("deliverables", load_default=None, allow_none=True)
    stages = Entries(Part(Stage))
    deliveries = Entries(Part(Delivery))
    goal_ids = References("goals")
