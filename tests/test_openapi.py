"""The published contract: valid, current, and with a name for every operation."""

import json
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.app import create_app
from api.services import keys

COMMITTED = Path(__file__).parents[1] / "openapi" / "lamppu.json"
METHODS = {"get", "post", "put", "patch", "delete"}

Document = dict[str, Any]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Document:
    """The document as the application serves it, without a database."""
    keys.new(kept := tmp_path_factory.mktemp("keys") / "jwt-keys.json")
    url = f"sqlite:///{kept.with_name('never.db')}"
    settings = {"SECRET_KEY": "x" * 32, "JWT_KEYS_FILE": str(kept), "DATABASE_URL": url}
    app = create_app(settings)
    response = app.test_client().get("/api/v1/openapi.json")
    assert (response.status_code, response.mimetype) == (200, "application/json")
    document: Document = response.get_json()
    return document


def operations(document: Document) -> dict[str, Document]:
    return {
        f"{method.upper()} {path}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def test_the_document_is_valid_openapi(served: Document) -> None:
    errors = list(OpenAPIV31SpecValidator(served).iter_errors())
    assert [f"{list(error.absolute_path)}: {error.message}" for error in errors] == []


def test_the_committed_document_is_the_one_that_is_served(served: Document) -> None:
    committed = json.loads(COMMITTED.read_text(encoding="utf-8"))
    assert committed["paths"].keys() == served["paths"].keys()
    assert committed == served


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does(served: Document) -> None:
    found = operations(served)
    names = [operation["operationId"] for operation in found.values()]
    assert len(names) == len(set(names)) > 100
    assert [where for where, operation in found.items() if not operation.get("summary")] == []


def test_every_operation_says_who_may(served: Document) -> None:
    """Or, with an empty list, that anyone may."""
    silent = [w for w, operation in operations(served).items() if "security" not in operation]
    assert silent == []


def test_every_operation_behind_the_gate_documents_its_refusals(served: Document) -> None:
    for where, operation in operations(served).items():
        if operation["security"]:
            assert {"401", "403"} <= operation["responses"].keys(), where


def test_errors_have_one_shape(served: Document) -> None:
    shape = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    kept = served["components"]["responses"]
    for where, operation in operations(served).items():
        for status, response in operation["responses"].items():
            if status >= "400":
                assert response == {"$ref": f"#/components/responses/Problem{status}"}, where
                assert kept[f"Problem{status}"]["content"] == shape


def test_what_changes_a_row_asks_for_its_version(served: Document) -> None:
    for where, operation in operations(served).items():
        asked = {"$ref": "#/components/parameters/IfMatch"} in operation.get("parameters", [])
        assert asked == ("428" in operation["responses"]), where


def test_what_goes_out_is_whole_and_open_and_what_comes_in_is_closed(served: Document) -> None:
    schemas = served["components"]["schemas"]
    assert set(schemas["Goal"]["required"]) == set(schemas["Goal"]["properties"])
    assert "additionalProperties" not in schemas["Goal"]
    assert set(schemas["GoalInput"]["required"]) == {"sub_project_id", "text"}
    assert schemas["GoalInput"]["additionalProperties"] is False
    assert "id" not in schemas["GoalInput"]["properties"]
    assert "password" not in schemas["User"]["properties"]


def test_a_patch_has_no_defaults(served: Document) -> None:
    patches = {n: s for n, s in served["components"]["schemas"].items() if n.endswith("Patch")}
    assert patches
    for name, schema in patches.items():
        assert "required" not in schema, name
        assert [f for f, each in schema["properties"].items() if "default" in each] == [], name


def test_each_vocabulary_is_one_component(served: Document) -> None:
    schemas = served["components"]["schemas"]
    inline = [
        n for n, s in schemas.items() for p in s.get("properties", {}).values() if "enum" in p
    ]
    assert inline == []
    assert schemas["ResultKind"]["enum"][:2] == ["activity", "outcome"]
