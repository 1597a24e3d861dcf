"""The database: column types that both engines keep alike, and sessions that see one provider's rows only.

Wall 1 is here: a session carries a `Scope`. ORM statements on a `ProviderScoped` table get `provider_id = …` added; any
other statement on such a table is refused unless it took the scope from `scoped()`. No scope, no query.
"""

import contextlib
import json
import re
import typing as t
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import visitors
from uuid_utils.compat import uuid7

from api.config import ConfigError

# The roles a PostgreSQL transaction runs as; neither owns a table, so row level security (wall 3) holds for both.
PROVIDER_ROLE = "lamppu_provider"
MINISTRY_ROLE = "lamppu_ministry"


class Identifier(sa.TypeDecorator[uuid.UUID]):
    """A UUID: native on PostgreSQL, its 36 characters on SQLite, so that both print it alike."""

    impl = sa.Uuid
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[t.Any]:
        return dialect.type_descriptor(sa.CHAR(36) if dialect.name == "sqlite" else sa.Uuid())

    def process_bind_param(self, value: uuid.UUID | None, dialect: sa.Dialect) -> t.Any:
        return str(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: t.Any, dialect: sa.Dialect) -> uuid.UUID | None:
        return uuid.UUID(value) if isinstance(value, str) else value


class Moment(sa.TypeDecorator[datetime]):
    """A moment in UTC with microseconds. SQLite would keep an offset's digits and lose the offset."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def words(vocabulary: type[StrEnum]) -> sa.Enum:
    """A column that holds one word of a vocabulary; the table checks it, the code sees plain text."""
    return sa.Enum(
        *(word.value for word in vocabulary),
        native_enum=False,
        create_constraint=True,
        length=40,
        name=vocabulary.__name__.lower(),
    )


def now() -> datetime:
    return datetime.now(UTC)


class Base(orm.DeclarativeBase):
    metadata = sa.MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )
    type_annotation_map: t.ClassVar = {uuid.UUID: Identifier, datetime: Moment}


class ProviderScoped:
    """One provider's own row. Its key starts with the provider, so that no foreign key can reach across (wall 2)."""

    provider_id: orm.Mapped[uuid.UUID] = orm.mapped_column(
        Identifier, primary_key=True, sort_order=-10
    )


@sa.event.listens_for(ProviderScoped, "instrument_class", propagate=True)
def _mark_table(mapper: orm.Mapper[t.Any], _: type) -> None:
    t.cast(sa.Table, mapper.local_table).info["scoped"] = True


@dataclass(frozen=True)
class Scope:
    """Whose rows a session may touch: one provider's, none, or (reading only) everyone's."""

    provider_id: uuid.UUID | None = None
    everyone: bool = False


class ScopeError(RuntimeError):
    """A statement would have left the scope of its session. Always a fault of ours, never of the caller."""


class Session(orm.Session):
    @property
    def scope(self) -> Scope:
        return t.cast(Scope, self.info.get("scope", Scope()))

    def enter(self, scope: Scope) -> None:
        """Take on a scope, once, before the first row of the record plane is touched."""
        if self.info.get("scope"):
            raise ScopeError("this session has its scope already")
        self.info["scope"] = scope
        if self.in_transaction():
            _tell_postgresql(self.connection(), scope)

    def _past_the_scope(self, *_: t.Any, **__: t.Any) -> t.NoReturn:
        raise ScopeError("the old bulk methods write past every event that holds the scope")

    bulk_save_objects = bulk_insert_mappings = bulk_update_mappings = _past_the_scope


def _tell_postgresql(connection: sa.Connection, scope: Scope) -> None:
    """SET LOCAL, not set_config(): it reaches the workers of a Citus cluster too."""
    if connection.dialect.name != "postgresql":
        return
    role = MINISTRY_ROLE if scope.everyone else PROVIDER_ROLE
    provider = uuid.UUID(str(scope.provider_id)) if scope.provider_id else ""
    connection.exec_driver_sql(f"SET LOCAL ROLE {role}; SET LOCAL lamppu.provider = '{provider}'")


@sa.event.listens_for(Session, "after_begin")
def _begin_in_scope(session: Session, _: t.Any, connection: sa.Connection) -> None:
    _tell_postgresql(connection, session.scope)


# A Core statement names its provider by this parameter; only the session's own scope ever fills it.
SCOPE_PROVIDER = sa.bindparam("scope_provider", type_=Identifier())


def scoped(statement: t.Any) -> t.Any:
    """Declare that a Core statement is held by `SCOPE_PROVIDER`; a session without a provider refuses it."""
    if not any(getattr(e, "key", "") == SCOPE_PROVIDER.key for e in visitors.iterate(statement)):
        raise ScopeError("SCOPE_PROVIDER holds nothing of this statement")
    return statement.execution_options(takes_scope=True)


def _unheld(statement: t.Any, *, classes_are_held: bool) -> Iterator[str]:
    """What of a statement no loader criteria hold: scoped tables without their class in the same select, and plain SQL.

    `visitors.iterate` would not do: it goes on from a class's column to the bare table, as if that were named too.
    """
    selects = [statement]
    done: set[t.Any] = set()  # a recursive common table expression comes back to itself
    while selects:
        done.add(select := selects.pop())
        held: set[t.Any] = set()
        bare: set[t.Any] = set()
        # Past Select.get_children, which adds what a select reads from by the way.
        above: t.Any = super(sa.Select, select) if isinstance(select, sa.Select) else select
        pending = [*above.get_children()]
        while pending:
            element = pending.pop()
            by_class = classes_are_held and "parentmapper" in getattr(element, "_annotations", ())
            if isinstance(element, sa.ColumnClause):
                if element.is_literal and not _ONE_WORD.fullmatch(element.name):
                    yield element.name
                element = element.table
            table = getattr(element, "element", element)  # of an alias
            if isinstance(table, sa.Table):
                if table.info.get("scoped"):
                    (held if by_class else bare).add(element)
            elif isinstance(element, sa.TextClause | sa.TableClause):
                yield str(element)
            elif isinstance(element, sa.Select):
                selects += {element} - done
            elif element is not None:
                pending += element.get_children()
        if isinstance(select, sa.Update | sa.Delete):
            bare |= held - {select.table}  # the criteria hold its target only
            held &= {select.table}
        yield from (found.name for found in bare - held)


_ONE_WORD = re.compile(r"\*|\w+")  # of the library's own making: count(*), exists (select 1 …)


@sa.event.listens_for(Session, "do_orm_execute")
def _stay_in_scope(state: orm.ORMExecuteState) -> sa.Result[t.Any] | None:
    """Hold a statement to the scope of its session, or refuse it."""
    scope = t.cast(Session, state.session).scope
    if not (state.is_select or state.is_update or state.is_delete or state.is_insert):
        raise ScopeError("only statements whose tables can be seen are run here")
    if scope.everyone:
        if not state.is_select:
            raise ScopeError("the ministry's session only reads")
        return None
    if state.execution_options.get("takes_scope"):
        if scope.provider_id is None:
            raise ScopeError("no provider, no query")
        state.parameters = state.parameters or {}  # the library adds to a dict only
        return state.invoke_statement(params={SCOPE_PROVIDER.key: scope.provider_id})
    provider_id = scope.provider_id
    held = provider_id is not None and state.is_orm_statement and not state.is_insert
    if unheld := sorted(set(_unheld(state.statement, classes_are_held=held))):
        raise ScopeError(f"no scope for {unheld}")
    if not held:
        return None
    if state.is_update and _moves_rows(state):
        raise ScopeError("rows stay with their provider")
    state.statement = state.statement.options(
        orm.with_loader_criteria(
            ProviderScoped, lambda cls: cls.provider_id == provider_id, include_aliases=True
        )
    )
    return None


def _moves_rows(state: orm.ORMExecuteState) -> bool:
    """Whether an update could give a row away, or (by a list of keys) take another provider's."""
    statement = t.cast(t.Any, state.statement)
    if not statement.table.info.get("scoped"):
        return False
    if state.is_executemany:
        return True
    named = (*(statement._values or ()), *(state.parameters or ()))
    return "provider_id" in {getattr(name, "key", name) for name in named}


@sa.event.listens_for(Session, "before_attach")
def _take_own_only(session: Session, row: t.Any) -> None:
    """Another session's row would be refreshed and flushed by its key alone."""
    if isinstance(row, ProviderScoped) and row.provider_id not in (None, session.scope.provider_id):
        raise ScopeError("a row of another provider")


@sa.event.listens_for(Session, "before_flush")
def _write_in_scope(session: Session, *_: t.Any) -> None:
    """Stamp new rows with the provider; refuse to write anyone else's."""
    scope = session.scope
    for row in (*session.new, *session.dirty, *session.deleted):
        if scope.everyone:
            raise ScopeError("the ministry's session only reads")
        if not isinstance(row, ProviderScoped):
            continue
        if scope.provider_id is None:
            raise ScopeError("no provider, no row")
        if row.provider_id is None:
            row.provider_id = scope.provider_id
        if row.provider_id != scope.provider_id:
            raise ScopeError("a row of another provider")


class Database:
    """The engines of one application, and the two ways to open a session on them."""

    def __init__(self, url: str):
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
        if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ConfigError("DATABASE_URL is neither sqlite:///… nor postgresql://…")
        self.engine = sa.create_engine(
            url,
            pool_pre_ping=True,
            hide_parameters=True,  # names and addresses have no place in a log
            json_serializer=lambda value: json.dumps(value, ensure_ascii=False),
            **(
                {} if url.startswith("sqlite") else {"connect_args": {"options": "-c timezone=UTC"}}
            ),
        )
        if self.engine.dialect.name == "sqlite":
            sa.event.listen(self.engine, "connect", _sqlite_pragmas)
            sa.event.listen(self.engine, "begin", _sqlite_begin)
            reading, writing = {"sqlite_begin": "BEGIN"}, {"sqlite_begin": "BEGIN IMMEDIATE"}
        else:
            # A report is many statements: all of them see one moment, as they do on SQLite.
            reading, writing = {"isolation_level": "REPEATABLE READ"}, {}
        self._reading = self.engine.execution_options(**reading)
        self._writing = self.engine.execution_options(**writing)
        self.counting = _counting(url)

    def close(self) -> None:
        self.engine.dispose()
        self.counting.dispose()

    def session(self, *, write: bool = True) -> Session:
        """A session that sees no record until it enters a scope."""
        return Session(self._writing if write else self._reading, expire_on_commit=False)

    @contextlib.contextmanager
    def all_providers(self) -> Iterator[Session]:
        """The ministry's reading session over every provider's rows. Only a listed few modules may open it."""
        with self.session(write=False) as session:
            session.enter(Scope(everyone=True))
            yield session


def _counting(url: str) -> sa.Engine:
    """Single statements beside whatever transaction is open; they wait no longer than 0.1 s for SQLite's one writer."""
    waiting = {"connect_args": {"timeout": 0.1}}
    engine = sa.create_engine(
        url,
        isolation_level="AUTOCOMMIT",
        pool_pre_ping=True,
        pool_size=2,
        max_overflow=0,
        pool_timeout=1,
        hide_parameters=True,
        **(waiting if url.startswith("sqlite") else {}),
    )
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", _sqlite_normal_sync)
    return engine


def _sqlite_normal_sync(connection: t.Any, _: t.Any) -> None:
    connection.execute("PRAGMA synchronous = NORMAL")


def _sqlite_pragmas(connection: t.Any, _: t.Any) -> None:
    # Transactions begin where _sqlite_begin says, not where the driver guesses.
    connection.isolation_level = None
    for pragma in (
        "journal_mode = WAL",
        "synchronous = NORMAL",
        "foreign_keys = ON",
        "busy_timeout = 10000",
    ):
        connection.execute(f"PRAGMA {pragma}")
    connection.create_function("lamppu_holds", 2, _holds, deterministic=True)


def _holds(text: str | None, part: str) -> bool | None:
    """Whether a text holds another, in whatever case: SQLite's own lower() knows no Ä."""
    return None if text is None else part.lower() in text.lower()


def _sqlite_begin(connection: sa.Connection) -> None:
    """A writer takes its lock at once: read-then-write in a deferred transaction ends in "database is locked"."""
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))


_CONFLICTS = {
    "23505": "unique",
    "23503": "foreign key",
    "SQLITE_CONSTRAINT_UNIQUE": "unique",
    "SQLITE_CONSTRAINT_PRIMARYKEY": "unique",
    "SQLITE_CONSTRAINT_FOREIGNKEY": "foreign key",
}


def conflict(error: sa.exc.IntegrityError) -> str | None:
    """How a write collided with other rows; None when it broke a CHECK or NOT NULL, whatever the others are."""
    original = error.orig
    told = getattr(original, "sqlstate", None) or getattr(original, "sqlite_errorname", None)
    return _CONFLICTS.get(told or "")


class RowMixin:
    """What every mutable row carries. `version` is the lock behind ETag and If-Match."""

    id: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True, default=uuid7, sort_order=-9)
    version: orm.Mapped[int] = orm.mapped_column(sort_order=90)
    created_at: orm.Mapped[datetime] = orm.mapped_column(default=now, sort_order=91)
    updated_at: orm.Mapped[datetime] = orm.mapped_column(default=now, sort_order=92)

    @orm.declared_attr.directive
    def __mapper_args__(cls) -> dict[str, t.Any]:
        return {"version_id_col": cls.version}
