"""Periods found by their code

Revision: 0003, after 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_index(op.f("ix_periods_code_id"), "periods", ["code", "id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_periods_code_id"), table_name="periods")
