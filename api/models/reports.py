"""Reports of a sub-project."""

import uuid
from datetime import date

from sqlalchemy import orm
from sqlalchemy.ext.associationproxy import AssociationProxy

from api.base import words
from api.models.base import Link, RecordRow, children, line, linked, parent, plan, record
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
