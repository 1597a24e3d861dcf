"""The OpenAPI document: settings, names of components, and the one shape of every error."""

import json
from collections.abc import Iterable
from typing import Any

import flask_smorest
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask
from marshmallow import Schema, fields

from api.blueprint import Blueprint
from schemas import base

SETTINGS = {
    "API_TITLE": "LAMPPU",
    "API_VERSION": "1",
    "OPENAPI_VERSION": "3.1.0",
    "API_SPEC_OPTIONS": {
        "info": {
            "description": "Education providers report the quality work of their projects; "
            "the ministry's system pulls the reports."
        }
    },
}


class FaultSchema(base.Schema):
    """One thing wrong at one place."""

    pointer = fields.String(metadata={"description": "JSON pointer into the body (RFC 6901)"})
    parameter = fields.String()
    header = fields.String()
    code = fields.String(required=True)
    detail = fields.String(required=True)


class ProblemSchema(base.Schema):
    """Problem details (RFC 9457) with a stable code."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    code = fields.String(required=True)
    detail = fields.String()
    instance = fields.String(required=True)
    request_id = fields.String(required=True)
    errors = fields.List(fields.Nested(FaultSchema))
    more = fields.Integer(metadata={"description": "How many errors are not listed"})


def _component_name(schema: Any) -> str:
    """`Goal` for what goes out, `GoalInput` for what comes in, `GoalPatch` for a merge patch."""
    name: str = (schema if isinstance(schema, type) else type(schema)).__name__
    if isinstance(schema, Schema) and schema.partial:
        return f"{name}Patch"
    if isinstance(schema, Schema) and schema.exclude:
        return f"{name}Input"
    return name.removesuffix("Schema")


class _Document(flask_smorest.Api):
    """flask-smorest's, for its document alone: errors and routes are our own affair."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_responses(self) -> None:
        """One response for every error, in place of the library's one for each status."""
        schema = {"application/problem+json": {"schema": ProblemSchema}}
        self.spec.components.response(
            "Problem", {"description": "What went wrong, and where", "content": schema}
        )

    def _register_error_handlers(self) -> None:
        pass

    def _register_doc_blueprint(self) -> None:
        pass


def document(app: Flask, blueprints: Iterable[Blueprint]) -> str:
    """The document as it is committed and served. Made on demand: it takes as long as the rest of the start."""
    app.config.update(SETTINGS)
    plugin = MarshmallowPlugin(schema_name_resolver=_component_name)
    api = _Document(app, spec_kwargs={"marshmallow_plugin": plugin})
    scheme = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    api.spec.components.security_scheme("bearer", scheme)
    for blueprint in blueprints:
        blueprint.register_views_in_doc(api, app, api.spec, name=blueprint.name, parameters=None)
        api.spec.tag({"name": blueprint.name, "description": blueprint.description})
    return json.dumps(api.spec.to_dict(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"
