"""The OpenAPI document: settings, names of components, and the one shape of every error."""

import json
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
    "OPENAPI_URL_PREFIX": "/api/v1",
    "OPENAPI_JSON_PATH": "openapi.json",
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


class Api(flask_smorest.Api):
    """flask-smorest's, with one response for every error in place of its own per status."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_responses(self) -> None:
        schema = {"application/problem+json": {"schema": ProblemSchema}}
        self.spec.components.response(
            "Problem", {"description": "What went wrong, and where", "content": schema}
        )

    def _register_error_handlers(self) -> None:
        """None: flask-smorest's would answer 404 and 405 in a shape of its own, before ours."""


def init(app: Flask, blueprints: tuple[Blueprint, ...]) -> None:
    app.config.update(SETTINGS)
    plugin = MarshmallowPlugin(schema_name_resolver=_component_name)
    api = Api(app, spec_kwargs={"marshmallow_plugin": plugin})
    scheme = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    api.spec.components.security_scheme("bearer", scheme)
    for blueprint in blueprints:
        api.register_blueprint(blueprint)
    app.extensions["api"] = api


def document(app: Flask) -> str:
    """The document as it is committed: sorted where order means nothing, one trailing newline."""
    spec = app.extensions["api"].spec.to_dict()
    return json.dumps(spec, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
