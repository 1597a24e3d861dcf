"""The fast way out says what the schema says: a view's row is `Schema.dump` of the object, on both engines."""

import uuid
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api import wire
from api.access import Reach
from api.documents.tables import read_csv, write_csv
from api.models.base import RecordRow
from api.scope import Scope
from api.services import rows
from api.view import View
from schemas.exports import columns
from schemas.fields import References
from tests import factories
from tests.bodies import drawn
from tests.routes import RECORD_STEMS, ROW_STEMS, Ground

MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 12, 31), timezones=st.just(UTC))


@pytest.fixture
def ground(app: Flask, client: FlaskClient) -> Ground:
    return Ground(app, client)


def references(ground: Ground) -> dict[str, list[uuid.UUID]]:
    """What a row of the first provider's may refer to; where one would be taken, another that is free."""
    app, a, project = ground.app, ground.a, ground.ids["projects"]

    def another(stem: str, **given: Any) -> uuid.UUID:
        return factories.make(app, stem, a.provider_id if stem in RECORD_STEMS else None, **given)

    goal = another("goals", sub_project_id=a.ids["sub_projects"])
    indicators = [another("indicators", goal_id=goal) for _ in range(2)]
    free = {
        "project_goals": [another("project_goals", project_id=project) for _ in range(2)],
        "project_indicators": [],
        "providers": [another("providers")],
        "goals": [goal, a.ids["goals"]],
        "indicators": indicators,
    }
    return {stem: [key] for stem, key in ground.ids.items()} | {
        stem: keys or [ground.ids[stem]] for stem, keys in free.items()
    }


@pytest.mark.parametrize("stem", ROW_STEMS)
def test_a_row_goes_out_as_its_schema_would_write_it(ground: Ground, stem: str) -> None:
    model, pool = rows.model_of(stem), references(ground)
    writable, reach = model.schema.writable(), Reach.EVERY
    if issubclass(model, RecordRow):
        reach = Reach.OWN
    else:  # the project that a plan row belongs to by its goal is not the caller's to choose
        pool["project_goals"] = [ground.ids["project_goals"]]
    if stem == "extensions":  # of who takes part, and of a period without one
        year = factories.make(
            ground.app, "periods", project_id=ground.ids["projects"], code="2012-year"
        )
        pool |= {"providers": [ground.a.provider_id], "periods": [year]}
    view = View(model)
    table = columns(model.schema)
    links = [name for name, field in writable.fields.items() if isinstance(field, References)]

    @settings(
        max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(body=drawn(writable, pool), moment=MOMENTS)
    def holds(body: dict[str, Any], moment: datetime) -> None:
        data = writable.load(body)
        expected = orjson.loads(wire.dump(writable.dump(data)))
        for name in links:
            expected[name].sort()
        data.pop("password", None)
        with ground.app.extensions["database"].session() as session:
            session.enter(Scope(provider_id=ground.a.provider_id))
            row = rows.create(session, model, data, reach)
            row.created_at = moment
            session.flush()
            session.expunge_all()
            fast = orjson.loads(wire.dump(view.row(session, reach, row.id)))
            with view.written(session, reach, {"id": row.id}) as chunks:
                text = b"".join(chunks)
            read = session.scalars(sa.select(model).where(model.id == row.id)).one()
            slow = orjson.loads(wire.dump(model.schema().dump(read)))
            session.rollback()
        assert fast == slow
        assert list(fast) == list(slow), "in the same order too"
        # The database's own JSON: the same values of the same types in the same order, on one line.
        assert wire.dump(orjson.loads(text)) == wire.dump(fast)
        assert text.count(b"\n") == 1
        lines = b"".join(write_csv(table, [orjson.loads(text)], bom=False)).decode()
        assert list(read_csv(table, StringIO(lines, newline=""))) == [fast]
        # What came in is the same on every engine, so what goes out is too.
        assert {name: fast[name] for name in expected} == expected

    holds()
