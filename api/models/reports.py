"""Reports of a sub-project, what was frozen of them, and what happened to them."""

import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.ext.associationproxy import AssociationProxy

from api.base import words
from api.models.base import (
    Kept,
    Link,
    RecordRow,
    children,
    line,
    linked,
    parent,
    plan,
    prose,
    record,
)
from schemas import reports as contract
from schemas import vocabulary as v


class ReportPeriod(Link):
    __tablename__ = "report_periods"

    report_id: orm.Mapped[uuid.UUID] = parent("reports")
    period_id: orm.Mapped[uuid.UUID] = plan("periods", primary_key=True)


class Report(RecordRow):
    __tablename__ = "reports"
    schema = contract.Report

    sub_project_id: orm.Mapped[uuid.UUID] = record("sub_projects")
    kind: orm.Mapped[str] = orm.mapped_column(words(v.ReportKind))
    title: orm.Mapped[str | None] = line()
    language: orm.Mapped[str] = orm.mapped_column(words(v.Language))
    report_date: orm.Mapped[date | None]
    contact_id: orm.Mapped[uuid.UUID | None] = record("contacts")
    state: orm.Mapped[str] = orm.mapped_column(
        words(v.ReportState), default=v.ReportState.DRAFT.value
    )
    period_links: orm.Mapped[list[ReportPeriod]] = children(ReportPeriod)
    period_ids: AssociationProxy[list[uuid.UUID]] = linked(
        "period_links", "period_id", ReportPeriod
    )


class ReportVersion(Kept):
    """A report as it was when it was submitted.

    :ivar snapshot: canonical JSON (RFC 8785) of what the API showed of it
    :ivar sha256: of the snapshot in UTF-8, in hexadecimal digits
    """

    __tablename__ = "report_versions"
    __table_args__ = (sa.UniqueConstraint("provider_id", "report_id", "number"),)

    report_id: orm.Mapped[uuid.UUID] = record("reports")
    number: orm.Mapped[int]
    submitted_at: orm.Mapped[datetime]
    submitted_by: orm.Mapped[uuid.UUID]
    snapshot: orm.Mapped[str] = orm.mapped_column(sa.Text)
    sha256: orm.Mapped[str] = orm.mapped_column(sa.String(64))


class ReportEvent(Kept):
    """A step in the life of a report. Who took it is told by id and role, not by name: accounts go, events stay."""

    __tablename__ = "report_events"

    report_id: orm.Mapped[uuid.UUID] = record("reports")
    at: orm.Mapped[datetime]
    by_id: orm.Mapped[uuid.UUID]
    by_role: orm.Mapped[str] = orm.mapped_column(words(v.Role))
    action: orm.Mapped[str] = orm.mapped_column(words(v.ReportAction))
    from_state: orm.Mapped[str] = orm.mapped_column(words(v.ReportState, "from_state"))
    to_state: orm.Mapped[str] = orm.mapped_column(words(v.ReportState, "to_state"))
    version_number: orm.Mapped[int | None]
    reason: orm.Mapped[str | None] = prose()
    open_threads: orm.Mapped[int | None]
