"""Litestar and msgspec with SQLAlchemy's asyncio, as their documentation shows them."""

import os
import uuid
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Litestar, Request, get, post
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import Parameter
from litestar.security.jwt import JWTAuth, Token
from sqlalchemy import orm
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from benchmarks.candidates import models
from benchmarks.candidates.models import Goal, Period, Result, User

DRIVERS = {"postgresql:": "postgresql+asyncpg:", "sqlite:": "sqlite+aiosqlite:"}
scheme, _, rest = models.URL.partition("//")
engine = create_async_engine(f"{DRIVERS[scheme]}//{rest}")
models.tuned(engine.sync_engine)
new_session = async_sessionmaker(engine, expire_on_commit=False)

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=models.NAME_LENGTH)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=models.TEXT_LENGTH)]


class ResultIn(msgspec.Struct, forbid_unknown_fields=True):
    goal_id: uuid.UUID
    period_id: uuid.UUID
    kind: Literal[models.KINDS]
    progress: Literal[models.PROGRESS] = "done"
    position: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1
    text: Text | None = None
    reason: Text | None = None
    external_id: Name | None = None

    def __post_init__(self) -> None:
        acts = self.kind in ("activity", "outcome")
        if (self.text is None) == acts or (self.reason is None) != acts:
            raise ValueError("Text or reason, as the kind is.")


class Row(msgspec.Struct):
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


class PageOut(msgspec.Struct):
    items: list[ResultOut]
    next: uuid.UUID | None


async def open_session() -> AsyncIterator[AsyncSession]:
    async with new_session() as session:
        yield session


async def signed_in(token: Token, _: ASGIConnection[Any, Any, Any, Any]) -> User | None:
    async with new_session() as session:
        return await session.scalar(models.signed_in(token.sub, token.extras["sid"]))


@get("/api/v1/results")
async def list_results(
    request: Request[User, Token, Any],
    session: AsyncSession,
    limit: Annotated[int, Parameter(ge=1, le=500)] = 50,
    cursor: uuid.UUID | None = None,
) -> PageOut:
    found = (await session.scalars(models.page(request.user.provider_id, cursor, limit))).all()
    items = msgspec.convert(found[:limit], list[ResultOut], from_attributes=True)
    return PageOut(items, found[limit - 1].id if len(found) > limit else None)


@post("/api/v1/results")
async def create_result(
    data: ResultIn, request: Request[User, Token, Any], session: AsyncSession
) -> ResultOut:
    goal = await session.get(Goal, (request.user.provider_id, data.goal_id))
    if goal is None or await session.get(Period, data.period_id) is None:
        raise HTTPException("No such goal or period.", status_code=422)
    values = msgspec.structs.asdict(data)
    result = Result(provider_id=goal.provider_id, sub_project_id=goal.sub_project_id, **values)
    session.add(result)
    await session.commit()
    return msgspec.convert(result, ResultOut, from_attributes=True)


@get("/api/v1/goals/{key:uuid}")
async def read_goal(
    key: uuid.UUID,
    request: Request[User, Token, Any],
    session: AsyncSession,
    expand: Literal["results"],
) -> GoalOut:
    whole = [orm.selectinload(Goal.results)]
    goal = await session.get(Goal, (request.user.provider_id, key), options=whole)
    if goal is None:
        raise NotFoundException
    return msgspec.convert(goal, GoalOut, from_attributes=True)


auth = JWTAuth[User](
    retrieve_user_handler=signed_in,
    token_secret=os.environ["JWT_PUBLIC_KEY"],
    algorithm="EdDSA",
    accepted_audiences=["lamppu"],
    accepted_issuers=[os.environ["JWT_ISSUER"]],
    exclude=["/schema"],
)
app = Litestar(
    [list_results, create_result, read_goal],
    dependencies={"session": open_session},
    on_app_init=[auth.on_app_init],
)
