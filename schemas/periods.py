"""Reporting periods (kevät 2012, syksy 2012) of a project."""

import typing as t

import marshmallow as ma

from schemas import vocabulary as v
from schemas.base import Row, in_order
from schemas.fields import Day, Reference, Text


class Period(Row):
    project_id = Reference("projects", required=True)
    code = Text(
        v.CODE_LENGTH, v.PERIOD_CODE, "Not a period's code, like 2012-spring.", required=True
    )
    first_day = Day(required=True)
    last_day = Day(required=True)
    due_on = Day(load_default=None, allow_none=True)

    @ma.validates_schema
    def _in_order(self, data: dict[str, t.Any], **_: t.Any) -> None:
        in_order(data, "first_day", "last_day")
