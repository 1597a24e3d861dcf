"""Disseminations of surveys' results and of deliverables."""

import uuid

from sqlalchemy import orm
from sqlalchemy.ext.associationproxy import AssociationProxy

from api.base import words
from api.models.base import Dated, Link, RecordRow, children, line, linked, parent, prose, record
from schemas import disseminations as contract
from schemas import vocabulary as v


class DisseminationGoal(Link):
    __tablename__ = "dissemination_goals"

    dissemination_id: orm.Mapped[uuid.UUID] = parent("disseminations")
    goal_id: orm.Mapped[uuid.UUID] = record("goals", primary_key=True)


class Dissemination(Dated, RecordRow):
    __tablename__ = "disseminations"
    schema = contract.Dissemination

    sub_project_id: orm.Mapped[uuid.UUID] = record("sub_projects")
    survey_id: orm.Mapped[uuid.UUID | None] = record("surveys")
    deliverable_id: orm.Mapped[uuid.UUID | None] = record("deliverables")
    audience: orm.Mapped[str] = line()
    by_whom: orm.Mapped[str | None] = line()
    channel: orm.Mapped[str | None] = line()
    progress: orm.Mapped[str] = orm.mapped_column(words(v.Progress))
    text: orm.Mapped[str | None] = prose()
    goal_links: orm.Mapped[list[DisseminationGoal]] = children(DisseminationGoal)
    goal_ids: AssociationProxy[list[uuid.UUID]] = linked("goal_links", "goal_id", DisseminationGoal)
