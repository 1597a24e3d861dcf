"""Disseminations (tulosten levittäminen): of which survey or deliverable, to whom, by whom, when."""

import typing as t

import marshmallow as ma

from schemas import vocabulary as v
from schemas.base import Dated, Record, optional_line, optional_text
from schemas.fields import Choice, Coded, Reference, References, Text


class Dissemination(Record, Dated):
    sub_project_id = Reference("sub_projects", required=True)
    survey_id = Reference("surveys", load_default=None, allow_none=True)
    deliverable_id = Reference("deliverables", load_default=None, allow_none=True)
    audience = Text(v.LINE_LENGTH, required=True)
    by_whom = optional_line()
    channel = optional_line()
    progress = Choice(v.Progress, load_default=v.Progress.DONE.value)
    text = optional_text()
    goal_ids = References("goals")

    @ma.validates_schema
    def _of_one_thing(self, data: dict[str, t.Any], **_: t.Any) -> None:
        if (data.get("survey_id") is None) == (data.get("deliverable_id") is None):
            raise ma.ValidationError(
                [Coded("one_subject", "Give either survey_id or deliverable_id.")], "survey_id"
            )
