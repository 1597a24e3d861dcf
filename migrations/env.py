"""Alembic's environment: the application's tables, on whichever engine the URL names."""

from typing import Any

import sqlalchemy as sa
from alembic import context

from api.base import Identifier, Moment
from api.models.base import Base  # with which every table comes
from migrations import protection, vocabularies


def render(kind: str, item: Any, autogen: Any) -> str | bool:
    """Our column types by their names, so that a revision reads like the models."""
    if kind == "type" and isinstance(item, Identifier | Moment):
        autogen.imports.add(f"from api.base import {type(item).__name__}")
        return f"{type(item).__name__}()"
    if kind == "type" and isinstance(item, sa.JSON):
        autogen.imports.add("from api.base import Json")
        return "Json"
    return False


def run(connection: sa.Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_item=render,
        render_as_batch=True,  # a revision runs on both engines, whichever it was written on
        autogenerate_plugins=["alembic.autogenerate.*", vocabularies.NAME],
        transaction_per_migration=True,
        process_revision_directives=protection.add,
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
