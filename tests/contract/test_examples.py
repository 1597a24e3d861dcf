"""Every example is one: it fits its schema, and what is to be sent is let in."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from flask_smorest.spec.plugins import FlaskPlugin

from api import wire
from tests.routes import OPERATIONS

DOCUMENT: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "openapi" / "lamppu.json").read_text(encoding="utf-8")
)
TAKEN = {
    (FlaskPlugin.flaskpath2openapi(one.rule).replace("{key}", "{id}"), one.method): one
    for one in OPERATIONS.values()
}


def _operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            yield path, method.upper(), operation


def _media() -> Iterator[Any]:
    """Every body that goes in or out, by operation, and those of problems."""
    for _, _, operation in _operations():
        name = operation["operationId"]
        asked = operation.get("requestBody", {}).get("content", {})
        for media_type, media in asked.items():
            yield pytest.param(media, id=f"{name} {media_type}")
        for status, response in operation["responses"].items():
            for media_type, media in response.get("content", {}).items():
                yield pytest.param(media, id=f"{name} {status} {media_type}")
    for name, response in DOCUMENT["components"]["responses"].items():
        for media in response.get("content", {}).values():
            yield pytest.param(media, id=name)


def examples_of(media: dict[str, Any]) -> list[Any]:
    """Its own, or those that it shares with others."""
    kept = DOCUMENT["components"]["examples"]
    shown = media["examples"].values()
    found = [kept[one["$ref"].rpartition("/")[2]] if "$ref" in one else one for one in shown]
    return [one["value"] for one in found]


def example_of(media: dict[str, Any]) -> Any:
    """The only one."""
    (shown,) = examples_of(media)
    return shown


MEDIA = list(_media())
# The page to print, and what is no text.
BINARY = (
    "Parquet",
    "ReportAsPdf",
    "ReportAsDocx",
    "ReportAsWorkbook",
    "EditedReport",
    "Workbook",
    "WorkbookToImport",
    "RefusedWorkbook",
    "WorkbookTemplate",
    "SubProjectWorkbook",
)
PAGES = (
    {"type": "string"},
    *({"$ref": f"#/components/schemas/{name}"} for name in BINARY),
)
# What tables take is tried in tests/resources/test_table_imports.py.
TABLE = "text/csv"


@pytest.mark.parametrize("media", MEDIA)
def test_every_body_has_an_example_that_fits_its_schema(media: dict[str, Any]) -> None:
    if media["schema"] in PAGES:
        return
    schema = media["schema"] | {"components": DOCUMENT["components"]}
    checker = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    shown = examples_of(media)
    assert shown
    assert [error.message for one in shown for error in checker.iter_errors(one)] == []


def _requests() -> Iterator[Any]:
    for path, method, operation in _operations():
        body = operation.get("requestBody", {"content": {TABLE: {}}})
        if TABLE not in body["content"]:
            # What comes as lines or cells beside it is tried in tests/resources/test_whole_files.py.
            (example, *_) = [
                example_of(one) for one in body["content"].values() if one["schema"] not in PAGES
            ]
            yield pytest.param(path, method, example, id=operation["operationId"])


@pytest.mark.parametrize(("path", "method", "example"), list(_requests()))
def test_every_example_of_a_request_is_let_in(path: str, method: str, example: Any) -> None:
    operation = TAKEN[path, method]
    schema = operation.body or operation.form
    assert schema is not None
    if method == "PATCH":
        whole = DOCUMENT["paths"][path]["put"]["requestBody"]["content"]["application/json"]
        example = wire.merge_patch(example_of(whole), example)
    assert schema.validate(example) == {}


def test_an_example_tells_no_secret_and_names_no_real_person() -> None:
    told = json.dumps([DOCUMENT["paths"], DOCUMENT["components"]["examples"]], ensure_ascii=False)
    hosts = set(re.findall(r"@([\w-]+(?:\.[\w-]+)+)", told))
    assert hosts
    assert {host for host in hosts if not host.endswith(".example")} == set()
