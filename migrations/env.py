"""Alembic's environment: the application's tables, on whichever engine the URL names."""

from typing import Any

import sqlalchemy as sa
from alembic import context

from api import models
from api.db import Base, Identifier, Moment

assert models  # importing it is what fills the metadata


def render(kind: str, item: Any, autogen: Any) -> str | bool:
    """Our column types by their names, so that a revision reads like the models."""
    if kind == "type" and isinstance(item, Identifier | Moment):
        autogen.imports.add(f"from api.db import {type(item).__name__}")
        return f"{type(item).__name__}()"
    if kind == "type" and isinstance(item, sa.JSON):
        autogen.imports.add("from api.db import Json")
        return "Json"
    return False


def run(connection: sa.Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_item=render,
        render_as_batch=connection.dialect.name == "sqlite",
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
