"""A table as the outside sees it: columns from the schema, a statement built once, rows that go to JSON as they come.

No objects are built on the way out. A property test holds what a view writes equal to `Schema.dump` of the object, and
the JSON that the database writes of a row equal to what we write of it.
"""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing
from functools import cache, lru_cache
from typing import Any, NamedTuple, cast

import orjson
import sqlalchemy as sa

from api import lane, wire
from api.access import Reach
from api.base import Base
from api.columns import Among, Holds, as_json, column
from api.lane import Lane
from api.models.base import Link, Row
from api.models.periods import Period
from api.scope import Session
from schemas import quick
from schemas.fields import References
from schemas.lists import texts

Shown = dict[str, Any]
Reader = Session | Lane
# A condition: a name, and whether it may have one of several values.
Condition = tuple[str, bool]


class Part(NamedTuple):
    """Which of the rows: in this order, past the row that `after_…` name, no more than `limit`."""

    order: str | None
    after: bool
    bounded: bool = False


# What the rows stand in order by. The id tells apart those that are equal in the rest, so that a page can end anywhere.
ORDERS = {
    "created_at": ("id",),  # a UUIDv7, so the order in which rows were made
    "updated_at": ("updated_at", "id"),
    "position": ("position", "id"),
}
# Callers choose filters, order and fields, so there could be any number of statements.
STATEMENTS_KEPT = 256


class View:
    """One table through its schema, which names the fields that go out.

    A nested list is gathered from the child table in the same statement.
    """

    def __init__(self, model: type[Row]):
        self.model = model
        self.table: Any = sa.inspect(model).local_table
        self.texts = texts(model.schema)
        shown = model.schema().dump_fields
        self.columns = {name: column(model, name, shown[name]).label(name) for name in shown}
        fields = model.schema.writable().fields.items()
        self._links = [name for name, field in fields if isinstance(field, References)]
        self.statement = lru_cache(STATEMENTS_KEPT)(self._build)
        self.counting = lru_cache(STATEMENTS_KEPT)(self._build_count)
        self.writing = lru_cache(STATEMENTS_KEPT)(self._build_writing)

    # statements

    def _build(
        self,
        reach: Reach,
        conditions: frozenset[Condition],
        part: Part,
        names: frozenset[str] | None,
    ) -> sa.Select[Any]:
        """The select for these conditions."""
        order = part.order
        chosen = [each for name, each in self.columns.items() if names is None or name in names]
        statement = self._where(sa.select(*chosen), reach, conditions)
        if part.bounded:
            statement = statement.limit(sa.bindparam("limit", type_=sa.Integer()))
        if order is None:
            return statement
        down = order.startswith("-")
        keys = [self.table.c[name] for name in ORDERS[order.removeprefix("-")]]
        statement = statement.order_by(*[key.desc() if down else key for key in keys])
        if part.after:
            # As rows, not with OR: so an index finds the place.
            here = sa.tuple_(*keys)
            there = sa.tuple_(*[sa.bindparam(f"after_{k.name}", type_=k.type) for k in keys])
            statement = statement.where(here < there if down else here > there)
        return statement

    def _build_writing(
        self,
        reach: Reach,
        conditions: frozenset[Condition],
        after: bool,
        names: frozenset[str] | None,
        dialect: str,
    ) -> sa.Select[str]:
        """The same select by id, as one JSON text a row."""
        return as_json(self._build(reach, conditions, Part("created_at", after), names), dialect)

    def _build_count(self, reach: Reach, conditions: frozenset[Condition]) -> sa.Select[Any]:
        return self._where(sa.select(sa.func.count()).select_from(self.table), reach, conditions)

    def _where(
        self, statement: sa.Select[Any], reach: Reach, conditions: frozenset[Condition]
    ) -> sa.Select[Any]:
        statement = self.model.bounded(statement, reach)
        return statement.where(*[self._condition(reach, *each) for each in sorted(conditions)])

    def _condition(self, reach: Reach, name: str, several: bool) -> sa.ColumnElement[bool]:
        c = self.table.c
        found: sa.ColumnElement[bool]
        if name == "q":
            part = sa.bindparam("is_q", type_=sa.String())
            found = sa.or_(*[Holds(text, part) for text in self._texts()])
        elif name == "updated_since":
            found = c.updated_at >= sa.bindparam("is_updated_since", type_=c.updated_at.type)
        elif name in c:
            value = sa.bindparam(f"is_{name}", type_=c[name].type)
            found = Among(c[name], value) if several else c[name] == value
        elif name == "project_id":
            sub_project = Base.metadata.tables["sub_projects"].c
            found = c.sub_project_id.in_(_those(sub_project.id, sub_project.project_id))
        elif name == "period":
            found = self._of_periods(_periods(reach))
        else:
            link, own = self._link(name)
            found = c.id.in_(_those(link[own], link[name]))
        return found

    def _of_periods(self, periods: sa.Select[Any]) -> sa.ColumnElement[bool]:
        c, place = self.table.c, "period_id"
        if place not in c:
            link, own = self._link(place)
            periods, place = sa.select(link[own]).where(link[place].in_(periods)), "id"
        return cast(sa.ColumnElement[bool], c[place].in_(periods))

    def _texts(self) -> list[Any]:
        c = self.table.c
        return [
            text
            for name, languages in self.texts.items()
            for text in ([c[name][word].as_string() for word in languages] or [c[name]])
        ]

    def _link(self, name: str) -> tuple[Any, str]:
        """The columns of the table that links this one to many by `name`, and which of them names this one's row."""
        for relationship in sa.inspect(self.model).relationships:
            link = relationship.mapper.local_table
            if issubclass(relationship.mapper.class_, Link) and name in link.c:
                return link.c, next(c.name for c in link.c if "parent" in c.info)
        raise LookupError(f"{self.table.name} has nothing to filter by as {name}")

    # rows

    def asked(
        self,
        reach: Reach,
        filters: Mapping[str, Any],
        *,
        order: str | None = "created_at",
        after: tuple[Any, ...] | None = None,
        limit: int | None = None,
        names: frozenset[str] | None = None,
    ) -> tuple[sa.Select[Any], dict[str, Any]]:
        """The statement that finds the rows that fit, and its values.

        :param filters: columns and what they must equal (of a list: one of it); also `q`, `updated_since`, a column of
            the links, the `project_id` of the sub-project, and `period`, a code
        :param order: of `ORDERS`, with a `-` before it when descending; None for any
        :param after: the last row already seen, by what the order goes by
        :param names: the fields to show; all of them when None
        """
        part = Part(order, after is not None, limit is not None)
        values = _values(filters)
        if limit is not None:
            values["limit"] = limit
        if order and after:
            keys = ORDERS[order.removeprefix("-")]
            values |= {f"after_{key}": value for key, value in zip(keys, after, strict=True)}
        return self.statement(reach, _conditions(filters), part, names), values

    def rows(
        self, reader: Reader, reach: Reach, filters: Mapping[str, Any], **part: Any
    ) -> list[Shown]:
        """The rows that fit, as `asked` takes them."""
        return lane.of(reader).mappings(*self.asked(reach, filters, **part))

    def written(
        self,
        reader: Reader,
        reach: Reach,
        filters: Mapping[str, Any],
        *,
        after: uuid.UUID | None = None,
        names: frozenset[str] | None = None,
    ) -> AbstractContextManager[Iterator[bytes]]:
        """The rows that fit, by id, as the JSON that the database writes: chunks of lines, as they are read.

        :param after: the id of the last row already seen
        """
        past = lane.of(reader)
        conditions = _conditions(filters)
        statement = self.writing(reach, conditions, after is not None, names, past.dialect.name)
        values = _values(filters) | ({"after_id": after} if after else {})
        return closing(past.lines(statement, values))

    def count(self, reader: Reader, reach: Reach, filters: Mapping[str, Any]) -> int:
        statement = self.counting(reach, _conditions(filters))
        [(count,)] = lane.of(reader).rows(statement, _values(filters))
        return int(count)

    def row(
        self,
        reader: Reader,
        reach: Reach,
        key: uuid.UUID,
        names: frozenset[str] | None = None,
    ) -> Shown | None:
        found = self.rows(reader, reach, {"id": key}, order=None, names=names)
        return found[0] if found else None

    # rows and bodies

    def sendable(self, shown: Shown) -> Shown:
        """The row as a client would send it back: JSON values, and only what it may write."""
        fields = self.model.schema.writable().fields
        known = {name: shown[name] for name in fields if name in shown}
        part: Shown = orjson.loads(wire.dump(known))
        return part

    def changes(self, kept: Shown, data: Shown) -> list[str]:
        """The fields of the row that writing this data would change, as its own schema would let it in.

        :param kept: the row as `sendable` gives it
        """
        old = self.comparable(quick.load(self.model.schema.writable(), kept))
        new = self.comparable(data)
        return [name for name in new if new[name] != old.get(name)]

    def comparable(self, data: Shown) -> Shown:
        """What a schema let in, so that it equals another that means the same: links have no order."""
        return data | {name: set(data[name]) for name in self._links if name in data}


# One for each table, whoever asks, so that a statement is built once.
view_of = cache(View)


def _those(shown: Any, named: Any) -> sa.Select[Any]:
    return sa.select(shown).where(named == sa.bindparam(f"is_{named.name}", type_=named.type))


def _periods(reach: Reach) -> sa.Select[Any]:
    """The periods of a code: of every project, or of those of the plan that a provider reads."""
    c = Period.__table__.c
    found = sa.select(c.id).where(c.code == sa.bindparam("is_period", type_=c.code.type))
    within = None if reach is Reach.EVERY else Period.within(Reach.TAKES_PART)
    return found if within is None else found.where(within)


def _conditions(filters: Mapping[str, Any]) -> frozenset[Condition]:
    return frozenset((name, isinstance(value, list)) for name, value in filters.items())


def _values(filters: Mapping[str, Any]) -> dict[str, Any]:
    return {f"is_{name}": value for name, value in filters.items()}
