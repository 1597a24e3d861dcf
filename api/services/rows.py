"""Writing one row of any table: its references hold, its home stays."""

import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, TypeVar, cast

import sqlalchemy as sa
from marshmallow import Schema
from sqlalchemy.sql import visitors
from uuid_utils.compat import uuid7

from api import lane
from api.access import Reach
from api.base import Base, Identifier, now
from api.columns import Among
from api.models.base import Child, PlanRow, RecordRow, Row, SystemRow
from api.models.participations import Participation
from api.models.projects import Project
from api.models.sub_projects import SubProject
from api.problems import Fault, Forbidden, InUse, Invalid
from api.scope import SCOPE_PROVIDER, Session, scoped
from api.services import bulk, locks
from api.services.conflicts import flush, refusals
from schemas.fields import Entries, Part, Reference, References, Worded

T = TypeVar("T")
Data = dict[str, Any]
# How many parameters a statement may have, either engine bounds.
MOST_AT_ONCE = 1_000


class Named(NamedTuple):
    """A reference as it stands in a body: where, to which resource, to which row."""

    pointer: str
    target: str
    key: uuid.UUID


@dataclass(frozen=True)
class Home:
    """The sub-project and project that a row belongs to, as far as it belongs to one."""

    sub_project_id: uuid.UUID | None = None
    project_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Referrer:
    """A column that may name a row, the resource of the row that it is in, and the column of that row's id."""

    resource: str
    column: Any
    key: Any


# Rows that references name, by resource and id.
Found = dict[tuple[str, uuid.UUID], Home]


@cache
def model_of(stem: str) -> type[Row]:
    """The table of a resource, by the stem that both share."""
    return next(model for model in Row.all() if model.__tablename__ == stem)


def create(session: Session, model: type[Row], data: Data, reach: Reach) -> Row:
    """Add a row.

    :param data: what the schema let in
    :param reach: how far the right goes by which it is made
    :raises Invalid: a reference names no row, or one of another sub-project or project
    :raises Duplicate: another row has the same external_id, code, …
    :raises Locked: it would stand behind a report that holds what it tells
    """
    home = settle(session, model, data)
    may_live(session, model, data, home, reach)
    _must_be_open(session, model, None, data)
    row = model(**_values(model, data))
    session.add(row)
    flush(session)
    return row


def add(session: Session, model: type[Row], data: Data, reach: Reach) -> uuid.UUID:
    """Add a row as `create` does, a record without the ORM's work. :return: its id"""
    if not issubclass(model, RecordRow):
        return create(session, model, data, reach).id
    home = settle(session, model, data)
    may_live(session, model, data, home, reach)
    _must_be_open(session, model, None, data)
    data["id"] = uuid7()
    with refusals():
        bulk.insert(session, model, [data])
    key: uuid.UUID = data["id"]
    return key


def replace(session: Session, row: Row, data: Data, reach: Reach) -> None:
    """Give a row these values; it stays where it belongs. :raises Locked: a report holds it"""
    home = settle(session, type(row), data)
    _stays_home(row, home)
    _comes_to_an_end(session, row, data)
    may_live(session, type(row), data, home, reach)
    _must_be_open(session, type(row), row, data)
    # An autoflush halfway would count as a version of its own, and its refusal would pass by ours.
    with session.no_autoflush:
        for name, value in _values(type(row), data).items():
            setattr(row, name, value)
    row.updated_at = now()
    flush(session)


def remove(session: Session, row: Row) -> None:
    """Delete a row with its entries. :raises InUse: other rows refer to it; Locked: a report holds it"""
    _must_be_open(session, type(row), row, None)
    if isinstance(row, RecordRow) and (users := _referring(session, row)):
        text = Worded("Referred to by: {resources}.", resources=", ".join(users))
        raise InUse(text, members={"referring": users})
    session.delete(row)
    flush(session)


def _must_be_open(session: Session, model: type[Row], row: Row | None, data: Data | None) -> None:
    if issubclass(model, RecordRow):
        before = locks.place_of(row) if row else None
        locks.must_be_open(session, [locks.Change(model.__tablename__, before, data)])


def _referring(session: Session, row: RecordRow) -> list[str]:
    """The resources of the same provider that hold a reference to this row, themselves or in their entries."""
    asked = [
        sa.select(sa.literal(by.resource).label("name")).where(
            sa.exists()
            .where(by.column.table.c.provider_id == SCOPE_PROVIDER, by.column == row.id)
            .select_from(by.column.table)
        )
        for by in referrers(row.__tablename__)
    ]
    if not asked:
        return []
    return sorted(set(session.scalars(scoped(sa.union_all(*asked)), {})))


def referrers(target: str) -> Iterator[Referrer]:
    """What may refer to the rows of a record resource, themselves or in their entries."""
    for table in Base.metadata.sorted_tables:
        # A table of entries is of their parent's resource.
        parent = next((c for c in table.c if "parent" in c.info), None)
        resource = table.name if parent is None else parent.info["parent"]
        for column in table.c:
            if column.info.get("record") == target:
                yield Referrer(resource, column, table.c.id if parent is None else parent)


def _values(model: type[Row], data: Data) -> Data:
    """Lists of entries as rows of the child tables, in their order."""
    relations = sa.inspect(model).relationships
    return {
        name: [
            relations[name].mapper.class_(position=position, **entry)
            for position, entry in enumerate(value, 1)
        ]
        if name in relations and issubclass(relations[name].mapper.class_, Child)
        else value
        for name, value in data.items()
    }


def named(schema: Schema, data: Mapping[str, Any], base: str = "") -> Iterator[Named]:
    """Every reference in a body, nested ones too."""
    for name, field in _reference_fields(schema):
        value, pointer = data.get(name), f"{base}/{name}"
        if value is None:
            continue
        if isinstance(field, Reference):
            yield Named(pointer, field.target, value)
        elif isinstance(field, References):
            yield from (Named(f"{pointer}/{i}", field.target, key) for i, key in enumerate(value))
        else:
            for i, entry in enumerate(value):
                yield from named(field.inner.schema, entry, f"{pointer}/{i}")


@cache
def _reference_fields(schema: Schema) -> list[tuple[str, Any]]:
    """The fields of a schema that hold references, themselves or in their entries."""
    fields: Mapping[str, Any] = schema.load_fields
    return [
        (name, field)
        for name, field in fields.items()
        if isinstance(field, Reference | References)
        or (isinstance(field, Entries) and isinstance(field.inner, Part))
    ]


def settle(session: Session, model: type[Row], data: Data) -> Home:
    """Check every reference, and fill in the home that the row has by them.

    :raises Invalid: a reference names no row, or one of another sub-project or project
    """
    references = list(named(model.schema.writable(), data))
    home = home_of(model, references, find(session, references))
    fill_in(model, data, home)
    return home


def home_of(model: type[Row], references: Sequence[Named], known: Found) -> Home:
    """Where a row is at home by what it refers to.

    :param known: what `find` found
    :raises Invalid: a reference names no row, or one of another sub-project or project
    """
    homes = [known.get((name.target, name.key)) for name in references]
    faults = [
        Fault("not_found", Worded("No such row of {target}.", target=name.target), name.pointer)
        for name, home in zip(references, homes, strict=True)
        if home is None
    ]
    if faults:
        raise Invalid(faults=faults)
    found = list(zip(references, cast(list[Home], homes), strict=True))
    home = _home(model, found)
    if faults := list(_strangers(home, found)):
        raise Invalid(faults=faults)
    return home


def fill_in(model: type[Row], data: Data, home: Home) -> None:
    """Complete a row by its home, as far as it does not say it itself."""
    for column in _home_columns(model):
        if column not in data:
            data[column] = getattr(home, column)


@cache
def _home_columns(model: type[Row]) -> list[str]:
    return [name for name in ("sub_project_id", "project_id") if name in model.__table__.c]


def joined(model: type[Row], key: uuid.UUID, home: Home) -> Found:
    """A row that is still to be made, as `find` would find it."""
    homes = {name: getattr(home, name) for name in _homes_of(model)}
    return {(model.__tablename__, key): _home_of(model.__tablename__, homes | {"id": key})}


def find(session: Session, references: Iterable[Named]) -> Found:
    """The rows that the references name, and where they belong; one statement for many of all targets."""
    found: Found = {}
    by_target: dict[str, set[uuid.UUID]] = {}
    for name in references:
        by_target.setdefault(name.target, set()).add(name.key)
    parts = [(target, part) for target, keys in by_target.items() for part in in_parts(keys)]
    if parts and len(parts) == len(by_target):  # each whole, so all at once
        return _found(session, dict(parts))
    for target, part in parts:
        found |= _found(session, {target: part})
    return found


def _found(session: Session, keys: Mapping[str, list[uuid.UUID]]) -> Found:
    asked = _looked_up(tuple(sorted(keys)), bool(session.scope.provider_id))
    found = lane.of(session).mappings(asked, {f"{target}_keys": keys[target] for target in keys})
    return {(row["target"], row["id"]): _home_of(row["target"], row) for row in found}


@cache
def _looked_up(targets: tuple[str, ...], by_provider: bool) -> Any:
    """Rows of resources by their ids, and where they belong."""
    selects = [_of_target(target, by_provider) for target in targets]
    asked = selects[0] if len(selects) == 1 else sa.union_all(*selects)
    held = any(SCOPE_PROVIDER is part for part in visitors.iterate(asked))
    return scoped(asked) if held else asked


def _of_target(target: str, by_provider: bool) -> sa.Select[Any]:
    model = model_of(target)
    c = model.__table__.c
    keys = sa.bindparam(f"{target}_keys", type_=Identifier())
    homes = [
        _homes_of(model).get(name, sa.cast(sa.null(), Identifier())).label(name)
        for name in ("sub_project_id", "project_id")
    ]
    asked = sa.select(sa.literal(target).label("target"), c.id, *homes)
    asked = asked.where(Among(c.id, keys))
    if issubclass(model, RecordRow):
        asked = asked.where(c.provider_id == SCOPE_PROVIDER)
    elif by_provider and issubclass(model, PlanRow):
        # What a provider can't read is not there; "of another project" would confirm that it is.
        asked = asked.where(cast(Any, model.within(Reach.TAKES_PART)))
    return asked


@cache
def _homes_of(model: type[Row]) -> dict[str, Any]:
    """What tells where a row belongs, as columns of a select on its table."""
    c = model.__table__.c
    homes = {name: c[name] for name in ("sub_project_id", "project_id") if name in c}
    if "sub_project_id" in homes and "project_id" not in homes:
        there = SubProject.__table__.c
        project = sa.select(there.project_id).where(
            there.provider_id == c.provider_id, there.id == c.sub_project_id
        )
        homes["project_id"] = project.scalar_subquery().label("project_id")
    return homes


def in_parts(values: Collection[T]) -> Iterator[list[T]]:
    """The values, no more at once than a statement takes."""
    every = list(values)
    for start in range(0, len(every), MOST_AT_ONCE):
        yield every[start : start + MOST_AT_ONCE]


def _home_of(stem: str, row: Any) -> Home:
    """Where a row belongs. A sub-project is at home in itself, a project too."""
    own = {"sub_projects": "sub_project_id", "projects": "project_id"}.get(stem)
    home = {name: row[name] for name in ("sub_project_id", "project_id") if name in row}
    return Home(**home | ({own: row["id"]} if own else {}))


def _home(model: type[Row], found: Sequence[tuple[Named, Home]]) -> Home:
    """A home that is named gives it, or else the first reference that has one: a result's goal, …"""
    of_project = not issubclass(model, RecordRow) or "project_id" in _home_columns(model)
    homes = [
        (name.target not in ("sub_projects", "projects"), place)
        for place, (name, home) in enumerate(found)
        if (home.project_id if of_project else home.sub_project_id)
    ]
    return found[min(homes)[1]][1] if homes else Home()


def _strangers(home: Home, found: Sequence[tuple[Named, Home]]) -> Iterator[Fault]:
    """References to rows of another sub-project, or to plan rows of another project."""
    for name, theirs in found:
        if theirs.sub_project_id and theirs.sub_project_id != home.sub_project_id:
            yield Fault("other_sub_project", "Belongs to another sub-project.", name.pointer)
        elif theirs.project_id and theirs.project_id != home.project_id:
            yield Fault("other_project", "Belongs to another project.", name.pointer)


def settles(model: type[Row], column: str) -> str:
    """The pointer at the field that says where a row is at home: a result is where its goal is."""
    fields = model.schema.writable().fields
    first = (name for name, field in fields.items() if isinstance(field, Reference))
    return f"/{column if column in fields else next(first)}"


def _stays_home(row: Row, home: Home) -> None:
    for column in _home_columns(type(row)):
        if getattr(row, column) != getattr(home, column):
            pointer = settles(type(row), column)
            raise Invalid(faults=[Fault("immutable", "A row stays where it was made.", pointer)])


def _comes_to_an_end(session: Session, row: Row, data: Data) -> None:
    """Refuse a row that would refer to itself by way of rows of its own kind: a plan based on a model based on it."""
    model: Any = type(row)
    for name, field in model.schema.writable().fields.items():
        if not isinstance(field, Reference) or field.target != model.__tablename__:
            continue
        if data[name] is None or data[name] == getattr(row, name):
            continue
        # Two at once, each leading to the other, would both find no way back; the second waits for the first.
        sub_project = sa.select(SubProject.id).where(SubProject.id == data["sub_project_id"])
        session.execute(sub_project.with_for_update(key_share=True))
        if _leads_to(session, model.__table__.c[name], data[name], row.id):
            raise Invalid(faults=[Fault("cycle", "Leads back to this row.", f"/{name}")])


def _leads_to(session: Session, link: Any, start: uuid.UUID, end: uuid.UUID) -> bool:
    """Whether the links that start at one row come by another; every row once, so that no circle holds them."""
    c = link.table.c
    way = sa.select(sa.literal(start, Identifier()).label("id")).cte("way", recursive=True)
    onward = sa.select(link).where(
        c.provider_id == SCOPE_PROVIDER, c.id == way.c.id, link.is_not(None)
    )
    way = way.union(onward)
    asked = sa.select(way.c.id).where(way.c.id == end)
    return session.scalar(scoped(asked)) is not None


def may_live(session: Session, model: type[Row], data: Data, home: Home, reach: Reach) -> None:
    """A right that does not cover every row covers only rows that will be the caller's.

    :raises Forbidden: this one would not be
    """
    mine = session.scope.provider_id
    if model.__tablename__ == "sub_projects" and not _takes_part(session, home.project_id):
        fault = Fault("not_found", "Your provider takes part in no such project.", "/project_id")
        raise Invalid(faults=[fault])
    if reach is Reach.COORDINATES and _coordinator(session, model, data, home) != mine:
        raise Forbidden("Only the project's coordinating provider or the ministry may do this.")
    if reach is Reach.OWN and issubclass(model, SystemRow) and data.get("provider_id") != mine:
        raise Forbidden("Only for your own provider.")
    if reach is Reach.MINISTRYS and data.get("provider_id") is not None:
        raise Forbidden("Only for the ministry itself.")


def _takes_part(session: Session, project_id: uuid.UUID | None) -> bool:
    asked = sa.select(Participation.id).where(
        Participation.project_id == project_id,
        Participation.provider_id == session.scope.provider_id,
    )
    return session.scalar(asked) is not None


def _coordinator(session: Session, model: type[Row], data: Data, home: Home) -> uuid.UUID | None:
    if model is Project:
        return data["coordinator_id"]  # type: ignore[no-any-return]
    return session.scalar(sa.select(Project.coordinator_id).where(Project.id == home.project_id))
