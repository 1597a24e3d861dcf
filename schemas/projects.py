"""Projects (hanke): networks of education providers, one of which coordinates."""

import typing as t

import marshmallow as ma

from schemas import vocabulary as v
from schemas.base import Row, in_order, words
from schemas.fields import Day, Key, Reference


class Project(Row):
    programme_id = Reference("programmes", required=True)
    coordinator_id = Reference("providers", required=True)
    acronym = Key(v.CODE_LENGTH, required=True)
    name = words(required=True)
    description = words(load_default=None, allow_none=True)
    starts_on = Day(load_default=None, allow_none=True)
    ends_on = Day(load_default=None, allow_none=True)

    @ma.validates_schema
    def _in_order(self, data: dict[str, t.Any], **_: t.Any) -> None:
        in_order(data, "starts_on", "ends_on")
