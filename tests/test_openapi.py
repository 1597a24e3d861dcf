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
    settings = {"SECRET_KEY": "x" * 32, "JWT_KEYS_FILE": str(kept), "DATABASE_URL": "sqlite://"}
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
    problem = {"$ref": "#/components/responses/Problem"}
    for where, operation in operations(served).items():
        for status, response in operation["responses"].items():
            if status == "default" or status >= "400":
                assert response == problem, (where, status)
    (content,) = served["components"]["responses"]["Problem"]["content"]
    assert content == "application/problem+json"
