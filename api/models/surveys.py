"""Surveys as records."""

import uuid
from datetime import date

from sqlalchemy import orm
from sqlalchemy.ext.associationproxy import AssociationProxy

from api.base import words
from api.models.base import (
    Child,
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
from schemas import surveys as contract
from schemas import vocabulary as v


class Respondents(Child):
    __tablename__ = "survey_respondent_groups"

    survey_id: orm.Mapped[uuid.UUID] = parent("surveys")
    group: orm.Mapped[str] = orm.mapped_column(words(v.RespondentGroup))
    label: orm.Mapped[str | None] = line()
    invited: orm.Mapped[int | None]
    answered: orm.Mapped[int | None]


class Question(Child):
    __tablename__ = "survey_questions"

    survey_id: orm.Mapped[uuid.UUID] = parent("surveys")
    text: orm.Mapped[str] = line()
    free_comment: orm.Mapped[bool]


class SurveyGoal(Link):
    __tablename__ = "survey_goals"

    survey_id: orm.Mapped[uuid.UUID] = parent("surveys")
    goal_id: orm.Mapped[uuid.UUID] = record("goals", primary_key=True)


class Survey(RecordRow):
    __tablename__ = "surveys"
    schema = contract.Survey

    sub_project_id: orm.Mapped[uuid.UUID] = record("sub_projects")
    period_id: orm.Mapped[uuid.UUID | None] = plan("periods")
    title: orm.Mapped[str] = line()
    purpose: orm.Mapped[str | None] = prose()
    progress: orm.Mapped[str] = orm.mapped_column(words(v.Progress))
    opens_on: orm.Mapped[date | None]
    closes_on: orm.Mapped[date | None]
    recurrence: orm.Mapped[str | None] = orm.mapped_column(words(v.Recurrence))
    respondent_groups: orm.Mapped[list[Respondents]] = children(Respondents)
    questions: orm.Mapped[list[Question]] = children(Question)
    goal_links: orm.Mapped[list[SurveyGoal]] = children(SurveyGoal)
    goal_ids: AssociationProxy[list[uuid.UUID]] = linked("goal_links", "goal_id", SurveyGoal)
