"""Forms of the resources: JSON Schema with titles, help and labels, for a form library to draw."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from flask import Response, url_for

from api import context
from api.access import POLICIES
from api.answers import JSON, accepted, json_response, public
from api.blueprint import Blueprint
from api.models.base import Row
from api.problems import NotFound
from schemas import forms as contract
from schemas.vocabulary import Language

SCHEMA_JSON = "application/schema+json"
PUBLIC = "The contract is public."

_schemas = {model.__tablename__: model.schema for model in Row.all()}
# In the order of the policy table; what nobody may change needs no form.
FORMS = {stem: _schemas[stem] for stem, policy in POLICIES.items() if policy["update"]}

blp = Blueprint("forms", access="forms", url_prefix="/api/v1/schemas", description=__doc__)


contract_document = Blueprint(
    "openapi", access="forms", url_prefix="/api/v1", description="The OpenAPI document."
)
DOCUMENT = Path(__file__).parents[2] / "openapi" / "lamppu.json"


@contract_document.route("/openapi.json", open_to_anyone=PUBLIC)
@contract_document.doc(operationId="getOpenapi")
@contract_document.response(200, contract.OpenapiDocument)
def openapi() -> Response:
    """The OpenAPI document, as it is committed with the code"""
    return public(Response(_committed(), content_type=JSON))


@cache
def _committed() -> bytes:
    return DOCUMENT.read_bytes()


@cache
def document(stem: str, language: str) -> str:
    """A form as it is served, and committed under `openapi/forms/`; properties keep their order."""
    policy = POLICIES[stem]
    writers = {action: sorted(policy[action]) for action in ("create", "update")}
    form = contract.form(stem, FORMS[stem], language) | {"x-writable-by": writers}
    return json.dumps(form, indent=2, ensure_ascii=False) + "\n"


@blp.route("", endpoint="list", open_to_anyone=PUBLIC)
@blp.doc(operationId="listForms")
@blp.arguments(contract.FormQuery(), location="query")
@blp.response(200, contract.FormList)
def list_forms(query: dict[str, Any]) -> Response:
    """List the forms, with their titles

    The language is that of `language`, or else of Accept-Language, or else Finnish. Errors are English then.
    """
    language = _language(query)
    items = [
        {
            "stem": stem,
            "title": contract.title_of(stem, schema, language),
            "href": url_for("forms.read", stem=stem, language=language),
        }
        for stem, schema in FORMS.items()
    ]
    return _in_language(json_response({"items": items}), language)


@blp.route(
    "/<stem>",
    endpoint="read",
    open_to_anyone=PUBLIC,
    produces=(SCHEMA_JSON, JSON),
    parameters=[{"in": "path", "name": "stem", "schema": {"type": "string", "enum": [*FORMS]}}],
)
@blp.doc(operationId="getForm")
@blp.arguments(contract.FormQuery(), location="query")
@blp.response(200, contract.ResourceForm, content_type=SCHEMA_JSON)
@blp.alt_response(200, schema=contract.ResourceForm, content_type=JSON, success=True)
def read(query: dict[str, Any], stem: str) -> Response:
    """Read the form of a resource

    The language is that of `language`, or else of Accept-Language, or else Finnish. Errors are English then.
    """
    if stem not in FORMS:
        raise NotFound
    language = _language(query)
    response = Response(document(stem, language), content_type=accepted((SCHEMA_JSON, JSON)))
    response.vary.add("Accept")
    return _in_language(response, language)


def _language(query: dict[str, Any]) -> str:
    return query["language"] or context.language() or Language.FI.value


def _in_language(response: Response, language: str) -> Response:
    response.headers["Content-Language"] = language
    response.vary.add("Accept-Language")
    return public(response)
