"""The triggers that write the log of changes: no way of writing a row goes past them, bulk SQL neither.

What they write is said once for both engines. PostgreSQL does it once a statement, for all rows that it touched
(`came`, `gone`), so that a bulk import makes one INSERT of its entries; SQLite once a row. On PostgreSQL the triggers'
functions run as the owner of the tables: nobody else may write the log.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from api.base import Base
from api.models import security

_LETTER = (
    "INSERT INTO changes (xid, resource, row_id, version, provider_id, copy) "
    "SELECT {{xid}}, {resource}, r.id, {version}, {whom} FROM {rows} r {where}"
)


@dataclass(frozen=True)
class Audience:
    """Who is told of the rows of a table.

    :param entry: whom the entry itself is addressed to; NULL is the ministry
    :param home: the column that says where a row belongs; where it changes, those it left are told
    :param copies: a join by which `m.provider_id` is each provider that gets a copy
    """

    entry: str
    home: str | None
    copies: str = ""

    def letters(self, rows: str, version: str, resource: str) -> list[str]:
        """What is sent when rows come, change or go."""
        entry = _letter(resource, rows, version, f"{self.entry}, false")
        return [entry, *self._copies(rows, version, resource)]

    def parting(self, rows: str, resource: str) -> list[str]:
        """What is sent to those whom rows have left for another home."""
        if not self.copies:
            return [_letter(resource, rows, "NULL", f"{self.entry}, true")]
        return self._copies(rows, "NULL", resource)

    def _copies(self, rows: str, version: str, resource: str) -> list[str]:
        told = "m.provider_id, true"
        return [_letter(resource, rows, version, told, self.copies)] if self.copies else []


def _letter(resource: str, rows: str, version: str, whom: str, where: str = "") -> str:
    return _LETTER.format(
        resource=resource, rows=rows, version=version, whom=whom, where=where
    ).rstrip()


_OF_PROGRAMMES = (
    "JOIN (SELECT DISTINCT p.programme_id, v.provider_id FROM projects p JOIN members v ON v.project_id = p.id) m "
    "ON m.programme_id = r.id"
)
AUDIENCES = {
    "own": Audience("r.provider_id", "provider_id"),
    "plan": Audience("NULL", "project_id", "JOIN members m ON m.project_id = r.project_id"),
    "projects": Audience("NULL", None, "JOIN members m ON m.project_id = r.id"),
    "programmes": Audience("NULL", None, _OF_PROGRAMMES),
    "everyone": Audience("NULL", None, "CROSS JOIN (SELECT id AS provider_id FROM providers) m"),
}

# A webhook's row changes whenever some of the log was sent: told of that, it would never have sent all of it.
UNTOLD = frozenset({"webhooks"})

# Who sees the plan of a project; and a box for notes that somebody begins or ceases to, upon which every table of the
# plan sends him what it has of that project.
VIEWS = {
    "members": (
        "SELECT project_id, provider_id FROM participations UNION ALL "
        "SELECT p.id, p.coordinator_id FROM projects p WHERE NOT EXISTS (SELECT 1 FROM participations o "
        "WHERE o.project_id = p.id AND o.provider_id = p.coordinator_id)"
    ),
    "onlookers": "SELECT project_id, provider_id FROM members",
}


@dataclass(frozen=True)
class RowTrigger:
    """A trigger that runs once a row on both engines.

    :param when: columns of which one must have changed
    """

    name: str
    event: str
    table: str
    body: tuple[str, ...]
    when: tuple[str, ...] = ()


_COORDINATES = (
    "SELECT 1 FROM projects WHERE id = {row}.project_id AND coordinator_id = {row}.provider_id"
)
_TAKES_PART = "SELECT 1 FROM participations WHERE project_id = {row}.id AND provider_id = {row}.coordinator_id"


def _note(row: str, project: str, provider: str, otherwise: str) -> str:
    """:param otherwise: finds the other reason for which he sees it, if there is one"""
    unless = f"WHERE NOT EXISTS ({otherwise.format(row=row)})"
    values = f"SELECT {row}.{project}, {row}.{provider} {unless}"
    return f"INSERT INTO onlookers (project_id, provider_id) {values}"


def _programmes(whose: str, where: str, join: str = "") -> str:
    found = f"{join} WHERE r.id {where}".strip()
    return _letter("'programmes'", "programmes", "r.version", f"{whose}, true", found)


_LEFT = (
    _letter(
        *("'participations'", "(SELECT OLD.id AS id)", "NULL", "OLD.provider_id, true"),
        f"WHERE NOT EXISTS ({_COORDINATES.format(row='OLD')})",
    ),
    _note("OLD", "project_id", "provider_id", _COORDINATES),
)
_JOINED = (_note("NEW", "project_id", "provider_id", _COORDINATES),)
_AS_COORDINATOR = (
    "IN (OLD.programme_id, CASE WHEN NEW.coordinator_id = OLD.coordinator_id THEN NEW.programme_id END) "
    f"AND NOT EXISTS ({_TAKES_PART.format(row='OLD')})"
)
# What the tables have to tell beside their rows, that decide who sees what.
_EXTRAS = (
    RowTrigger("joined", "AFTER INSERT", "participations", _JOINED),
    RowTrigger("left", "AFTER DELETE", "participations", _LEFT),
    RowTrigger(
        *("passed_on", "AFTER UPDATE", "participations", (*_LEFT, *_JOINED)),
        when=("project_id", "provider_id"),
    ),
    RowTrigger(
        *("begun", "AFTER INSERT", "projects"),
        (_programmes("NEW.coordinator_id", "= NEW.programme_id"),),
    ),
    RowTrigger(
        *("ended", "AFTER DELETE", "projects"),
        (
            _letter("'projects'", "(SELECT OLD.id AS id)", "NULL", "OLD.coordinator_id, true"),
            _programmes("OLD.coordinator_id", "= OLD.programme_id"),
        ),
    ),
    RowTrigger(
        *("handed_over", "AFTER UPDATE", "projects"),
        (
            _note("OLD", "id", "coordinator_id", _TAKES_PART),
            _note("NEW", "id", "coordinator_id", _TAKES_PART),
        ),
        when=("coordinator_id",),
    ),
    RowTrigger(
        *("regrouped", "AFTER UPDATE", "projects"),
        (
            _programmes(
                *("m.provider_id", "IN (OLD.programme_id, NEW.programme_id)"),
                "JOIN participations m ON m.project_id = NEW.id",
            ),
            _programmes("OLD.coordinator_id", _AS_COORDINATOR),
        ),
        when=("programme_id",),
    ),
    RowTrigger(
        *("introduced", "AFTER INSERT", "providers"),
        (_letter("'providers'", "providers", "r.version", "NEW.id, true", "WHERE r.id <> NEW.id"),),
    ),
)
# Which rows of the plan belong to the project of a note, but for what its own trigger sends him.
_OF_THE_PROJECT = {
    "programmes": "r.id IN (SELECT programme_id FROM projects WHERE id = NEW.project_id)",
    "projects": "r.id = NEW.project_id AND r.coordinator_id <> NEW.provider_id",
    "participations": "r.project_id = NEW.project_id AND r.provider_id <> NEW.provider_id",
}


def audience(table: str, plane: str, columns: Collection[str]) -> str | None:
    """Who is told of the rows of a table; None where it has none that the API shows by themselves."""
    if plane == "log" or table in UNTOLD or not {"id", "version"} <= set(columns):
        return None
    if table in AUDIENCES:
        return table
    if plane != "shared":
        return "own"
    return "plan" if "project_id" in columns else "everyone"


def log(dialect: str) -> Iterator[str]:
    """What the triggers of all tables share."""
    for name, query in VIEWS.items():
        yield f"CREATE VIEW {name} AS {query}"
    for name in AUDIENCES if dialect == "postgresql" else ():
        yield _function(f"log_{name}", _by_statement(AUDIENCES[name]))


def unlog(dialect: str) -> Iterator[str]:
    """The same undone, after the last trigger is gone."""
    for name in AUDIENCES if dialect == "postgresql" else ():
        yield f"DROP FUNCTION log_{name}()"
    for name in reversed(VIEWS):
        yield f"DROP VIEW {name}"


def watch(dialect: str, table: str, told: str) -> Iterator[str]:
    """The triggers of one table.

    :param told: its audience
    """
    of_statement = _statement_triggers if dialect == "postgresql" else _sqlite_triggers
    yield from of_statement(table, told)
    for trigger in _row_triggers(table, told):
        yield from _written(dialect, table, trigger)


def unwatch(dialect: str, table: str) -> Iterator[str]:
    """The same undone, before the table goes: its rows are also sent by what hangs on `onlookers`."""
    for event in ("insert", "update", "delete", "moved"):
        yield _dropped(dialect, f"log_{table}_{event}", table)
    for trigger in _row_triggers(table, "plan"):
        name = f"log_{table}_{trigger.name}"
        yield _dropped(dialect, name, trigger.table)
        if dialect == "postgresql":
            yield f"DROP FUNCTION IF EXISTS {name}()"


def keep(dialect: str, table: str) -> Iterator[str]:
    """What keeps the rows of a table as they are where there are no roles; they go only after their report."""
    if dialect == "postgresql":
        return
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} are kept as they are'); END"
    yield f"CREATE TRIGGER keep_{table}_update BEFORE UPDATE ON {table} FOR EACH ROW {refuse}"
    there = "EXISTS (SELECT 1 FROM reports WHERE id = OLD.report_id)"
    yield f"CREATE TRIGGER keep_{table}_delete BEFORE DELETE ON {table} FOR EACH ROW WHEN {there} {refuse}"


def everything(dialect: str) -> Iterator[str]:
    """All statements for the tables of the models as they are."""
    yield from log(dialect)
    for name, table in sorted(Base.metadata.tables.items()):
        if security.plane(name) == "kept":
            yield from keep(dialect, name)
        if told := audience(name, security.plane(name), table.c.keys()):
            yield from watch(dialect, name, told)


def _row_triggers(table: str, told: str) -> Iterator[RowTrigger]:
    yield from (extra for extra in _EXTRAS if extra.table == table)
    if told in ("plan", "projects", "programmes"):
        where = _OF_THE_PROJECT.get(table, "r.project_id = NEW.project_id")
        shown = _letter(f"'{table}'", table, "r.version", "NEW.provider_id, true", f"WHERE {where}")
        yield RowTrigger("shown", "INSTEAD OF INSERT", "onlookers", (shown,))


def _changed(dialect: str, columns: Collection[str]) -> str:
    differs = "IS DISTINCT FROM" if dialect == "postgresql" else "IS NOT"
    return " OR ".join(f"OLD.{name} {differs} NEW.{name}" for name in columns)


def _dropped(dialect: str, name: str, table: str) -> str:
    return f"DROP TRIGGER IF EXISTS {name}" + (f" ON {table}" if dialect == "postgresql" else "")


def _written(dialect: str, table: str, trigger: RowTrigger) -> Iterator[str]:
    name = f"log_{table}_{trigger.name}"
    when = f" WHEN ({_changed(dialect, trigger.when)})" if trigger.when else ""
    head = f"CREATE TRIGGER {name} {trigger.event} ON {trigger.table} FOR EACH ROW{when}"
    if dialect == "postgresql":
        yield _function(name, _block(trigger.body) + "RETURN NEW;")
        yield f"{head} EXECUTE FUNCTION {name}()"
    else:
        yield f"{head} BEGIN {_block(trigger.body).format(xid=0)}END"


def _block(letters: Collection[str]) -> str:
    return "".join(f"{letter}; " for letter in letters)


# PostgreSQL


def _by_statement(told: Audience) -> str:
    """Also for the rows, one by one, that have left their home."""
    resource = "TG_TABLE_NAME"
    parting = _block(told.parting("(SELECT OLD.*)", resource)) if told.home else ""
    return (
        f"IF TG_OP = 'DELETE' THEN {_block(told.letters('gone', 'NULL', resource))}"
        + (f"ELSIF TG_LEVEL = 'ROW' THEN {parting}" if parting else "")
        + f"ELSE {_block(told.letters('came', 'r.version', resource))}"
        + "END IF; RETURN NULL;"
    )


def _function(name: str, body: str) -> str:
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER "
        "SET search_path = public, pg_temp AS $$ DECLARE tx bigint := pg_current_xact_id()::text::bigint; "
        f"BEGIN {body.format(xid='tx')} END $$"
    )


def _statement_triggers(table: str, told: str) -> Iterator[str]:
    run = f"EXECUTE FUNCTION log_{told}()"
    for event, rows in (
        ("INSERT", "NEW TABLE AS came"),
        ("UPDATE", "NEW TABLE AS came"),
        ("DELETE", "OLD TABLE AS gone"),
    ):
        yield (
            f"CREATE TRIGGER log_{table}_{event.lower()} AFTER {event} ON {table} "
            f"REFERENCING {rows} FOR EACH STATEMENT {run}"
        )
    if home := AUDIENCES[told].home:
        yield (
            f"CREATE TRIGGER log_{table}_moved AFTER UPDATE ON {table} FOR EACH ROW "
            f"WHEN ({_changed('postgresql', [home])}) {run}"
        )


# SQLite


def _sqlite_triggers(table: str, told: str) -> Iterator[str]:
    who, resource = AUDIENCES[told], f"'{table}'"
    columns = ["id", "version", *([who.home] if who.home else [])]

    def row(side: str) -> str:
        return f"(SELECT {', '.join(f'{side}.{name} AS {name}' for name in columns)})"

    came = who.letters(row("NEW"), "r.version", resource)
    for trigger in (
        RowTrigger("insert", "AFTER INSERT", table, tuple(came)),
        RowTrigger("update", "AFTER UPDATE", table, tuple(came)),
        RowTrigger(
            "delete", "AFTER DELETE", table, tuple(who.letters(row("OLD"), "NULL", resource))
        ),
    ):
        yield from _written("sqlite", table, trigger)
    if who.home:
        left = tuple(who.parting(row("OLD"), resource))
        yield from _written(
            "sqlite", table, RowTrigger("moved", "AFTER UPDATE", table, left, (who.home,))
        )
