"""The shapes that the tables of each plane share: keys, references, and what a right's reach means for them."""

import datetime as dt
import typing as t
import uuid
from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy

from api.access import Reach
from api.base import Base, ProviderScoped, RowMixin, words
from api.scope import SCOPE_PROVIDER, scoped
from schemas import vocabulary as v
from schemas.base import Schema


def record(target: str, **kwargs: t.Any) -> orm.MappedColumn[t.Any]:
    """A reference to a row of the same provider: becomes a foreign key on (provider_id, …) (wall 2)."""
    return orm.mapped_column(info={"record": target}, **kwargs)


def plan(target: str, **kwargs: t.Any) -> orm.MappedColumn[t.Any]:
    """A reference to a row of the plan or system plane."""
    return orm.mapped_column(info={"plan": target}, **kwargs)


def parent(target: str) -> orm.MappedColumn[t.Any]:
    """The row that a child or link belongs to, and goes with."""
    return orm.mapped_column(primary_key=True, sort_order=-9, info={"parent": target})


def _complete(table: sa.Table) -> None:
    """Foreign keys and their indexes from the references; checks that keep poison out of either engine."""
    if "updated_at" in table.c:
        sa.Index(None, table.c.updated_at, table.c.id)  # what is new, over all providers
    for column in list(table.c):
        if target := column.info.get("record") or column.info.get("parent"):
            rule = "CASCADE" if "parent" in column.info else None
            own, theirs = ["provider_id", column.name], [f"{target}.provider_id", f"{target}.id"]
            table.append_constraint(sa.ForeignKeyConstraint(own, theirs, ondelete=rule))
        if target := column.info.get("plan"):
            table.append_constraint(sa.ForeignKeyConstraint([column.name], [f"{target}.id"]))
        _index(table, column)
        if isinstance(column.type, sa.Date):
            # A year of 10000 goes into PostgreSQL and then fails every later read.
            within = column.between(sa.text(f"'{v.FIRST_DAY}'"), sa.text(f"'{v.LAST_DAY}'"))
            table.append_constraint(sa.CheckConstraint(within, name=column.name))
        if isinstance(column.type, sa.Double):
            within = column.between(sa.text(f"-{v.NUMBER_LIMIT}"), sa.text(f"{v.NUMBER_LIMIT}"))
            table.append_constraint(sa.CheckConstraint(within, name=column.name))


def _index(table: sa.Table, column: sa.Column[t.Any]) -> None:
    """By a reference, of all providers and of one.

    The provider must be in it: else SQLite may take another index that has him, and read all of his rows.
    """
    scoped = [table.c.provider_id] if table.info.get("scoped") else []
    id_ = [table.c.id] if "id" in table.c else []
    if "record" in column.info:
        sa.Index(None, column, *scoped, *id_)
    elif "plan" in column.info:
        sa.Index(None, column, *id_)
        if scoped:
            sa.Index(None, *scoped, column, *id_)


class _Completed:
    def __init_subclass__(cls, **kwargs: t.Any) -> None:
        super().__init_subclass__(**kwargs)
        if "__tablename__" in cls.__dict__:
            _complete(t.cast(t.Any, cls).__table__)


def _taking_part() -> sa.Select[t.Any]:
    metadata = Base.metadata.tables
    part = metadata["participations"].c
    return sa.select(part.project_id).where(part.provider_id == SCOPE_PROVIDER)


def _coordinated() -> sa.Select[t.Any]:
    project = Base.metadata.tables["projects"].c
    return sa.select(project.id).where(project.coordinator_id == SCOPE_PROVIDER)


class Row(_Completed, RowMixin, Base):
    """A table whose rows the API shows one by one, as its `schema` says."""

    __abstract__ = True

    schema: t.ClassVar[type[Schema]]
    # Whether `version` counts every change of what is shown; else an ETag goes by the content.
    version_counts_all: t.ClassVar[bool] = True

    @classmethod
    def all(cls) -> Iterator[type["Row"]]:
        return (m.class_ for m in Base.registry.mappers if issubclass(m.class_, Row))

    @classmethod
    def looked_up(cls, filters: dict[str, t.Any]) -> dict[str, t.Any]:
        """The columns that a list's filters stand for."""
        return filters

    @classmethod
    def within(cls, reach: Reach) -> sa.ColumnElement[bool] | None:
        """The condition that a reach puts on this table; None for every row. What has no rule is refused."""
        if reach is Reach.EVERY:
            return None
        raise LookupError(f"{cls.__name__} has no rule for {reach}")

    @classmethod
    def bounded(cls, statement: sa.Select[t.Any], reach: Reach) -> sa.Select[t.Any]:
        """A select with that condition on it, which all but the ministry's own rows take from the session's scope."""
        within = cls.within(reach)
        if within is None:
            return statement
        narrowed = statement.where(within)
        return narrowed if reach is Reach.MINISTRYS else t.cast(t.Any, scoped(narrowed))


class PlanRow(Row):
    """Shared by all who take part in a project."""

    __abstract__ = True

    @classmethod
    def of_projects(cls, projects: sa.Select[t.Any]) -> sa.ColumnElement[bool]:
        return cls.__table__.c.project_id.in_(projects)

    @classmethod
    def within(cls, reach: Reach) -> sa.ColumnElement[bool] | None:
        if reach is Reach.TAKES_PART:
            return sa.or_(cls.of_projects(_taking_part()), cls.of_projects(_coordinated()))
        if reach is Reach.COORDINATES:
            return cls.of_projects(_coordinated())
        return super().within(reach)


class SystemRow(Row):
    """A row that may belong to a provider without being a record: users, API clients and webhooks."""

    __abstract__ = True

    @classmethod
    def within(cls, reach: Reach) -> sa.ColumnElement[bool] | None:
        if reach is Reach.OWN:
            return cls.__table__.c.provider_id == SCOPE_PROVIDER
        if reach is Reach.MINISTRYS:
            return cls.__table__.c.provider_id.is_(None)
        return super().within(reach)


class RecordRow(ProviderScoped, Row):
    """A provider's own row, which its scripts may know by a name of their own."""

    __abstract__ = True

    external_id: orm.Mapped[str | None] = orm.mapped_column(
        sa.String(v.EXTERNAL_ID_LENGTH), sort_order=89
    )

    @staticmethod
    def constraints() -> tuple[t.Any, ...]:
        return (
            sa.UniqueConstraint("provider_id", "external_id"),
            sa.ForeignKeyConstraint(["provider_id"], ["providers.id"]),
            sa.Index(None, "id"),  # the ministry's order over all providers
            sa.Index(None, "provider_id", "updated_at", "id"),
        )

    @orm.declared_attr.directive
    def __table_args__(cls) -> tuple[t.Any, ...]:
        return cls.constraints()

    @classmethod
    def within(cls, reach: Reach) -> sa.ColumnElement[bool] | None:
        if reach is Reach.OWN:
            return cls.__table__.c.provider_id == SCOPE_PROVIDER
        return super().within(reach)


class Child(ProviderScoped, _Completed, Base):
    """An entry of a list inside a record; it has no life of its own."""

    __abstract__ = True

    position: orm.Mapped[int] = orm.mapped_column(primary_key=True, sort_order=-8)


class Link(ProviderScoped, _Completed, Base):
    """One reference of a list of references inside a record."""

    __abstract__ = True


def children(child: type[Child | Link]) -> t.Any:
    """The children or links of a record, in order; they are written and deleted with it."""
    return orm.relationship(
        child,
        cascade="all, delete-orphan",
        order_by=lambda: [getattr(child, column.key) for column in child.__table__.primary_key],
    )


def linked(relationship: str, column: str, link: type[Link]) -> AssociationProxy[t.Any]:
    """The ids at the other ends of a record's links."""
    return association_proxy(relationship, column, creator=lambda key: link(**{column: key}))


class Dated:
    """When something was, as exactly as it is known."""

    date: orm.Mapped[dt.date | None]
    date_precision: orm.Mapped[str | None] = orm.mapped_column(words(v.DatePrecision))
    period_id: orm.Mapped[uuid.UUID | None] = plan("periods")
    date_note: orm.Mapped[str | None] = orm.mapped_column(sa.String(v.LINE_LENGTH))


def line(maximum: int = v.LINE_LENGTH) -> orm.MappedColumn[t.Any]:
    return orm.mapped_column(sa.String(maximum))


def prose() -> orm.MappedColumn[t.Any]:
    return orm.mapped_column(sa.String(v.TEXT_LENGTH))
