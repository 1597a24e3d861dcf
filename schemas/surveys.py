"""Surveys (kysely) as records: to whom, when, how many answered, and what was asked."""

import typing as t

import marshmallow as ma

from schemas import vocabulary as v
from schemas.base import Record, Schema, in_order, optional_line, optional_text
from schemas.fields import (
    Choice,
    Coded,
    Day,
    Entries,
    Flag,
    Part,
    Reference,
    References,
    Text,
    Whole,
)


class Respondents(Schema):
    """One group that was asked, with how many were invited and how many answered."""

    group = Choice(v.RespondentGroup, required=True)
    label = optional_line()
    invited = Whole(0, v.COUNT_MAX, load_default=None, allow_none=True)
    answered = Whole(0, v.COUNT_MAX, load_default=None, allow_none=True)

    @ma.validates_schema
    def _answered_of_invited(self, data: dict[str, t.Any], **_: t.Any) -> None:
        invited, answered = data.get("invited"), data.get("answered")
        if invited is not None and answered is not None and answered > invited:
            raise ma.ValidationError(
                [Coded("more_than_invited", "More than were invited.")], "answered"
            )


class Question(Schema):
    text = Text(v.LINE_LENGTH, required=True)
    free_comment = Flag(load_default=False)


class Survey(Record):
    sub_project_id = Reference("sub_projects", required=True)
    period_id = Reference("periods", load_default=None, allow_none=True)
    title = Text(v.LINE_LENGTH, required=True)
    purpose = optional_text()
    progress = Choice(v.Progress, load_default=v.Progress.DONE.value)
    opens_on = Day(load_default=None, allow_none=True)
    closes_on = Day(
        load_default=None, allow_none=True, metadata={"description": "The last day to answer."}
    )
    recurrence = Choice(v.Recurrence, load_default=None, allow_none=True)
    respondent_groups = Entries(Part(Respondents))
    questions = Entries(Part(Question))
    goal_ids = References("goals")

    @ma.validates_schema
    def _in_order(self, data: dict[str, t.Any], **_: t.Any) -> None:
        in_order(data, "opens_on", "closes_on")
