"""Sessions that see one provider's rows only (wall 1).

A session carries a `Scope`. ORM statements on a `ProviderScoped` table get `provider_id = …` added; any other statement
on such a table is refused unless it took the scope from `scoped()`. No scope, no query.
"""

import contextlib
import re
import typing as t
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.sql import visitors

from api import many
from api.base import Identifier, ProviderScoped

# The roles a PostgreSQL transaction runs as; neither owns a table, so row level security (wall 3) holds for both.
PROVIDER_ROLE = "lamppu_provider"
MINISTRY_ROLE = "lamppu_ministry"


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
        if self.in_transaction() and (message := holding(self.get_bind().dialect.name, scope)):
            self.connection().exec_driver_sql(message)

    @contextlib.contextmanager
    def acting_for(self, provider_id: uuid.UUID) -> t.Iterator[None]:
        """Write one provider's rows for a while, in a session that has none's: the ministry's word on a report."""
        if self.scope != Scope():
            raise ScopeError("only who has no provider acts for one")
        self._hold(Scope(provider_id=provider_id))
        try:
            yield
            self.flush()
            # By their keys they would be read and written later, when nothing holds them to their provider.
            for row in [row for row in self if isinstance(row, ProviderScoped)]:
                if row in self:  # its entries go with it
                    self.expunge(row)
            self._hold(Scope())
        finally:  # of what was refused nothing is left but the scope to be told
            self.info["scope"] = Scope()

    def _hold(self, scope: Scope) -> None:
        self.info["scope"] = scope
        if message := holding(self.get_bind().dialect.name, scope):
            self.connection().exec_driver_sql(message)

    def _past_the_scope(self, *_: t.Any, **__: t.Any) -> t.NoReturn:
        raise ScopeError("the old bulk methods write past every event that holds the scope")

    bulk_save_objects = bulk_insert_mappings = bulk_update_mappings = _past_the_scope


def holding(dialect: str, scope: Scope) -> str:
    """What tells a transaction its scope, where the database holds it too (wall 3).

    SET LOCAL, not set_config(): it reaches the workers of a Citus cluster too.
    """
    if dialect != "postgresql":
        return ""
    role = MINISTRY_ROLE if scope.everyone else PROVIDER_ROLE
    provider = uuid.UUID(str(scope.provider_id)) if scope.provider_id else ""
    return f"SET LOCAL ROLE {role}; SET LOCAL lamppu.provider = '{provider}'"


@sa.event.listens_for(Session, "after_begin")
def _begin_in_scope(
    session: Session, transaction: orm.SessionTransaction, connection: sa.Connection
) -> None:
    """One message begins a transaction and tells its scope; to a savepoint the latter alone."""
    begin = "" if transaction.nested else connection.get_execution_options()["begin"]
    parts = [begin, holding(connection.dialect.name, session.scope)]
    if message := "; ".join(filter(None, parts)):
        connection.exec_driver_sql(message)


# A Core statement names its provider by this parameter; only the session's own scope ever fills it.
SCOPE_PROVIDER = sa.bindparam("scope_provider", type_=Identifier())


def scoped(statement: t.Any) -> t.Any:
    """Declare that a Core statement is held by `SCOPE_PROVIDER`; a session without a provider refuses it."""
    if not any(getattr(e, "key", "") == SCOPE_PROVIDER.key for e in visitors.iterate(statement)):
        raise ScopeError("SCOPE_PROVIDER holds nothing of this statement")
    return statement.execution_options(takes_scope=True)


def told(scope: Scope, statement: t.Any) -> dict[str, t.Any]:
    """What a Core select is told of the scope of its session. :raises ScopeError: nothing holds it"""
    if not isinstance(statement, sa.Select | sa.CompoundSelect):
        raise ScopeError("only selects are read")
    if scope.everyone:
        return {}
    if statement.get_execution_options().get("takes_scope"):
        return {SCOPE_PROVIDER.key: _provider(scope)}
    _refuse(_unheld(statement, classes_are_held=False))
    return {}


def _provider(scope: Scope) -> uuid.UUID:
    if scope.provider_id is None:
        raise ScopeError("no provider, no query")
    return scope.provider_id


def _refuse(unheld: list[str]) -> None:
    if unheld:
        raise ScopeError(f"no scope for {unheld}")


Rows = Sequence[Mapping[str, t.Any]]


def insert_all(session: Session, table: sa.Table, rows: Rows) -> None:
    """Insert many rows, which become the session's provider's; all of them with the same columns."""
    _write_all(session, table, rows, many.insert)


def update_all(session: Session, table: sa.Table, rows: Rows) -> None:
    """Give many rows of the session's provider these values; each names its row by `id`, which is a version on."""
    _write_all(session, table, rows, many.update)


def _write_all(
    session: Session,
    table: sa.Table,
    rows: Rows,
    write: t.Callable[[sa.Connection, sa.Table, Rows, uuid.UUID], None],
) -> None:
    """By the connection, past the events of the session: it is held here."""
    scope = session.scope
    if not table.info.get("scoped"):
        raise ScopeError("rows of one provider only")
    if scope.everyone or scope.provider_id is None:
        raise ScopeError("no provider, no rows")
    if any("provider_id" in row for row in rows):
        raise ScopeError("rows have the provider of their session")
    if rows:
        write(session.connection(), table, rows, scope.provider_id)


# What was found of statements that are built once; the others go with their requests.
_found: WeakKeyDictionary[t.Any, dict[bool, list[str]]] = WeakKeyDictionary()


def _unheld(statement: t.Any, *, classes_are_held: bool) -> list[str]:
    """What of a statement no loader criteria hold."""
    known = _found.setdefault(statement, {})
    if classes_are_held not in known:
        known[classes_are_held] = sorted(set(_look_for_unheld(statement, classes_are_held)))
    return known[classes_are_held]


def _look_for_unheld(statement: t.Any, classes_are_held: bool) -> Iterator[str]:
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
        params = {SCOPE_PROVIDER.key: _provider(scope)}
        state.parameters = state.parameters or {}  # the library adds to a dict only
        return state.invoke_statement(params=params)
    provider_id = scope.provider_id
    held = provider_id is not None and state.is_orm_statement and not state.is_insert
    _refuse(_unheld(state.statement, classes_are_held=held))
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
