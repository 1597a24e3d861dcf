"""Feedback, one point each, and what became of it."""

import uuid
from datetime import date

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
from schemas import feedback as contract
from schemas import vocabulary as v


class Action(Child):
    __tablename__ = "feedback_actions"

    feedback_id: orm.Mapped[uuid.UUID] = parent("feedback")
    text: orm.Mapped[str] = prose()
    state: orm.Mapped[str] = orm.mapped_column(words(v.ActionState))
    decided_on: orm.Mapped[date | None]
    done_on: orm.Mapped[date | None]


class FeedbackGoal(Link):
    __tablename__ = "feedback_goals"

    feedback_id: orm.Mapped[uuid.UUID] = parent("feedback")
    goal_id: orm.Mapped[uuid.UUID] = record("goals", primary_key=True)


class Feedback(Dated, RecordRow):
    __tablename__ = "feedback"
    schema = contract.Feedback

    sub_project_id: orm.Mapped[uuid.UUID] = record("sub_projects")
    source: orm.Mapped[str] = orm.mapped_column(words(v.FeedbackSource))
    source_name: orm.Mapped[str | None] = line()
    field: orm.Mapped[str | None] = line()
    meeting_id: orm.Mapped[uuid.UUID | None] = record("meetings")
    survey_id: orm.Mapped[uuid.UUID | None] = record("surveys")
    about: orm.Mapped[str | None] = line()
    about_survey_id: orm.Mapped[uuid.UUID | None] = record("surveys")
    about_deliverable_id: orm.Mapped[uuid.UUID | None] = record("deliverables")
    position: orm.Mapped[int]
    point: orm.Mapped[str] = prose()
    actions: orm.Mapped[list[Action]] = children(Action)
    goal_links: orm.Mapped[list[FeedbackGoal]] = children(FeedbackGoal)
    goal_ids: AssociationProxy[list[uuid.UUID]] = linked("goal_links", "goal_id", FeedbackGoal)
