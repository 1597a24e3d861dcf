"""Tables in general: column types that both engines keep alike, and what rows of every table share."""

import typing as t
import uuid
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql
from uuid_utils.compat import uuid7


@lru_cache(4096)
def _parsed(text: str | None) -> uuid.UUID | None:
    """A page repeats most of its ids, and parsing one is dear."""
    return None if text is None else uuid.UUID(text)


def _printed(value: uuid.UUID | None) -> str | None:
    return None if value is None else str(value)


class Identifier(sa.TypeDecorator[uuid.UUID]):
    """A UUID: native on PostgreSQL, its 36 characters on SQLite, so that both print it alike."""

    impl = sa.Uuid
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[t.Any]:
        return dialect.type_descriptor(sa.CHAR(36) if dialect.name == "sqlite" else sa.Uuid())

    def bind_processor(self, dialect: sa.Dialect) -> t.Any:
        return _printed if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> t.Any:
        if dialect.name != "sqlite":
            return None  # the driver's own
        return _parsed


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

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> t.Any:
        return _read if dialect.name == "sqlite" else _in_utc


def _read(text: str | None) -> datetime | None:
    """SQLite keeps what was written: our moments have no offset, and others' may have one."""
    return None if text is None else _in_utc(datetime.fromisoformat(text))


def _in_utc(moment: datetime | None) -> datetime | None:
    if moment is None or moment.tzinfo is UTC:
        return moment
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def words(vocabulary: type[StrEnum], name: str | None = None) -> sa.Enum:
    """A column that holds one word of a vocabulary; the table checks it, the code sees plain text.

    :param name: of the check, where a table has several of one vocabulary
    """
    return sa.Enum(
        *(word.value for word in vocabulary),
        native_enum=False,
        create_constraint=True,
        length=40,
        name=name or vocabulary.__name__.lower(),
    )


def now() -> datetime:
    return datetime.now(UTC)


def _created_at(context: t.Any) -> datetime:
    """A new row's own moment: who sees both moments alike knows that the row never changed."""
    created_at: datetime = context.get_current_parameters()["created_at"]
    return created_at


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


class RowMixin:
    """What every mutable row carries. `version` is the lock behind ETag and If-Match."""

    id: orm.Mapped[uuid.UUID] = orm.mapped_column(primary_key=True, default=uuid7, sort_order=-9)
    version: orm.Mapped[int] = orm.mapped_column(sort_order=90)
    created_at: orm.Mapped[datetime] = orm.mapped_column(default=now, sort_order=91)
    updated_at: orm.Mapped[datetime] = orm.mapped_column(default=_created_at, sort_order=92)

    @orm.declared_attr.directive
    def __mapper_args__(cls) -> dict[str, t.Any]:
        return {"version_id_col": cls.version}
