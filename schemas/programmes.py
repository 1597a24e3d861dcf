"""Programmes (ohjelma): what the ministry runs, and projects belong to."""

import typing as t

import marshmallow as ma

from schemas.base import Row, in_order, words
from schemas.fields import Day


class Programme(Row):
    name = words(required=True)
    starts_on = Day(load_default=None, allow_none=True)
    ends_on = Day(load_default=None, allow_none=True)

    @ma.validates_schema
    def _in_order(self, data: dict[str, t.Any], **_: t.Any) -> None:
        in_order(data, "starts_on", "ends_on")
