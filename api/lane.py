"""The read lane: statements that are built once run on the driver's own cursor, past the ORM's and the engine's work.

It is held by the same scope as a session is (wall 1): a statement either took the scope from `scoped()`, or names no
record; else it is refused, and so is everything without a provider.
"""

import contextlib
import logging
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from api.base import Moment
from api.scope import Scope, Session, holding, told

log = logging.getLogger("lamppu.statements")

Values = Mapping[str, t.Any]
# Of what is sent as it is read.
ROWS_AT_ONCE, CHUNK_BYTES = 100, 65_536
# Of each statement, so many texts for lists of different lengths.
LENGTHS_KEPT = 50
# JSON has none of these characters as they are, so that COPY finds nothing to quote and every text is as it was made.
_AS_THEY_ARE = r"FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02'"


class Prepared:
    """A statement compiled for one dialect: its text, and what the driver's values are made from and into."""

    def __init__(self, statement: sa.Select[t.Any], dialect: sa.Dialect):
        self._compiled: t.Any = statement.compile(dialect=dialect)
        self._text = str(self._compiled)
        self._binds: Mapping[str, t.Any] = self._compiled._bind_processors
        self._order = self._compiled.positiontup
        self._given = {
            name: self._bound(name, bind.effective_value)
            for name, bind in self._compiled.binds.items()
            if not bind.required
        }
        self._lists = [bind.key for bind in self._compiled.post_compile_params]
        self._expanded = lru_cache(LENGTHS_KEPT)(self._expand)
        columns = self._compiled._result_columns
        self.names = [column.keyname for column in columns]
        made = [_made(column.type, dialect) for column in columns]
        self._made = made if any(made) else None

    def _bound(self, name: str, value: t.Any) -> t.Any:
        process = self._binds.get(name)
        return process(value) if process else value

    def call(self, values: Values) -> tuple[str, t.Any]:
        """What the driver is told: the text, with a place for each value of a list, and the values."""
        text, order, lists = self._expanded(tuple([len(values[name]) for name in self._lists]))
        found = dict(self._given)
        for name, value in values.items():
            if name in lists:
                process = self._binds.get(name)
                bound = map(process, value) if process else value
                found.update(zip(lists[name], bound, strict=True))
            else:
                found[name] = self._bound(name, value)
        return text, found if order is None else tuple([found[name] for name in order])

    def _expand(self, lengths: tuple[int, ...]) -> tuple[str, t.Any, Mapping[str, list[str]]]:
        """The text for lists of these lengths, its places in order, and those of each list."""
        if not lengths:
            return self._text, self._order, {}
        lists = {name: [None] * length for name, length in zip(self._lists, lengths, strict=True)}
        given = dict.fromkeys(self._compiled.binds) | lists
        state = self._compiled.construct_expanded_state(given)
        return state.statement, state.positiontup, state.parameter_expansion

    def taken(self, rows: list[t.Any]) -> list[t.Any]:
        """The driver's rows with our values: column by column, most of which are as they should be."""
        if not (rows and self._made):
            return rows
        columns = [
            map(make, column) if make else column
            for make, column in zip(self._made, zip(*rows, strict=True), strict=True)
        ]
        return list(zip(*columns, strict=True))


_prepared: WeakKeyDictionary[t.Any, dict[str, Prepared]] = WeakKeyDictionary()


def prepared(statement: sa.Select[t.Any], dialect: sa.Dialect) -> Prepared:
    known = _prepared.get(statement)
    if known is None:
        known = _prepared[statement] = {}
    if dialect.name not in known:
        known[dialect.name] = Prepared(statement, dialect)
    return known[dialect.name]


def _made(kind: t.Any, dialect: sa.Dialect) -> Callable[[t.Any], t.Any] | None:
    """What makes our value of the driver's, if need be.

    PostgreSQL's driver knows all types; words of a vocabulary are as their table let them in.
    """
    if isinstance(kind, sa.Enum):
        return None
    if dialect.name == "postgresql" and not isinstance(kind, Moment):
        return None
    found: t.Any = kind.dialect_impl(dialect).result_processor(dialect, None)
    return t.cast(Callable[[t.Any], t.Any] | None, found)


class Lane:
    """One transaction as its driver knows it, and the scope that holds it.

    :param connect: gives the connection: a pool's own, or the one that a session is working with
    """

    def __init__(self, connect: Callable[[], t.Any], dialect: sa.Dialect, scope: Scope):
        self._connect, self.dialect, self.scope = connect, dialect, scope
        self._pooled: t.Any = None
        self._how = {"binary": True} if dialect.name == "postgresql" else {}

    def _driver(self) -> t.Any:
        """The connection, taken when it is first needed. Not a cached_property: in 3.11 all threads wait for one."""
        if self._pooled is None:
            with self._translated(""):
                self._pooled = self._connect()
        return self._pooled.driver_connection

    def begin(self, message: str) -> None:
        """Begin, and have PostgreSQL hold the transaction to its scope, with one message."""
        held = holding(self.dialect.name, self.scope)
        text = f"{message}; {held}" if held else message
        driver = self._driver()
        log.debug(text)
        with self._translated(text):
            driver.execute(text)

    def end(self) -> None:
        """Not by a rollback, upon which PostgreSQL's driver would forget what it has prepared."""
        with self._translated("COMMIT"):
            self._pooled.commit()

    def close(self) -> None:
        """Give the connection back, whatever became of the transaction."""
        if self._pooled is not None:
            self._pooled.close()

    def rows(self, statement: sa.Select[t.Any], values: Values) -> list[t.Any]:
        """The rows of a select that is built once, each a tuple.

        :raises ScopeError: nothing holds it
        """
        return self._found(statement, values)[1]

    def mappings(self, statement: sa.Select[t.Any], values: Values) -> list[dict[str, t.Any]]:
        """The same, each by the names of its columns."""
        names, found = self._found(statement, values)
        return [dict(zip(names, row)) for row in found]  # noqa: B905

    def _found(self, statement: sa.Select[t.Any], values: Values) -> tuple[list[str], list[t.Any]]:
        driver, asked, text, parameters = self._asked(statement, values)
        with self._translated(text):
            found = driver.execute(text, parameters, **self._how).fetchall()
        return asked.names, asked.taken(found)

    def _asked(
        self, statement: sa.Select[t.Any], values: Values
    ) -> tuple[t.Any, Prepared, str, t.Any]:
        held = told(self.scope, statement)
        driver = self._driver()  # before it is compiled: the dialect is told its server's version
        asked = prepared(statement, self.dialect)
        text, parameters = asked.call({**values, **held})
        log.debug(text)  # not the parameters: names and addresses have no place in a log
        return driver, asked, text, parameters

    @contextlib.contextmanager
    def _translated(self, text: str) -> Iterator[None]:
        """What the driver raises, as the engine would raise it; a connection that is lost leaves the pool."""
        base: t.Any = self.dialect.loaded_dbapi.Error
        try:
            yield
        except base as error:
            pooled = self._pooled
            lost = pooled and self.dialect.is_disconnect(error, pooled.driver_connection, None)
            if lost:
                pooled.invalidate(error)
            raise sa.exc.DBAPIError.instance(
                text or None, None, error, base, hide_parameters=True, connection_invalidated=lost
            ) from error

    def lines(self, statement: sa.Select[str], values: Values) -> t.Generator[bytes, None, None]:
        """The one text that each row of a select is, a line each, in UTF-8: in chunks, as they are read.

        The first line comes by itself. On PostgreSQL they come by COPY, which has the server write ahead while they are
        taken; so they are for JSON, which has no line breaks, and the connection does nothing else meanwhile.

        :raises ScopeError: as with rows
        """
        driver, _, text, parameters = self._asked(statement, values)
        copied = self.dialect.name == "postgresql"
        return (self._copied if copied else self._joined)(driver, text, parameters)

    def _copied(
        self, driver: t.Any, text: str, parameters: t.Any
    ) -> t.Generator[bytes, None, None]:
        # Whoever stops in the middle leaves this by an exception, upon which the driver has the server stop too.
        with (
            self._translated("COPY"),
            driver.cursor() as cursor,
            cursor.copy(f"COPY ({text}) TO STDOUT ({_AS_THEY_ARE})", parameters) as rows,
        ):
            yield from together(iter(rows.read, b""))

    def _joined(
        self, driver: t.Any, text: str, parameters: t.Any
    ) -> t.Generator[bytes, None, None]:
        with self._translated(text), contextlib.closing(driver.cursor()) as cursor:
            some = cursor.execute(text, parameters).fetchmany(1)
            while some:
                yield "\n".join([*(line for (line,) in some), ""]).encode()
                some = cursor.fetchmany(ROWS_AT_ONCE)


def together(parts: Iterable[bytes], least: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Parts put together to what is worth sending, but for the first, which goes at once."""
    held: list[bytes] = []
    size = least
    for part in parts:
        held.append(part)
        size += len(part)
        if size >= least:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)


def of(reader: "Session | Lane") -> Lane:
    """The lane of a session's own transaction, with what the session has yet to write written."""
    if isinstance(reader, Lane):
        return reader
    if reader.autoflush:
        reader.flush()
    return Lane(lambda: reader.connection().connection, reader.get_bind().dialect, reader.scope)
