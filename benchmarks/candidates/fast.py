"""FastAPI, pydantic and SQLAlchemy's asyncio, as their documentation shows them."""

import os
import uuid
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Literal, Self

import jwt
from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import orm
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from benchmarks.candidates import models
from benchmarks.candidates.models import Goal, Period, Result

DRIVERS = {"postgresql:": "postgresql+asyncpg:", "sqlite:": "sqlite+aiosqlite:"}
scheme, _, rest = models.URL.partition("//")
engine = create_async_engine(f"{DRIVERS[scheme]}//{rest}")
models.tuned(engine.sync_engine)
new_session = async_sessionmaker(engine, expire_on_commit=False)
app = FastAPI(title="LAMPPU")

Name = Annotated[str, Field(min_length=1, max_length=models.NAME_LENGTH)]
Text = Annotated[str, Field(min_length=1, max_length=models.TEXT_LENGTH)]


class ResultIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    goal_id: uuid.UUID
    period_id: uuid.UUID
    kind: Literal[models.KINDS]
    progress: Literal[models.PROGRESS] = "done"
    position: Annotated[int, Field(ge=1, le=10_000)] = 1
    text: Text | None = None
    reason: Text | None = None
    external_id: Name | None = None

    @model_validator(mode="after")
    def says_what_or_why(self) -> Self:
        acts = self.kind in ("activity", "outcome")
        if (self.text is None) == acts or (self.reason is None) != acts:
            raise ValueError("Text or reason, as the kind is.")
        return self


class Row(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    provider_id: uuid.UUID
    sub_project_id: uuid.UUID
    external_id: str | None
    version: int
    created_at: datetime
    updated_at: datetime
    position: int
    text: str | None


class ResultOut(Row):
    goal_id: uuid.UUID
    period_id: uuid.UUID
    kind: str
    progress: str
    reason: str | None


class GoalOut(Row):
    project_goal_id: uuid.UUID | None
    results: list[ResultOut]


class PageOut(BaseModel):
    items: list[ResultOut]
    next: uuid.UUID | None


async def open_session() -> AsyncIterator[AsyncSession]:
    async with new_session() as session:
        yield session


Session = Annotated[AsyncSession, Depends(open_session)]
Token = Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]


async def signed_in(token: Token, session: Session) -> models.User:
    try:
        claims = jwt.decode(
            token.credentials,
            os.environ["JWT_PUBLIC_KEY"],
            algorithms=["EdDSA"],
            audience="lamppu",
            issuer=os.environ["JWT_ISSUER"],
        )
    except jwt.InvalidTokenError as error:
        raise HTTPException(401) from error
    user = await session.scalar(models.signed_in(claims["sub"], claims["sid"]))
    if user is None:
        raise HTTPException(401)
    return user


User = Annotated[models.User, Depends(signed_in)]


@app.get("/api/v1/results")
async def list_results(
    user: User,
    session: Session,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: uuid.UUID | None = None,
) -> PageOut:
    found = (await session.scalars(models.page(user.provider_id, cursor, limit))).all()
    following = found[limit - 1].id if len(found) > limit else None
    return {"items": found[:limit], "next": following}


@app.post("/api/v1/results", status_code=201)
async def create_result(data: ResultIn, user: User, session: Session) -> ResultOut:
    goal = await session.get(Goal, (user.provider_id, data.goal_id))
    if goal is None or await session.get(Period, data.period_id) is None:
        raise HTTPException(422, "No such goal or period.")
    result = Result(
        provider_id=goal.provider_id, sub_project_id=goal.sub_project_id, **data.model_dump()
    )
    session.add(result)
    await session.commit()
    return result


@app.get("/api/v1/goals/{key}")
async def read_goal(
    key: uuid.UUID, user: User, session: Session, expand: Literal["results"]
) -> GoalOut:
    whole = [orm.selectinload(Goal.results)]
    goal = await session.get(Goal, (user.provider_id, key), options=whole)
    if goal is None:
        raise HTTPException(404)
    return goal
