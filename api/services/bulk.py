"""Writing many record rows of one resource by a few statements, however many rows they are.

What `rows` checks of a row is checked before; what the database refuses is told of the row that it refuses.
"""

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.associationproxy import AssociationProxyExtensionType

from api.base import now
from api.models.base import Child, RecordRow
from api.scope import SCOPE_PROVIDER, Session, insert_all, scoped, update_all

Data = Mapping[str, Any]


@dataclass(frozen=True)
class Part:
    """A list inside a row, with a table of its own.

    :param parent: the column that names the row
    :param value: of a list of links, the column that names the other end; None for entries
    """

    name: str
    table: Any
    parent: str
    value: str | None

    def rows(self, key: uuid.UUID, data: Data) -> Iterator[dict[str, Any]]:
        for position, entry in enumerate(data[self.name], 1):
            held = {self.value: entry} if self.value else {**entry, "position": position}
            yield {self.parent: key, **held}


@cache
def _parts(model: type[RecordRow]) -> list[Part]:
    mapper: Any = sa.inspect(model)
    parts = []
    for name, relationship in mapper.relationships.items():
        table: Any = relationship.mapper.local_table
        parent = next(column.name for column in table.c if "parent" in column.info)
        if issubclass(relationship.mapper.class_, Child):
            parts.append(Part(name, table, parent, None))
        for proxied, proxy in mapper.all_orm_descriptors.items():
            is_proxy = proxy.extension_type is AssociationProxyExtensionType.ASSOCIATION_PROXY
            if is_proxy and proxy.target_collection == name:
                parts.append(Part(proxied, table, parent, proxy.value_attr))
    return parts


def insert(session: Session, model: type[RecordRow], bodies: Sequence[Data]) -> None:
    """Add rows.

    :param bodies: what the schema let in, with the row's `id` and home
    """
    moment, columns = now(), _columns(model, bodies)
    new = {"version": 1, "created_at": moment, "updated_at": moment}
    insert_all(session, _table(model), [_chosen(data, columns) | new for data in bodies])
    _fill(session, _parts(model), bodies)


def update(
    session: Session,
    model: type[RecordRow],
    bodies: Sequence[Data],
    names: Collection[str] | None = None,
) -> None:
    """Give rows these values; each is a version on. They are locked by whoever calls.

    :param names: the fields that change in any of them; indexes of the others are let be
    """
    moment, columns = {"updated_at": now()}, _columns(model, bodies)
    if names is not None:
        columns &= {"id", *names}
    update_all(session, _table(model), [_chosen(data, columns) | moment for data in bodies])
    parts = [part for part in _parts(model) if names is None or part.name in names]
    for part in parts:
        c = part.table.c
        named = c[part.parent].in_([data["id"] for data in bodies])
        gone = sa.delete(part.table).where(c.provider_id == SCOPE_PROVIDER, named)
        session.execute(scoped(gone), {})
    _fill(session, parts, bodies)


def delete(session: Session, model: type[RecordRow], keys: Sequence[uuid.UUID]) -> None:
    """Delete rows with their entries, by one statement."""
    c = _table(model).c
    mine = sa.delete(_table(model)).where(c.provider_id == SCOPE_PROVIDER, c.id.in_(keys))
    session.execute(scoped(mine), {})


def _fill(session: Session, parts: Iterable[Part], bodies: Sequence[Data]) -> None:
    for part in parts:
        rows = [row for data in bodies for row in part.rows(data["id"], data)]
        insert_all(session, part.table, rows)


def _table(model: type[RecordRow]) -> Any:
    return model.__table__


def _columns(model: type[RecordRow], bodies: Sequence[Data]) -> set[str]:
    return {name for name in bodies[0] if name in _table(model).c}


def _chosen(data: Data, names: set[str]) -> dict[str, Any]:
    return {name: data[name] for name in names}
