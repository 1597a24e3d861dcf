"""Deliverables, their stages into use and their deliveries."""

import datetime as dt
import uuid

from sqlalchemy import orm
from sqlalchemy.ext.associationproxy import AssociationProxy

from api.base import words
from api.models.base import (
    Child,
    Dated,
    Link,
    RecordRow,
    children,
    line,
    linked,
    parent,
    prose,
    record,
)
from schemas import deliverables as contract
from schemas import vocabulary as v


class Stage(Child):
    __tablename__ = "deliverable_stages"

    deliverable_id: orm.Mapped[uuid.UUID] = parent("deliverables")
    stage: orm.Mapped[str] = orm.mapped_column(words(v.DeliverableStage))
    progress: orm.Mapped[str] = orm.mapped_column(words(v.Progress))
    body: orm.Mapped[str | None] = line()
    date: orm.Mapped[dt.date | None]
    note: orm.Mapped[str | None] = prose()


class Delivery(Child):
    __tablename__ = "deliverable_deliveries"

    deliverable_id: orm.Mapped[uuid.UUID] = parent("deliverables")
    channel: orm.Mapped[str] = line()
    recipient: orm.Mapped[str | None] = line()
    progress: orm.Mapped[str] = orm.mapped_column(words(v.Progress))
    date: orm.Mapped[dt.date | None]
    date_note: orm.Mapped[str | None] = line()
    meeting_id: orm.Mapped[uuid.UUID | None] = record("meetings")


class DeliverableGoal(Link):
    __tablename__ = "deliverable_goals"

    deliverable_id: orm.Mapped[uuid.UUID] = parent("deliverables")
    goal_id: orm.Mapped[uuid.UUID] = record("goals", primary_key=True)


class Deliverable(Dated, RecordRow):
    __tablename__ = "deliverables"
    schema = contract.Deliverable

    sub_project_id: orm.Mapped[uuid.UUID] = record("sub_projects")
    kind: orm.Mapped[str] = orm.mapped_column(words(v.DeliverableKind))
    title: orm.Mapped[str] = line()
    description: orm.Mapped[str | None] = prose()
    progress: orm.Mapped[str] = orm.mapped_column(words(v.Progress))
    based_on_id: orm.Mapped[uuid.UUID | None] = record("deliverables")
    stages: orm.Mapped[list[Stage]] = children(Stage)
    deliveries: orm.Mapped[list[Delivery]] = children(Delivery)
    goal_links: orm.Mapped[list[DeliverableGoal]] = children(DeliverableGoal)
    goal_ids: AssociationProxy[list[uuid.UUID]] = linked("goal_links", "goal_id", DeliverableGoal)
