"""Education providers: the tenants."""

import sqlalchemy as sa
from sqlalchemy import orm

from api.base import Json, words
from api.models.base import Row, line
from schemas import providers as contract
from schemas import vocabulary as v


class Provider(Row):
    __tablename__ = "providers"
    schema = contract.Provider
    __table_args__ = (sa.UniqueConstraint("business_id"), sa.UniqueConstraint("oid"))

    name: orm.Mapped[str] = line(v.NAME_LENGTH)
    short_name: orm.Mapped[str | None] = line(v.CODE_LENGTH)
    kind: orm.Mapped[str] = orm.mapped_column(words(v.ProviderKind))
    business_id: orm.Mapped[str | None] = line(9)
    oid: orm.Mapped[str | None] = line(100)
    colleges: orm.Mapped[list[str]] = orm.mapped_column(Json)
