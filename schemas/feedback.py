"""Feedback (palaute), one point each, and what became of it (palautteen hyödyntäminen)."""

from schemas import vocabulary as v
from schemas.base import Dated, Record, Schema, optional_line, ordinal
from schemas.fields import Choice, Day, Entries, Part, Reference, References, Text


class Action(Schema):
    """What was decided because of the feedback."""

    text = Text(v.TEXT_LENGTH, required=True)
    state = Choice(v.ActionState, load_default=v.ActionState.OPEN.value)
    decided_on = Day(load_default=None, allow_none=True)
    done_on = Day(load_default=None, allow_none=True)


class Feedback(Record, Dated):
    sub_project_id = Reference("sub_projects", required=True)
    source = Choice(v.FeedbackSource, required=True)
    source_name = optional_line()
    field = optional_line()
    meeting_id = Reference("meetings", load_default=None, allow_none=True)
    survey_id = Reference("surveys", load_default=None, allow_none=True)
    about = optional_line()
    about_survey_id = Reference("surveys", load_default=None, allow_none=True)
    about_deliverable_id = Reference("deliverables", load_default=None, allow_none=True)
    position = ordinal()
    point = Text(v.TEXT_LENGTH, required=True)
    actions = Entries(Part(Action))
    goal_ids = References("goals")
