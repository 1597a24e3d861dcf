"""The log of changes, with the rows that are there

Revision: 0004, after 0003
"""

import sqlalchemy as sa
from alembic import op

from api.base import Identifier
from api.models import triggers
from api.scope import MINISTRY_ROLE

revision = "0004"
down_revision = "0003"

SHARED = (
    "providers",
    "programmes",
    "projects",
    "periods",
    "project_goals",
    "project_indicators",
    "project_meetings",
    "participations",
)
SECRET = ("users", "clients")
# Each after those that it refers to.
RECORDS = (
    "contacts",
    "sub_projects",
    "goals",
    "indicators",
    "measurements",
    "results",
    "meetings",
    "surveys",
    "deliverables",
    "feedback",
    "disseminations",
    "reports",
    "imports",
)
# Who sees a row of the plan, beside the ministry.
COPIES = {
    "providers": "CROSS JOIN (SELECT id AS provider_id FROM providers) m",
    "programmes": (
        "JOIN (SELECT DISTINCT p.programme_id, v.provider_id FROM projects p "
        "JOIN members v ON v.project_id = p.id) m ON m.programme_id = r.id"
    ),
    "projects": "JOIN members m ON m.project_id = r.id",
}
OF_PROJECTS = "JOIN members m ON m.project_id = r.project_id"


def upgrade() -> None:
    op.create_table(
        "changes",
        sa.Column("xid", sa.BigInteger(), nullable=False),
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("resource", sa.String(length=40), nullable=False),
        sa.Column("row_id", Identifier(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("provider_id", Identifier(), nullable=True),
        sa.Column("copy", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_changes_provider_id_xid_id"), "changes", ["provider_id", "xid", "id"]
    )
    op.create_index(
        op.f("ix_changes_xid_id"),
        "changes",
        ["xid", "id"],
        sqlite_where=sa.text("copy = 0"),
        postgresql_where=sa.text("NOT copy"),
    )
    for statement in triggers.log(op.get_bind().dialect.name):
        op.execute(statement)
    # Before the rows are told of, so that none is written between.
    for table in SHARED:
        op.watch(table, "shared")
    for table in RECORDS:
        op.watch(table, "record")
    for table in SECRET:
        op.watch(table, "secret")
    _seed()
    op.protect("changes", "log")


def _seed() -> None:
    """The rows that are there, as if made before everything else."""
    for table in SHARED:
        _tell(table, "NULL, false")
        _tell(table, "m.provider_id, true", COPIES.get(table, OF_PROJECTS))
    for table in SECRET:
        _tell(table, "r.provider_id, false")
    postgresql = op.get_bind().dialect.name == "postgresql"
    if postgresql:  # only the ministry's role sees every record, not even their owner does
        op.execute(f"GRANT INSERT ON changes TO {MINISTRY_ROLE}")
        op.execute(f"GRANT USAGE ON SEQUENCE changes_id_seq TO {MINISTRY_ROLE}")
        op.execute(f"SET LOCAL ROLE {MINISTRY_ROLE}")
    for table in RECORDS:
        _tell(table, "r.provider_id, false")
    if postgresql:
        op.execute("RESET ROLE")
        op.execute(f"REVOKE INSERT ON changes FROM {MINISTRY_ROLE}")
        op.execute(f"REVOKE USAGE ON SEQUENCE changes_id_seq FROM {MINISTRY_ROLE}")


def _tell(table: str, whom: str, join: str = "") -> None:
    rows = f"SELECT 0, '{table}', r.id, r.version, {whom} FROM {table} r {join} ORDER BY r.id"  # noqa: S608
    columns = "xid, resource, row_id, version, provider_id, copy"
    op.execute(f"INSERT INTO changes ({columns}) {rows}")


def downgrade() -> None:
    for table in (*SECRET, *RECORDS, *SHARED):
        op.unwatch(table)
    for statement in triggers.unlog(op.get_bind().dialect.name):
        op.execute(statement)
    op.drop_index(op.f("ix_changes_xid_id"), table_name="changes")
    op.drop_index(op.f("ix_changes_provider_id_xid_id"), table_name="changes")
    op.drop_table("changes")
