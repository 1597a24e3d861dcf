"""Indicators (mittari): what a provider measures for a goal, from where to where."""

from schemas import vocabulary as v
from schemas.base import Record, ordinal
from schemas.fields import Choice, Number, Reference, Text


class Indicator(Record):
    sub_project_id = Reference("sub_projects", dump_only=True)
    goal_id = Reference("goals", required=True)
    project_indicator_id = Reference("project_indicators", load_default=None, allow_none=True)
    position = ordinal()
    name = Text(v.LINE_LENGTH, required=True)
    unit = Text(v.CODE_LENGTH, load_default=None, allow_none=True)
    baseline = Number(load_default=None, allow_none=True)
    target = Number(load_default=None, allow_none=True)
    direction = Choice(v.Direction, load_default=v.Direction.INCREASE.value)
