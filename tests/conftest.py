"""Every test that uses the application runs on both engines, each time with an empty database.

`pytest --engine sqlite` runs on one. A test process works through one engine's tests before the
other's: `engine` has the scope of the session, by which pytest sorts. `tests/factories.py` makes data.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.app import create_app
from api.cli import migrate_database
from api.db import Database
from api.services import keys
from tests import postgres, server
from tests import stock as stocks
from tests.contract.conforming import ConformingClient
from tests.stock import Stock

# Every answer that a test gets is held to the OpenAPI document, whichever application it made.
Flask.test_client_class = ConformingClient

ENGINES = ["sqlite", "postgresql"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine", choices=ENGINES, help="run tests of the application on this engine only"
    )
    parser.addoption(
        "--examples", type=int, help="of each operation, for schemathesis: 100 take half an hour"
    )
    parser.addoption(
        "--changes", type=int, default=1000, help="for tests/test_following.py to write"
    )
    parser.addoption("--kills", type=int, default=3, help="for tests/test_kills.py to commit")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("engine")
        metafunc.parametrize(
            "engine", [chosen] if chosen else ENGINES, indirect=True, scope="session"
        )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Counting lines takes half as long again: of what runs on both engines it is done on one."""
    for item in items:
        known = getattr(item, "callspec", None)
        if known and not config.getoption("engine") and known.params.get("engine") == ENGINES[1]:
            item.add_marker("no_cover")


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with postgres.server() as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('sqlite') / 'lamppu.db'}"
    migrated(url)
    return url


@pytest.fixture(scope="session")
def postgresql_url(postgres_server: str) -> Iterator[str]:
    with postgres.database(postgres_server) as url:
        migrated(url)
        yield url


@pytest.fixture(scope="session")
def engine_url(request: pytest.FixtureRequest, engine: str) -> str:
    """The migrated database of this engine; both stay when pytest goes from one engine to the other."""
    return str(request.getfixturevalue(f"{engine}_url"))


@pytest.fixture
def new_database_url(request: pytest.FixtureRequest, engine: str, tmp_path: Path) -> Iterator[str]:
    """A database of this engine without a table, for tests of migrations."""
    if engine == "sqlite":
        yield f"sqlite:///{tmp_path / 'new.db'}"
        return
    with postgres.database(request.getfixturevalue("postgres_server")) as url:
        yield url


@pytest.fixture(scope="session")
def settings(engine_url: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What the application under test is told; `create_app(settings | {…})` makes another."""
    keys_file = tmp_path_factory.mktemp("keys") / "jwt-keys.json"
    keys.new(keys_file)
    return {
        "DATABASE_URL": engine_url,
        "JWT_KEYS_FILE": str(keys_file),
        "PUBLIC_URL": "https://lamppu.test",
        "SECRET_KEY": "a secret of the tests, long enough to be taken",
        "RATE_LIMIT": 0,  # tests/test_rates.py sets one
    }


@pytest.fixture(scope="session")
def app(settings: dict[str, object]) -> Iterator[Flask]:
    """The application as it ships: no TESTING, which would let faults past the error handlers."""
    app = create_app(settings)
    yield app
    app.extensions["database"].close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Each request starts and ends as in production; pytest-flask's client keeps the last one's context open."""
    return app.test_client()


@pytest.fixture(scope="module")
def gunicorn(
    settings: dict[str, object], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of a production server on the same database, one for a whole module."""
    with server.running(settings, tmp_path_factory.mktemp("gunicorn") / "log") as url:
        yield url


@pytest.fixture(autouse=True)
def _push_request_context() -> None:
    """Stands in for pytest-flask's, whose context would give all requests of a test one and the same `flask.g`."""


@pytest.fixture(autouse=True)
def _empty_database(request: pytest.FixtureRequest) -> None:
    if "engine_url" in request.fixturenames:
        request.getfixturevalue("stock").clear()


@pytest.fixture(scope="session")
def stock(request: pytest.FixtureRequest, engine: str, engine_url: str) -> Iterator[Stock]:
    if engine == "sqlite":
        opened = stocks.sqlite(engine_url)
    else:
        opened = stocks.postgresql(request.getfixturevalue("postgres_server"), engine_url)
    with opened as found:
        stocks.STOCKS[engine_url] = found
        yield found
        del stocks.STOCKS[engine_url]


def migrated(url: str) -> None:
    database = Database(url)
    migrate_database(database)
    database.close()
