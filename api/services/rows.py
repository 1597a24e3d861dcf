"""Writing one row of any table: its references hold, its home stays, what the database refuses is said in our words."""

import contextlib
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from marshmallow import Schema

from api.access import Reach
from api.db import SCOPE_PROVIDER, Base, Session, now, scoped
from api.models.base import Child, PlanRow, RecordRow, Row, SystemRow
from api.models.participations import Participation
from api.models.projects import Project
from api.models.sub_projects import SubProject
from api.problems import Duplicate, Fault, Forbidden, InUse, Invalid, Problem
from schemas.fields import Entries, Part, Reference, References

Data = dict[str, Any]


@dataclass(frozen=True)
class Named:
    """A reference as it stands in a body: where, to which resource, to which row."""

    pointer: str
    target: str
    key: uuid.UUID


@dataclass(frozen=True)
class Home:
    """The sub-project and project that a row belongs to, as far as it belongs to one."""

    sub_project_id: uuid.UUID | None = None
    project_id: uuid.UUID | None = None


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
    """
    home = _settle(session, model, data)
    _may_live(session, model, data, home, reach)
    row = model(**_values(model, data))
    session.add(row)
    flush(session)
    return row


def replace(session: Session, row: Row, data: Data, reach: Reach) -> None:
    """Give a row these values; it stays where it belongs."""
    home = _settle(session, type(row), data)
    _stays_home(row, home)
    _comes_to_an_end(session, row, data)
    _may_live(session, type(row), data, home, reach)
    # An autoflush halfway would count as a version of its own, and its refusal would pass by ours.
    with session.no_autoflush:
        for name, value in _values(type(row), data).items():
            setattr(row, name, value)
    row.updated_at = now()
    flush(session)


def remove(session: Session, row: Row) -> None:
    """Delete a row with its entries. :raises InUse: other rows refer to it"""
    if isinstance(row, RecordRow) and (users := _referring(session, row)):
        raise InUse(f"Referred to by: {', '.join(users)}.", members={"referring": users})
    session.delete(row)
    flush(session)


def _referring(session: Session, row: RecordRow) -> list[str]:
    """The resources of the same provider that hold a reference to this row, themselves or in their entries."""
    asked = [
        sa.select(sa.literal(_resource_of(other)).label("name")).where(
            sa.exists()
            .where(other.c.provider_id == SCOPE_PROVIDER, other.c[column.name] == row.id)
            .select_from(other)
        )
        for other in Base.metadata.sorted_tables
        for column in other.c
        if column.info.get("record") == row.__tablename__
    ]
    if not asked:
        return []
    return sorted(set(session.scalars(scoped(sa.union_all(*asked)), {})))


def _resource_of(table: sa.Table) -> str:
    """The stem of a table's resource, which for a table of entries is their parent's."""
    return next((c.info["parent"] for c in table.c if "parent" in c.info), table.name)


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
    for name, field in schema.load_fields.items():
        value, pointer = data.get(name), f"{base}/{name}"
        if value is None:
            continue
        if isinstance(field, Reference):
            yield Named(pointer, field.target, value)
        elif isinstance(field, References):
            yield from (Named(f"{pointer}/{i}", field.target, key) for i, key in enumerate(value))
        elif isinstance(field, Entries) and isinstance(field.inner, Part):
            for i, entry in enumerate(value):
                yield from named(field.inner.schema, entry, f"{pointer}/{i}")


def _settle(session: Session, model: type[Row], data: Data) -> Home:
    """Check every reference, and fill in the home that the row has by them."""
    references = list(named(model.schema.writable(), data))
    found = _find(session, references)
    faults = [
        Fault("not_found", f"No such row of {name.target}.", name.pointer)
        for name in references
        if (name.target, name.key) not in found
    ]
    if faults:
        raise Invalid(faults=faults)
    home = _home(session, model, references, found)
    if faults := list(_strangers(home, references, found)):
        raise Invalid(faults=faults)
    for column in ("sub_project_id", "project_id"):
        if column in model.__table__.c and column not in data:
            data[column] = getattr(home, column)
    return home


def _find(session: Session, references: list[Named]) -> dict[tuple[str, uuid.UUID], Home]:
    """The rows that the references name, and where they belong; one statement a target."""
    found = {}
    for target in {name.target for name in references}:
        model = model_of(target)
        c = model.__table__.c
        own = {"sub_projects": "sub_project_id", "projects": "project_id"}.get(target)
        columns = [model.id] + [
            getattr(model, name) for name in ("sub_project_id", "project_id") if name in c
        ]
        keys = {name.key for name in references if name.target == target}
        asked = sa.select(*columns).where(model.id.in_(keys))
        visible = model.within(Reach.TAKES_PART) if issubclass(model, PlanRow) else None
        if visible is not None and session.scope.provider_id:
            # What a provider can't read is not there; "of another project" would confirm that it is.
            asked = scoped(asked.where(visible))
        for row in session.execute(asked).mappings():
            home = {k: row[k] for k in ("sub_project_id", "project_id") if k in row}
            found[target, row["id"]] = Home(**home | ({own: row["id"]} if own else {}))
    return found


def _home(
    session: Session,
    model: type[Row],
    references: list[Named],
    found: Mapping[tuple[str, uuid.UUID], Home],
) -> Home:
    """A home that is named gives it, or else the first reference that has one: a result's goal, …"""
    named_first = sorted(
        references, key=lambda name: name.target not in ("sub_projects", "projects")
    )
    homes = [found[name.target, name.key] for name in named_first]
    if not issubclass(model, RecordRow) or "project_id" in model.__table__.c:
        return next((h for h in homes if h.project_id), Home())
    sub_project_id = next((h.sub_project_id for h in homes if h.sub_project_id), None)
    if sub_project_id is None:
        return Home()
    project_id = session.scalars(
        sa.select(SubProject.project_id).where(SubProject.id == sub_project_id)
    ).one()
    return Home(sub_project_id, project_id)


def _strangers(
    home: Home, references: list[Named], found: Mapping[tuple[str, uuid.UUID], Home]
) -> Iterator[Fault]:
    """References to rows of another sub-project, or to plan rows of another project."""
    for name in references:
        theirs = found[name.target, name.key]
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
    for column in ("sub_project_id", "project_id"):
        if column in row.__table__.c and getattr(row, column) != getattr(home, column):
            text, pointer = "A row stays where it was made.", settles(type(row), column)
            raise Invalid(faults=[Fault("immutable", text, pointer)])


def _comes_to_an_end(session: Session, row: Row, data: Data) -> None:
    """Refuse a row that would refer to itself by way of rows of its own kind: a plan based on a model based on it."""
    model: Any = type(row)
    for name, field in model.schema.writable().fields.items():
        if not isinstance(field, Reference) or field.target != model.__tablename__:
            continue
        key, passed = data[name], set[uuid.UUID]()
        while key is not None and key not in passed:
            if key == row.id:
                text = "Leads back to this row."
                raise Invalid(faults=[Fault("cycle", text, f"/{name}")])
            passed.add(key)
            key = session.scalar(sa.select(getattr(model, name)).where(model.id == key))


def _may_live(session: Session, model: type[Row], data: Data, home: Home, reach: Reach) -> None:
    """A right that does not cover every row covers only rows that will be the caller's."""
    mine = session.scope.provider_id
    if model.__tablename__ == "sub_projects" and not _takes_part(session, home.project_id):
        fault = Fault("not_found", "Your provider takes no part in such a project.", "/project_id")
        raise Invalid(faults=[fault])
    if reach is Reach.COORDINATES and _coordinator(session, model, data, home) != mine:
        raise Forbidden("Only the project's coordinating provider or the ministry may do this.")
    if reach is Reach.OWN and issubclass(model, SystemRow) and data.get("provider_id") != mine:
        raise Forbidden("Only for your own provider.")


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


def flush(session: Session) -> None:
    """Send what is pending, inside the handler, so that a refusal is answered and not met at commit."""
    with _refusals():
        session.flush()


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except sa.exc.IntegrityError as error:
        raise _refusal(error) from error


def _refusal(error: sa.exc.IntegrityError) -> Problem:
    """Which of our rules a constraint stood for."""
    kind, columns = _violation(error)
    if kind == "unique" and columns:
        field = columns[-1].removesuffix("_key")
        return Duplicate(
            f"Another row has the same {field}.",
            faults=[Fault("duplicate", "Another row has this already.", f"/{field}")],
        )
    if kind == "foreign key":
        return InUse("Other rows refer to this one, or what it refers to has just gone.")
    return Duplicate()


def _violation(error: sa.exc.IntegrityError) -> tuple[str, list[str]]:
    """What kind of constraint was violated, and its columns where the engine tells."""
    original: Any = error.orig
    if diagnosis := getattr(original, "diag", None):
        kinds = {"23505": "unique", "23503": "foreign key"}
        constraint = _constraint(diagnosis.table_name, diagnosis.constraint_name)
        return kinds.get(original.sqlstate, ""), constraint
    kinds = {
        "SQLITE_CONSTRAINT_UNIQUE": "unique",
        "SQLITE_CONSTRAINT_FOREIGNKEY": "foreign key",
    }
    _, _, columns = str(original).partition(": ")
    names = [name.partition(".")[2] for name in columns.split(", ")]
    return kinds.get(original.sqlite_errorname, ""), names


def _constraint(table: str | None, name: str | None) -> list[str]:
    found = Base.metadata.tables[table or ""].constraints if table else set()
    return [
        column.name
        for constraint in found
        if isinstance(constraint, sa.UniqueConstraint) and constraint.name == name
        for column in constraint.columns
    ]
