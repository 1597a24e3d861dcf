"""The indicators (mittari) by which a project measures one of its goals."""

from schemas import vocabulary as v
from schemas.base import Row, ordinal, plan_code, words
from schemas.fields import Choice, Number, Reference, Text


class ProjectIndicator(Row):
    project_id = Reference("projects", dump_only=True)
    project_goal_id = Reference("project_goals", required=True)
    code = plan_code()
    position = ordinal()
    name = words(required=True)
    unit = Text(v.CODE_LENGTH, load_default=None, allow_none=True)
    baseline = Number(load_default=None, allow_none=True)
    target = Number(load_default=None, allow_none=True)
    direction = Choice(v.Direction, load_default=v.Direction.INCREASE.value)
