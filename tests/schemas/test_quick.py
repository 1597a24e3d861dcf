"""Rows by the thousand are loaded as marshmallow loads each: what comes of it, and what is wrong with it."""

import uuid
from collections.abc import Callable
from typing import Any

import marshmallow as ma
import pytest
from hypothesis import HealthCheck, given, settings

from api.openapi import examples
from api.services import rows
from schemas import quick
from schemas.base import Schema
from tests.bodies import drawn
from tests.routes import RECORD_STEMS, ROW_STEMS

laws = settings(
    max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
POOL = {stem: [uuid.UUID(int=n), uuid.UUID(int=n + 100)] for n, stem in enumerate(ROW_STEMS, 1)}
# Just right, just wrong, and of another kind; of each field some are either.
ODD = (
    *(None, True, False, 0, 1, 1.0, -0.0, -1, 10**12, 0.00001, 1e300, float("nan"), 2**70),
    *(
        "",
        " ",
        "\n",
        "x",
        "1",
        "a\tb",
        "a\x00b",
        "e\u0301",
        "\ud800",
        "\u00a0",
        "ä" * 250,
        "x" * 10_001,
    ),
    *("activity", "done", "day", "2013-01-18", "2013-02-30", "1899-12-31", "2013-W03-1", "12:30"),
    *(str(uuid.UUID(int=10**37)), str(uuid.UUID(int=10**37)).upper(), f"{{{uuid.UUID(int=1)}}}"),
    *([], [None], ["x"], [[]], {}, {"fi": "x"}, [{}], [{"name": "x"}], [str(uuid.UUID(int=1))] * 2),
)


def outcome(load: Callable[[Any], Any], data: Any) -> str:
    """As text, which tells 1 from 1.0 and true, and a UUID from what it is written like."""
    try:
        return repr(sorted(load(data).items()))
    except ma.ValidationError as error:
        return f"{error.messages}"


def writable(stem: str) -> Any:
    return rows.model_of(stem).schema.writable()


@pytest.mark.parametrize("stem", RECORD_STEMS)
def test_a_good_row_is_loaded_as_its_schema_loads_it(stem: str) -> None:
    schema = writable(stem)

    @laws
    @given(drawn(schema, POOL))
    def holds(body: dict[str, Any]) -> None:
        assert outcome(lambda data: quick.load(schema, data), body) == outcome(schema.load, body)

    holds()


@pytest.mark.parametrize("stem", RECORD_STEMS)
def test_a_spoilt_row_is_refused_or_loaded_as_by_its_schema(stem: str) -> None:
    schema, good = writable(stem), examples.taken(writable(stem))
    for name in (*schema.fields, "no_such_field"):
        for body in (
            {n: v for n, v in good.items() if n != name},
            *[good | {name: v} for v in ODD],
        ):
            mine = outcome(lambda data: quick.load(schema, data), body)
            assert mine == outcome(schema.load, body), (name, body.get(name))


@pytest.mark.parametrize("stem", RECORD_STEMS)
def test_what_is_plainly_right_needs_no_second_look(stem: str) -> None:
    schema = writable(stem)
    shown = examples.taken(schema)
    assert quick.plain(schema)(shown) == schema.load(shown)


def test_hooks_that_would_be_passed_by_are_not_passed_by() -> None:
    class Early(Schema):
        @ma.pre_load
        def _before(self, data: Any, **_: Any) -> Any:
            return data

    class Single(Schema):
        name = ma.fields.String()

        @ma.validates("name")
        def _check(self, value: str, **_: Any) -> None: ...

    for schema in (Early(), Single()):
        with pytest.raises(LookupError):
            quick.plain(schema)
