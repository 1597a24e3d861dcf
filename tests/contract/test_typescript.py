"""The committed TypeScript types are those of the committed document, and read well."""

import re

import pytest

from tests import npm
from tests.contract import typescript
from tests.server import ROOT


@pytest.fixture(scope="module")
def types() -> str:
    return typescript.TYPES.read_text(encoding="utf-8")


def test_the_committed_types_are_those_of_the_committed_document(
    types: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    workshop = npm.workshop(tmp_path_factory, "types", *typescript.PACKAGES)
    again = typescript.generated(workshop)
    assert types == again, "run python -m tests.contract.typescript"


def test_the_guide_tells_the_command_that_makes_them() -> None:
    guide = (ROOT / "openapi" / "guides" / "browsers.md").read_text(encoding="utf-8")
    for word in (*typescript.PACKAGES, *typescript.OPTIONS, "/api/v1/openapi.json", "-o lamppu.ts"):
        assert word in guide, word


def test_no_type_is_unknown_where_the_api_knows(types: str) -> None:
    """But what a batch carries, what differs in a conflict, what is passed over, and the JSON Schema that a form is."""
    read = re.sub(r"/\*\* @description Passed over\. \*/\s+\w+\?: unknown;", "", types)
    lines = [line.strip() for line in read.splitlines() if re.search(r"\bunknown\b", line)]
    found = {line for line in lines if not line.startswith(("/", "*"))}
    assert found == {
        "[name: string]: unknown;",  # further headers
        "[key: string]: unknown;",  # further words of JSON Schema
        *("body?: unknown;", "body: unknown;"),
        *("before: unknown;", "after: unknown;"),  # a field's value, of any field
        *("sent: unknown;", "current: unknown;", "current?: unknown;"),
    }


def test_every_schema_has_a_name_that_a_person_would_give_it(types: str) -> None:
    names = re.findall(r"^export type (\w+) = components\['schemas'\]", types, re.MULTILINE)
    assert len(names) > 200
    made_up = {name for name in names if re.search(r"\d|Type$|Schema$|_", name)}
    assert made_up == {"GrantType", "TokenType"}  # OAuth's own names (RFC 6749)


def test_what_has_a_default_may_be_left_out_and_only_that(types: str) -> None:
    (goal,) = re.findall(
        r"^        GoalInput: \{\n(.*?)^        \};", types, re.MULTILINE | re.DOTALL
    )
    fields = re.findall(r"^            (\w+\??): ", goal, re.MULTILINE)
    assert set(fields) == {
        *("sub_project_id", "text"),
        *("project_goal_id?", "position?", "external_id?"),
    }


def test_a_word_is_one_of_its_vocabulary(types: str) -> None:
    assert '        Direction: "increase" | "decrease" | "maintain";' in types
