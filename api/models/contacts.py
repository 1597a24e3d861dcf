"""Contact persons. Personal data."""

from sqlalchemy import orm

from api.models.base import RecordRow, line
from schemas import contacts as contract
from schemas import vocabulary as v


class Contact(RecordRow):
    __tablename__ = "contacts"
    schema = contract.Contact

    name: orm.Mapped[str] = line(v.NAME_LENGTH)
    job_title: orm.Mapped[str | None] = line()
    email: orm.Mapped[str | None] = line(v.EMAIL_LENGTH)
    phone: orm.Mapped[str | None] = line(v.CODE_LENGTH)
    postal_address: orm.Mapped[str | None] = line()
