"""Results (tulos): what was done or reached for one goal in one period, or why there is nothing to tell."""

import typing as t

import marshmallow as ma

from schemas import vocabulary as v
from schemas.base import Record, optional_text, ordinal
from schemas.fields import Choice, Coded, Reference

STATEMENTS = (v.ResultKind.NOTHING_TO_REPORT.value, v.ResultKind.NOT_APPLICABLE.value)


class Result(Record):
    sub_project_id = Reference("sub_projects", dump_only=True)
    goal_id = Reference("goals", required=True)
    period_id = Reference("periods", required=True)
    kind = Choice(v.ResultKind, required=True)
    progress = Choice(v.Progress, load_default=v.Progress.DONE.value)
    position = ordinal()
    text = optional_text()
    reason = optional_text()

    @ma.validates_schema
    def _says_what_or_why(self, data: dict[str, t.Any], **_: t.Any) -> None:
        """An activity or outcome has a text; a statement about an empty cell has a reason instead."""
        states = data["kind"] in STATEMENTS
        wanted, unwanted = ("reason", "text") if states else ("text", "reason")
        if data.get(wanted) is None:
            raise ma.ValidationError(
                [Coded("missing_for_kind", "Required when kind is {kind}.", kind=data["kind"])],
                wanted,
            )
        if data.get(unwanted) is not None:
            raise ma.ValidationError(
                [Coded("not_for_kind", "Not allowed when kind is {kind}.", kind=data["kind"])],
                unwanted,
            )
