"""Results as marshmallow's documentation would have them."""

import marshmallow as ma
from marshmallow import fields, validate

from benchmarks.candidates import models


class Schema(ma.Schema):
    id = fields.UUID(dump_only=True)
    provider_id = fields.UUID(dump_only=True)
    sub_project_id = fields.UUID(dump_only=True)
    version = fields.Integer(dump_only=True)
    created_at = fields.AwareDateTime(dump_only=True)
    updated_at = fields.AwareDateTime(dump_only=True)
    external_id = fields.String(
        load_default=None, allow_none=True, validate=validate.Length(1, models.NAME_LENGTH)
    )


class ResultSchema(Schema):
    goal_id = fields.UUID(required=True)
    period_id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(models.KINDS))
    progress = fields.String(load_default="done", validate=validate.OneOf(models.PROGRESS))
    position = fields.Integer(load_default=1, validate=validate.Range(1, 10_000))
    text = fields.String(
        load_default=None, allow_none=True, validate=validate.Length(1, models.TEXT_LENGTH)
    )
    reason = fields.String(
        load_default=None, allow_none=True, validate=validate.Length(1, models.TEXT_LENGTH)
    )

    @ma.validates_schema
    def says_what_or_why(self, data: dict[str, str], **_: object) -> None:
        wanted = "text" if data["kind"] in ("activity", "outcome") else "reason"
        for name in ("text", "reason"):
            if (data.get(name) is None) == (name == wanted):
                raise ma.ValidationError("Text or reason, as the kind is.", name)
