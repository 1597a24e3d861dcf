"""Goals (tavoite) of a sub-project: taken over from the plan, or the provider's own."""

from schemas import vocabulary as v
from schemas.base import Record, Schema, ordinal
from schemas.fields import Choice, Entries, Part, Reference, References, Text


class Goal(Record):
    sub_project_id = Reference("sub_projects", required=True)
    project_goal_id = Reference("project_goals", load_default=None, allow_none=True)
    position = ordinal()
    text = Text(v.TEXT_LENGTH, required=True)


class GoalTakeOver(Schema):
    """Which of the plan's goals to take over; all of the project's when none is named."""

    sub_project_id = Reference("sub_projects", required=True)
    project_goal_ids = References("project_goals", load_default=None, allow_none=True)
    language = Choice(v.Language, load_default=v.Language.FI.value)


class GoalsTaken(Schema):
    """The goals that were taken over by this call."""

    items = Entries(Part(Goal))
