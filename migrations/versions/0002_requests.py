"""Answers kept for their Idempotency-Key, requests counted, and rows found by when they changed

Revision: 0002, after 0001
"""

import sqlalchemy as sa
from alembic import op

from api.base import Json, Moment

revision = "0002"
down_revision = "0001"

RECORDS = (
    "contacts",
    "deliverables",
    "disseminations",
    "feedback",
    "goals",
    "imports",
    "indicators",
    "measurements",
    "meetings",
    "reports",
    "results",
    "sub_projects",
    "surveys",
)
OTHERS = (
    "clients",
    "participations",
    "periods",
    "programmes",
    "project_goals",
    "project_indicators",
    "project_meetings",
    "projects",
    "providers",
    "users",
)


def upgrade() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", Json, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(op.f("ix_idempotency_keys_created_at"), "idempotency_keys", ["created_at"])
    op.create_table(
        "rate_windows",
        sa.Column("caller", sa.String(length=64), nullable=False),
        sa.Column("begins_at", Moment(), nullable=False),
        sa.Column("granted", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("caller", name=op.f("pk_rate_windows")),
    )
    for table in (*RECORDS, *OTHERS):
        op.create_index(op.f(f"ix_{table}_updated_at_id"), table, ["updated_at", "id"])
    for table in RECORDS:
        columns = ["provider_id", "updated_at", "id"]
        op.create_index(op.f(f"ix_{table}_provider_id_updated_at_id"), table, columns)
    op.protect("idempotency_keys", "secret")
    op.protect("rate_windows", "secret")


def downgrade() -> None:
    for table in RECORDS:
        op.drop_index(op.f(f"ix_{table}_provider_id_updated_at_id"), table_name=table)
    for table in (*RECORDS, *OTHERS):
        op.drop_index(op.f(f"ix_{table}_updated_at_id"), table_name=table)
    op.drop_table("rate_windows")
    op.drop_table("idempotency_keys")
