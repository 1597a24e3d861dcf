"""The house: every table of the plan, the record and the system, and who may see its rows

Revision: 0001, after None
"""

import sqlalchemy as sa
from alembic import op

from api.base import Identifier, Json, Moment
from api.models import security

revision = "0001"
down_revision = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for statement in security.roles():
            op.execute(statement)
    op.create_table(
        "login_failures",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("bucket", sa.String(length=64), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_failures")),
    )
    op.create_index(
        op.f("ix_login_failures_bucket_at"), "login_failures", ["bucket", "at"], unique=False
    )
    op.create_table(
        "programmes",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("name", Json, nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.CheckConstraint(
            "ends_on BETWEEN '1900-01-01' AND '2200-12-31'", name=op.f("ck_programmes_ends_on")
        ),
        sa.CheckConstraint(
            "starts_on BETWEEN '1900-01-01' AND '2200-12-31'", name=op.f("ck_programmes_starts_on")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programmes")),
    )
    op.create_table(
        "providers",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("short_name", sa.String(length=40), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "joint_municipal_authority",
                "municipality",
                "limited_company",
                "foundation",
                "state",
                "other",
                name="providerkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("business_id", sa.String(length=9), nullable=True),
        sa.Column("oid", sa.String(length=100), nullable=True),
        sa.Column("colleges", Json, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_providers")),
        sa.UniqueConstraint("business_id", name=op.f("uq_providers_business_id")),
        sa.UniqueConstraint("oid", name=op.f("uq_providers_oid")),
    )
    op.create_table(
        "clients",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("provider_id", Identifier(), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("scopes", Json, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=True),
        sa.Column("expires_at", Moment(), nullable=True),
        sa.Column("previous_secret_hash", sa.String(length=64), nullable=True),
        sa.Column("previous_expires_at", Moment(), nullable=True),
        sa.Column("last_used_at", Moment(), nullable=True),
        sa.Column("credentials_changed_at", Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name=op.f("fk_clients_provider_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clients")),
    )
    op.create_index(
        op.f("ix_clients_provider_id_id"), "clients", ["provider_id", "id"], unique=False
    )
    op.create_table(
        "contacts",
        sa.Column("provider_id", Identifier(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("job_title", sa.String(length=500), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("phone", sa.String(length=40), nullable=True),
        sa.Column("postal_address", sa.String(length=500), nullable=True),
        sa.Column("external_id", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name=op.f("fk_contacts_provider_id")
        ),
        sa.PrimaryKeyConstraint("provider_id", "id", name=op.f("pk_contacts")),
        sa.UniqueConstraint(
            "provider_id", "external_id", name=op.f("uq_contacts_provider_id_external_id")
        ),
        info={"scoped": True},
    )
    op.create_index(op.f("ix_contacts_id"), "contacts", ["id"], unique=False)
    op.create_table(
        "projects",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("programme_id", Identifier(), nullable=False),
        sa.Column("coordinator_id", Identifier(), nullable=False),
        sa.Column("acronym", sa.String(length=40), nullable=False),
        sa.Column("name", Json, nullable=False),
        sa.Column("description", Json, nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.CheckConstraint(
            "ends_on BETWEEN '1900-01-01' AND '2200-12-31'", name=op.f("ck_projects_ends_on")
        ),
        sa.CheckConstraint(
            "starts_on BETWEEN '1900-01-01' AND '2200-12-31'", name=op.f("ck_projects_starts_on")
        ),
        sa.ForeignKeyConstraint(
            ["coordinator_id"], ["providers.id"], name=op.f("fk_projects_coordinator_id")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["programmes.id"], name=op.f("fk_projects_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
        sa.UniqueConstraint(
            "programme_id", "acronym", name=op.f("uq_projects_programme_id_acronym")
        ),
    )
    op.create_index(
        op.f("ix_projects_coordinator_id_id"), "projects", ["coordinator_id", "id"], unique=False
    )
    op.create_index(
        op.f("ix_projects_programme_id_id"), "projects", ["programme_id", "id"], unique=False
    )
    op.create_table(
        "users",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("provider_id", Identifier(), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "viewer",
                "editor",
                "manager",
                "reviewer",
                "admin",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("last_login_at", Moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name=op.f("fk_users_provider_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email_key", name=op.f("uq_users_email_key")),
    )
    op.create_index(op.f("ix_users_provider_id_id"), "users", ["provider_id", "id"], unique=False)
    op.create_table(
        "login_sessions",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("user_id", Identifier(), nullable=False),
        sa.Column("refresh_jti", Identifier(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_login_sessions_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_sessions")),
    )
    op.create_index(op.f("ix_login_sessions_user_id"), "login_sessions", ["user_id"], unique=False)
    op.create_table(
        "participations",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("project_id", Identifier(), nullable=False),
        sa.Column("provider_id", Identifier(), nullable=False),
        sa.Column("joined_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.CheckConstraint(
            "joined_on BETWEEN '1900-01-01' AND '2200-12-31'",
            name=op.f("ck_participations_joined_on"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_participations_project_id")
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name=op.f("fk_participations_provider_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participations")),
        sa.UniqueConstraint(
            "project_id", "provider_id", name=op.f("uq_participations_project_id_provider_id")
        ),
    )
    op.create_index(
        op.f("ix_participations_project_id_id"),
        "participations",
        ["project_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_participations_provider_id_id"),
        "participations",
        ["provider_id", "id"],
        unique=False,
    )
    op.create_table(
        "periods",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("project_id", Identifier(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.CheckConstraint(
            "due_on BETWEEN '1900-01-01' AND '2200-12-31'", name=op.f("ck_periods_due_on")
        ),
        sa.CheckConstraint(
            "first_day BETWEEN '1900-01-01' AND '2200-12-31'", name=op.f("ck_periods_first_day")
        ),
        sa.CheckConstraint(
            "last_day BETWEEN '1900-01-01' AND '2200-12-31'", name=op.f("ck_periods_last_day")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_periods_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_periods")),
        sa.UniqueConstraint("project_id", "code", name=op.f("uq_periods_project_id_code")),
    )
    op.create_index(op.f("ix_periods_project_id_id"), "periods", ["project_id", "id"], unique=False)
    op.create_table(
        "project_goals",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("project_id", Identifier(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", Json, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_project_goals_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_goals")),
        sa.UniqueConstraint("project_id", "code", name=op.f("uq_project_goals_project_id_code")),
    )
    op.create_index(
        op.f("ix_project_goals_project_id_id"), "project_goals", ["project_id", "id"], unique=False
    )
    op.create_table(
        "project_indicators",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("project_id", Identifier(), nullable=False),
        sa.Column("project_goal_id", Identifier(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", Json, nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=True),
        sa.Column("baseline", sa.Double(), nullable=True),
        sa.Column("target", sa.Double(), nullable=True),
        sa.Column(
            "direction",
            sa.Enum(
                "increase",
                "decrease",
                "maintain",
                name="direction",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.CheckConstraint(
            "baseline BETWEEN -99999999999 AND 99999999999",
            name=op.f("ck_project_indicators_baseline"),
        ),
        sa.CheckConstraint(
            "target BETWEEN -99999999999 AND 99999999999", name=op.f("ck_project_indicators_target")
        ),
        sa.ForeignKeyConstraint(
            ["project_goal_id"],
            ["project_goals.id"],
            name=op.f("fk_project_indicators_project_goal_id"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_project_indicators_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_indicators")),
        sa.UniqueConstraint(
            "project_id", "code", name=op.f("uq_project_indicators_project_id_code")
        ),
    )
    op.create_index(
        op.f("ix_project_indicators_project_goal_id_id"),
        "project_indicators",
        ["project_goal_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_project_indicators_project_id_id"),
        "project_indicators",
        ["project_id", "id"],
        unique=False,
    )
    op.create_table(
        "project_meetings",
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("project_id", Identifier(), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "kick_off",
                "network_meeting",
                "benchmarking_visit",
                "closing_seminar",
                "advisory_board",
                "management_team",
                "other",
                name="meetingkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=500), nullable=True),
        sa.Column(
            "mode",
            sa.Enum(
                "on_site",
                "remote",
                "hybrid",
                name="meetingmode",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("platform", sa.String(length=500), nullable=True),
        sa.Column("place", sa.String(length=500), nullable=True),
        sa.Column("host", sa.String(length=500), nullable=True),
        sa.Column("open_to_all", sa.Boolean(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "planned",
                "held",
                "cancelled",
                name="meetingstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("start_time", sa.String(length=5), nullable=True),
        sa.Column("end_time", sa.String(length=5), nullable=True),
        sa.Column("date", sa.Date(), nullable=True),
        sa.Column(
            "date_precision",
            sa.Enum(
                "period",
                "month",
                "day",
                "minute",
                name="dateprecision",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("period_id", Identifier(), nullable=True),
        sa.Column("date_note", sa.String(length=500), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.CheckConstraint(
            "date BETWEEN '1900-01-01' AND '2200-12-31'", name=op.f("ck_project_meetings_date")
        ),
        sa.ForeignKeyConstraint(
            ["period_id"], ["periods.id"], name=op.f("fk_project_meetings_period_id")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_project_meetings_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project_meetings")),
        sa.UniqueConstraint("project_id", "code", name=op.f("uq_project_meetings_project_id_code")),
    )
    op.create_index(
        op.f("ix_project_meetings_period_id_id"),
        "project_meetings",
        ["period_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_project_meetings_project_id_id"),
        "project_meetings",
        ["project_id", "id"],
        unique=False,
    )
    op.create_table(
        "sub_projects",
        sa.Column("provider_id", Identifier(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("project_id", Identifier(), nullable=False),
        sa.Column("contact_id", Identifier(), nullable=True),
        sa.Column("name", sa.String(length=500), nullable=True),
        sa.Column("description", sa.String(length=10000), nullable=True),
        sa.Column("external_id", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id", "provider_id"],
            ["participations.project_id", "participations.provider_id"],
            name=op.f("fk_sub_projects_project_id_provider_id"),
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_sub_projects_project_id")
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "contact_id"],
            ["contacts.provider_id", "contacts.id"],
            name=op.f("fk_sub_projects_provider_id_contact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name=op.f("fk_sub_projects_provider_id")
        ),
        sa.PrimaryKeyConstraint("provider_id", "id", name=op.f("pk_sub_projects")),
        sa.UniqueConstraint(
            "provider_id", "external_id", name=op.f("uq_sub_projects_provider_id_external_id")
        ),
        info={"scoped": True},
    )
    op.create_index(
        op.f("ix_sub_projects_contact_id_id"), "sub_projects", ["contact_id", "id"], unique=False
    )
    op.create_index(op.f("ix_sub_projects_id"), "sub_projects", ["id"], unique=False)
    op.create_index(
        op.f("ix_sub_projects_project_id_id"), "sub_projects", ["project_id", "id"], unique=False
    )
    op.create_table(
        "deliverables",
        sa.Column("provider_id", Identifier(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("sub_project_id", Identifier(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "model",
                "description",
                "plan",
                "survey",
                "material",
                "other",
                name="deliverablekind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column("description", sa.String(length=10000), nullable=True),
        sa.Column(
            "progress",
            sa.Enum(
                "planned",
                "ongoing",
                "done",
                name="progress",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("based_on_id", Identifier(), nullable=True),
        sa.Column("date", sa.Date(), nullable=True),
        sa.Column(
            "date_precision",
            sa.Enum(
                "period",
                "month",
                "day",
                "minute",
                name="dateprecision",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("period_id", Identifier(), nullable=True),
        sa.Column("date_note", sa.String(length=500), nullable=True),
        sa.Column("external_id", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.CheckConstraint(
            "date BETWEEN '1900-01-01' AND '2200-12-31'", name=op.f("ck_deliverables_date")
        ),
        sa.ForeignKeyConstraint(
            ["period_id"], ["periods.id"], name=op.f("fk_deliverables_period_id")
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "based_on_id"],
            ["deliverables.provider_id", "deliverables.id"],
            name=op.f("fk_deliverables_provider_id_based_on_id"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "sub_project_id"],
            ["sub_projects.provider_id", "sub_projects.id"],
            name=op.f("fk_deliverables_provider_id_sub_project_id"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name=op.f("fk_deliverables_provider_id")
        ),
        sa.PrimaryKeyConstraint("provider_id", "id", name=op.f("pk_deliverables")),
        sa.UniqueConstraint(
            "provider_id", "external_id", name=op.f("uq_deliverables_provider_id_external_id")
        ),
        info={"scoped": True},
    )
    op.create_index(
        op.f("ix_deliverables_based_on_id_id"), "deliverables", ["based_on_id", "id"], unique=False
    )
    op.create_index(op.f("ix_deliverables_id"), "deliverables", ["id"], unique=False)
    op.create_index(
        op.f("ix_deliverables_period_id_id"), "deliverables", ["period_id", "id"], unique=False
    )
    op.create_index(
        op.f("ix_deliverables_sub_project_id_id"),
        "deliverables",
        ["sub_project_id", "id"],
        unique=False,
    )
    op.create_table(
        "goals",
        sa.Column("provider_id", Identifier(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("sub_project_id", Identifier(), nullable=False),
        sa.Column("project_goal_id", Identifier(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(length=10000), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_goal_id"], ["project_goals.id"], name=op.f("fk_goals_project_goal_id")
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "sub_project_id"],
            ["sub_projects.provider_id", "sub_projects.id"],
            name=op.f("fk_goals_provider_id_sub_project_id"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name=op.f("fk_goals_provider_id")
        ),
        sa.PrimaryKeyConstraint("provider_id", "id", name=op.f("pk_goals")),
        sa.UniqueConstraint(
            "provider_id", "external_id", name=op.f("uq_goals_provider_id_external_id")
        ),
        sa.UniqueConstraint(
            "provider_id",
            "sub_project_id",
            "project_goal_id",
            name=op.f("uq_goals_provider_id_sub_project_id_project_goal_id"),
        ),
        info={"scoped": True},
    )
    op.create_index(op.f("ix_goals_id"), "goals", ["id"], unique=False)
    op.create_index(
        op.f("ix_goals_project_goal_id_id"), "goals", ["project_goal_id", "id"], unique=False
    )
    op.create_index(
        op.f("ix_goals_sub_project_id_id"), "goals", ["sub_project_id", "id"], unique=False
    )
    op.create_table(
        "imports",
        sa.Column("provider_id", Identifier(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("sub_project_id", Identifier(), nullable=False),
        sa.Column("counts", Json, nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id", "sub_project_id"],
            ["sub_projects.provider_id", "sub_projects.id"],
            name=op.f("fk_imports_provider_id_sub_project_id"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name=op.f("fk_imports_provider_id")
        ),
        sa.PrimaryKeyConstraint("provider_id", "id", name=op.f("pk_imports")),
        sa.UniqueConstraint(
            "provider_id", "external_id", name=op.f("uq_imports_provider_id_external_id")
        ),
        info={"scoped": True},
    )
    op.create_index(op.f("ix_imports_id"), "imports", ["id"], unique=False)
    op.create_index(
        op.f("ix_imports_sub_project_id_id"), "imports", ["sub_project_id", "id"], unique=False
    )
    op.create_table(
        "meetings",
        sa.Column("provider_id", Identifier(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("sub_project_id", Identifier(), nullable=False),
        sa.Column("project_meeting_id", Identifier(), nullable=True),
        sa.Column("body", sa.String(length=500), nullable=True),
        sa.Column("field", sa.String(length=500), nullable=True),
        sa.Column(
            "attendance",
            sa.Enum(
                "expected",
                "attended",
                "excused",
                name="attendance",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("reason", sa.String(length=10000), nullable=True),
        sa.Column("done_instead", sa.String(length=10000), nullable=True),
        sa.Column("notes", sa.String(length=10000), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "kick_off",
                "network_meeting",
                "benchmarking_visit",
                "closing_seminar",
                "advisory_board",
                "management_team",
                "other",
                name="meetingkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=500), nullable=True),
        sa.Column(
            "mode",
            sa.Enum(
                "on_site",
                "remote",
                "hybrid",
                name="meetingmode",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("platform", sa.String(length=500), nullable=True),
        sa.Column("place", sa.String(length=500), nullable=True),
        sa.Column("host", sa.String(length=500), nullable=True),
        sa.Column("open_to_all", sa.Boolean(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "planned",
                "held",
                "cancelled",
                name="meetingstatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("start_time", sa.String(length=5), nullable=True),
        sa.Column("end_time", sa.String(length=5), nullable=True),
        sa.Column("date", sa.Date(), nullable=True),
        sa.Column(
            "date_precision",
            sa.Enum(
                "period",
                "month",
                "day",
                "minute",
                name="dateprecision",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("period_id", Identifier(), nullable=True),
        sa.Column("date_note", sa.String(length=500), nullable=True),
        sa.Column("external_id", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.CheckConstraint(
            "date BETWEEN '1900-01-01' AND '2200-12-31'", name=op.f("ck_meetings_date")
        ),
        sa.ForeignKeyConstraint(["period_id"], ["periods.id"], name=op.f("fk_meetings_period_id")),
        sa.ForeignKeyConstraint(
            ["project_meeting_id"],
            ["project_meetings.id"],
            name=op.f("fk_meetings_project_meeting_id"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "sub_project_id"],
            ["sub_projects.provider_id", "sub_projects.id"],
            name=op.f("fk_meetings_provider_id_sub_project_id"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name=op.f("fk_meetings_provider_id")
        ),
        sa.PrimaryKeyConstraint("provider_id", "id", name=op.f("pk_meetings")),
        sa.UniqueConstraint(
            "provider_id", "external_id", name=op.f("uq_meetings_provider_id_external_id")
        ),
        info={"scoped": True},
    )
    op.create_index(op.f("ix_meetings_id"), "meetings", ["id"], unique=False)
    op.create_index(op.f("ix_meetings_period_id_id"), "meetings", ["period_id", "id"], unique=False)
    op.create_index(
        op.f("ix_meetings_project_meeting_id_id"),
        "meetings",
        ["project_meeting_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_meetings_sub_project_id_id"), "meetings", ["sub_project_id", "id"], unique=False
    )
    op.create_table(
        "reports",
        sa.Column("provider_id", Identifier(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("sub_project_id", Identifier(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "interim",
                "final",
                name="reportkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=500), nullable=True),
        sa.Column(
            "language",
            sa.Enum(
                "fi",
                "sv",
                "en",
                name="language",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("report_date", sa.Date(), nullable=True),
        sa.Column("contact_id", Identifier(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "submitted",
                "returned",
                "accepted",
                name="reportstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("external_id", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.CheckConstraint(
            "report_date BETWEEN '1900-01-01' AND '2200-12-31'", name=op.f("ck_reports_report_date")
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "contact_id"],
            ["contacts.provider_id", "contacts.id"],
            name=op.f("fk_reports_provider_id_contact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "sub_project_id"],
            ["sub_projects.provider_id", "sub_projects.id"],
            name=op.f("fk_reports_provider_id_sub_project_id"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name=op.f("fk_reports_provider_id")
        ),
        sa.PrimaryKeyConstraint("provider_id", "id", name=op.f("pk_reports")),
        sa.UniqueConstraint(
            "provider_id", "external_id", name=op.f("uq_reports_provider_id_external_id")
        ),
        info={"scoped": True},
    )
    op.create_index(op.f("ix_reports_contact_id_id"), "reports", ["contact_id", "id"], unique=False)
    op.create_index(op.f("ix_reports_id"), "reports", ["id"], unique=False)
    op.create_index(
        op.f("ix_reports_sub_project_id_id"), "reports", ["sub_project_id", "id"], unique=False
    )
    op.create_table(
        "surveys",
        sa.Column("provider_id", Identifier(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("sub_project_id", Identifier(), nullable=False),
        sa.Column("period_id", Identifier(), nullable=True),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column("purpose", sa.String(length=10000), nullable=True),
        sa.Column(
            "progress",
            sa.Enum(
                "planned",
                "ongoing",
                "done",
                name="progress",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("opens_on", sa.Date(), nullable=True),
        sa.Column("closes_on", sa.Date(), nullable=True),
        sa.Column(
            "recurrence",
            sa.Enum(
                "once",
                "half_yearly",
                "yearly",
                "continuous",
                name="recurrence",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("external_id", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.CheckConstraint(
            "closes_on BETWEEN '1900-01-01' AND '2200-12-31'", name=op.f("ck_surveys_closes_on")
        ),
        sa.CheckConstraint(
            "opens_on BETWEEN '1900-01-01' AND '2200-12-31'", name=op.f("ck_surveys_opens_on")
        ),
        sa.ForeignKeyConstraint(["period_id"], ["periods.id"], name=op.f("fk_surveys_period_id")),
        sa.ForeignKeyConstraint(
            ["provider_id", "sub_project_id"],
            ["sub_projects.provider_id", "sub_projects.id"],
            name=op.f("fk_surveys_provider_id_sub_project_id"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name=op.f("fk_surveys_provider_id")
        ),
        sa.PrimaryKeyConstraint("provider_id", "id", name=op.f("pk_surveys")),
        sa.UniqueConstraint(
            "provider_id", "external_id", name=op.f("uq_surveys_provider_id_external_id")
        ),
        info={"scoped": True},
    )
    op.create_index(op.f("ix_surveys_id"), "surveys", ["id"], unique=False)
    op.create_index(op.f("ix_surveys_period_id_id"), "surveys", ["period_id", "id"], unique=False)
    op.create_index(
        op.f("ix_surveys_sub_project_id_id"), "surveys", ["sub_project_id", "id"], unique=False
    )
    op.create_table(
        "deliverable_deliveries",
        sa.Column("provider_id", Identifier(), nullable=False),
        sa.Column("deliverable_id", Identifier(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=500), nullable=False),
        sa.Column("recipient", sa.String(length=500), nullable=True),
        sa.Column(
            "progress",
            sa.Enum(
                "planned",
                "ongoing",
                "done",
                name="progress",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("date", sa.Date(), nullable=True),
        sa.Column("date_note", sa.String(length=500), nullable=True),
        sa.Column("meeting_id", Identifier(), nullable=True),
        sa.CheckConstraint(
            "date BETWEEN '1900-01-01' AND '2200-12-31'",
            name=op.f("ck_deliverable_deliveries_date"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "deliverable_id"],
            ["deliverables.provider_id", "deliverables.id"],
            name=op.f("fk_deliverable_deliveries_provider_id_deliverable_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "meeting_id"],
            ["meetings.provider_id", "meetings.id"],
            name=op.f("fk_deliverable_deliveries_provider_id_meeting_id"),
        ),
        sa.PrimaryKeyConstraint(
            "provider_id", "deliverable_id", "position", name=op.f("pk_deliverable_deliveries")
        ),
        info={"scoped": True},
    )
    op.create_index(
        op.f("ix_deliverable_deliveries_meeting_id"),
        "deliverable_deliveries",
        ["meeting_id"],
        unique=False,
    )
    op.create_table(
        "deliverable_goals",
        sa.Column("provider_id", Identifier(), nullable=False),
        sa.Column("deliverable_id", Identifier(), nullable=False),
        sa.Column("goal_id", Identifier(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id", "deliverable_id"],
            ["deliverables.provider_id", "deliverables.id"],
            name=op.f("fk_deliverable_goals_provider_id_deliverable_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "goal_id"],
            ["goals.provider_id", "goals.id"],
            name=op.f("fk_deliverable_goals_provider_id_goal_id"),
        ),
        sa.PrimaryKeyConstraint(
            "provider_id", "deliverable_id", "goal_id", name=op.f("pk_deliverable_goals")
        ),
        info={"scoped": True},
    )
    op.create_index(
        op.f("ix_deliverable_goals_goal_id"), "deliverable_goals", ["goal_id"], unique=False
    )
    op.create_table(
        "deliverable_stages",
        sa.Column("provider_id", Identifier(), nullable=False),
        sa.Column("deliverable_id", Identifier(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "stage",
            sa.Enum(
                "handed_over",
                "considered",
                "rolled_out",
                "embedded",
                name="deliverablestage",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "progress",
            sa.Enum(
                "planned",
                "ongoing",
                "done",
                name="progress",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("body", sa.String(length=500), nullable=True),
        sa.Column("date", sa.Date(), nullable=True),
        sa.Column("note", sa.String(length=10000), nullable=True),
        sa.CheckConstraint(
            "date BETWEEN '1900-01-01' AND '2200-12-31'", name=op.f("ck_deliverable_stages_date")
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "deliverable_id"],
            ["deliverables.provider_id", "deliverables.id"],
            name=op.f("fk_deliverable_stages_provider_id_deliverable_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "provider_id", "deliverable_id", "position", name=op.f("pk_deliverable_stages")
        ),
        info={"scoped": True},
    )
    op.create_table(
        "disseminations",
        sa.Column("provider_id", Identifier(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("sub_project_id", Identifier(), nullable=False),
        sa.Column("survey_id", Identifier(), nullable=True),
        sa.Column("deliverable_id", Identifier(), nullable=True),
        sa.Column("audience", sa.String(length=500), nullable=False),
        sa.Column("by_whom", sa.String(length=500), nullable=True),
        sa.Column("channel", sa.String(length=500), nullable=True),
        sa.Column(
            "progress",
            sa.Enum(
                "planned",
                "ongoing",
                "done",
                name="progress",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("text", sa.String(length=10000), nullable=True),
        sa.Column("date", sa.Date(), nullable=True),
        sa.Column(
            "date_precision",
            sa.Enum(
                "period",
                "month",
                "day",
                "minute",
                name="dateprecision",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("period_id", Identifier(), nullable=True),
        sa.Column("date_note", sa.String(length=500), nullable=True),
        sa.Column("external_id", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.CheckConstraint(
            "date BETWEEN '1900-01-01' AND '2200-12-31'", name=op.f("ck_disseminations_date")
        ),
        sa.ForeignKeyConstraint(
            ["period_id"], ["periods.id"], name=op.f("fk_disseminations_period_id")
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "deliverable_id"],
            ["deliverables.provider_id", "deliverables.id"],
            name=op.f("fk_disseminations_provider_id_deliverable_id"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "sub_project_id"],
            ["sub_projects.provider_id", "sub_projects.id"],
            name=op.f("fk_disseminations_provider_id_sub_project_id"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "survey_id"],
            ["surveys.provider_id", "surveys.id"],
            name=op.f("fk_disseminations_provider_id_survey_id"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name=op.f("fk_disseminations_provider_id")
        ),
        sa.PrimaryKeyConstraint("provider_id", "id", name=op.f("pk_disseminations")),
        sa.UniqueConstraint(
            "provider_id", "external_id", name=op.f("uq_disseminations_provider_id_external_id")
        ),
        info={"scoped": True},
    )
    op.create_index(
        op.f("ix_disseminations_deliverable_id_id"),
        "disseminations",
        ["deliverable_id", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_disseminations_id"), "disseminations", ["id"], unique=False)
    op.create_index(
        op.f("ix_disseminations_period_id_id"), "disseminations", ["period_id", "id"], unique=False
    )
    op.create_index(
        op.f("ix_disseminations_sub_project_id_id"),
        "disseminations",
        ["sub_project_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_disseminations_survey_id_id"), "disseminations", ["survey_id", "id"], unique=False
    )
    op.create_table(
        "feedback",
        sa.Column("provider_id", Identifier(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("sub_project_id", Identifier(), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "advisory_board",
                "management_team",
                "steering_group",
                "students",
                "teachers",
                "workplace_representatives",
                "stakeholders",
                "other",
                name="feedbacksource",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("source_name", sa.String(length=500), nullable=True),
        sa.Column("field", sa.String(length=500), nullable=True),
        sa.Column("meeting_id", Identifier(), nullable=True),
        sa.Column("survey_id", Identifier(), nullable=True),
        sa.Column("about", sa.String(length=500), nullable=True),
        sa.Column("about_survey_id", Identifier(), nullable=True),
        sa.Column("about_deliverable_id", Identifier(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("point", sa.String(length=10000), nullable=False),
        sa.Column("date", sa.Date(), nullable=True),
        sa.Column(
            "date_precision",
            sa.Enum(
                "period",
                "month",
                "day",
                "minute",
                name="dateprecision",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("period_id", Identifier(), nullable=True),
        sa.Column("date_note", sa.String(length=500), nullable=True),
        sa.Column("external_id", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.CheckConstraint(
            "date BETWEEN '1900-01-01' AND '2200-12-31'", name=op.f("ck_feedback_date")
        ),
        sa.ForeignKeyConstraint(["period_id"], ["periods.id"], name=op.f("fk_feedback_period_id")),
        sa.ForeignKeyConstraint(
            ["provider_id", "about_deliverable_id"],
            ["deliverables.provider_id", "deliverables.id"],
            name=op.f("fk_feedback_provider_id_about_deliverable_id"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "about_survey_id"],
            ["surveys.provider_id", "surveys.id"],
            name=op.f("fk_feedback_provider_id_about_survey_id"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "meeting_id"],
            ["meetings.provider_id", "meetings.id"],
            name=op.f("fk_feedback_provider_id_meeting_id"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "sub_project_id"],
            ["sub_projects.provider_id", "sub_projects.id"],
            name=op.f("fk_feedback_provider_id_sub_project_id"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "survey_id"],
            ["surveys.provider_id", "surveys.id"],
            name=op.f("fk_feedback_provider_id_survey_id"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name=op.f("fk_feedback_provider_id")
        ),
        sa.PrimaryKeyConstraint("provider_id", "id", name=op.f("pk_feedback")),
        sa.UniqueConstraint(
            "provider_id", "external_id", name=op.f("uq_feedback_provider_id_external_id")
        ),
        info={"scoped": True},
    )
    op.create_index(
        op.f("ix_feedback_about_deliverable_id_id"),
        "feedback",
        ["about_deliverable_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_feedback_about_survey_id_id"), "feedback", ["about_survey_id", "id"], unique=False
    )
    op.create_index(op.f("ix_feedback_id"), "feedback", ["id"], unique=False)
    op.create_index(
        op.f("ix_feedback_meeting_id_id"), "feedback", ["meeting_id", "id"], unique=False
    )
    op.create_index(op.f("ix_feedback_period_id_id"), "feedback", ["period_id", "id"], unique=False)
    op.create_index(
        op.f("ix_feedback_sub_project_id_id"), "feedback", ["sub_project_id", "id"], unique=False
    )
    op.create_index(op.f("ix_feedback_survey_id_id"), "feedback", ["survey_id", "id"], unique=False)
    op.create_table(
        "indicators",
        sa.Column("provider_id", Identifier(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("sub_project_id", Identifier(), nullable=False),
        sa.Column("goal_id", Identifier(), nullable=False),
        sa.Column("project_indicator_id", Identifier(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("unit", sa.String(length=40), nullable=True),
        sa.Column("baseline", sa.Double(), nullable=True),
        sa.Column("target", sa.Double(), nullable=True),
        sa.Column(
            "direction",
            sa.Enum(
                "increase",
                "decrease",
                "maintain",
                name="direction",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("external_id", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.CheckConstraint(
            "baseline BETWEEN -99999999999 AND 99999999999", name=op.f("ck_indicators_baseline")
        ),
        sa.CheckConstraint(
            "target BETWEEN -99999999999 AND 99999999999", name=op.f("ck_indicators_target")
        ),
        sa.ForeignKeyConstraint(
            ["project_indicator_id"],
            ["project_indicators.id"],
            name=op.f("fk_indicators_project_indicator_id"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "goal_id"],
            ["goals.provider_id", "goals.id"],
            name=op.f("fk_indicators_provider_id_goal_id"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "sub_project_id"],
            ["sub_projects.provider_id", "sub_projects.id"],
            name=op.f("fk_indicators_provider_id_sub_project_id"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name=op.f("fk_indicators_provider_id")
        ),
        sa.PrimaryKeyConstraint("provider_id", "id", name=op.f("pk_indicators")),
        sa.UniqueConstraint(
            "provider_id", "external_id", name=op.f("uq_indicators_provider_id_external_id")
        ),
        info={"scoped": True},
    )
    op.create_index(op.f("ix_indicators_goal_id_id"), "indicators", ["goal_id", "id"], unique=False)
    op.create_index(op.f("ix_indicators_id"), "indicators", ["id"], unique=False)
    op.create_index(
        op.f("ix_indicators_project_indicator_id_id"),
        "indicators",
        ["project_indicator_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_indicators_sub_project_id_id"),
        "indicators",
        ["sub_project_id", "id"],
        unique=False,
    )
    op.create_table(
        "meeting_goals",
        sa.Column("provider_id", Identifier(), nullable=False),
        sa.Column("meeting_id", Identifier(), nullable=False),
        sa.Column("goal_id", Identifier(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id", "goal_id"],
            ["goals.provider_id", "goals.id"],
            name=op.f("fk_meeting_goals_provider_id_goal_id"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "meeting_id"],
            ["meetings.provider_id", "meetings.id"],
            name=op.f("fk_meeting_goals_provider_id_meeting_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "provider_id", "meeting_id", "goal_id", name=op.f("pk_meeting_goals")
        ),
        info={"scoped": True},
    )
    op.create_index(op.f("ix_meeting_goals_goal_id"), "meeting_goals", ["goal_id"], unique=False)
    op.create_table(
        "meeting_participants",
        sa.Column("provider_id", Identifier(), nullable=False),
        sa.Column("meeting_id", Identifier(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("contact_id", Identifier(), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("job_title", sa.String(length=500), nullable=True),
        sa.Column(
            "attendance",
            sa.Enum(
                "expected",
                "attended",
                "excused",
                name="attendance",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(length=10000), nullable=True),
        sa.Column("done_instead", sa.String(length=10000), nullable=True),
        sa.ForeignKeyConstraint(
            ["provider_id", "contact_id"],
            ["contacts.provider_id", "contacts.id"],
            name=op.f("fk_meeting_participants_provider_id_contact_id"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "meeting_id"],
            ["meetings.provider_id", "meetings.id"],
            name=op.f("fk_meeting_participants_provider_id_meeting_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "provider_id", "meeting_id", "position", name=op.f("pk_meeting_participants")
        ),
        info={"scoped": True},
    )
    op.create_index(
        op.f("ix_meeting_participants_contact_id"),
        "meeting_participants",
        ["contact_id"],
        unique=False,
    )
    op.create_table(
        "report_periods",
        sa.Column("provider_id", Identifier(), nullable=False),
        sa.Column("report_id", Identifier(), nullable=False),
        sa.Column("period_id", Identifier(), nullable=False),
        sa.ForeignKeyConstraint(
            ["period_id"], ["periods.id"], name=op.f("fk_report_periods_period_id")
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "report_id"],
            ["reports.provider_id", "reports.id"],
            name=op.f("fk_report_periods_provider_id_report_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "provider_id", "report_id", "period_id", name=op.f("pk_report_periods")
        ),
        info={"scoped": True},
    )
    op.create_index(
        op.f("ix_report_periods_period_id"), "report_periods", ["period_id"], unique=False
    )
    op.create_table(
        "results",
        sa.Column("provider_id", Identifier(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("sub_project_id", Identifier(), nullable=False),
        sa.Column("goal_id", Identifier(), nullable=False),
        sa.Column("period_id", Identifier(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "activity",
                "outcome",
                "nothing_to_report",
                "not_applicable",
                name="resultkind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "progress",
            sa.Enum(
                "planned",
                "ongoing",
                "done",
                name="progress",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(length=10000), nullable=True),
        sa.Column("reason", sa.String(length=10000), nullable=True),
        sa.Column("external_id", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["period_id"], ["periods.id"], name=op.f("fk_results_period_id")),
        sa.ForeignKeyConstraint(
            ["provider_id", "goal_id"],
            ["goals.provider_id", "goals.id"],
            name=op.f("fk_results_provider_id_goal_id"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "sub_project_id"],
            ["sub_projects.provider_id", "sub_projects.id"],
            name=op.f("fk_results_provider_id_sub_project_id"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name=op.f("fk_results_provider_id")
        ),
        sa.PrimaryKeyConstraint("provider_id", "id", name=op.f("pk_results")),
        sa.UniqueConstraint(
            "provider_id", "external_id", name=op.f("uq_results_provider_id_external_id")
        ),
        info={"scoped": True},
    )
    op.create_index(op.f("ix_results_goal_id_id"), "results", ["goal_id", "id"], unique=False)
    op.create_index(op.f("ix_results_id"), "results", ["id"], unique=False)
    op.create_index(op.f("ix_results_period_id_id"), "results", ["period_id", "id"], unique=False)
    op.create_index(
        op.f("ix_results_sub_project_id_id"), "results", ["sub_project_id", "id"], unique=False
    )
    op.create_table(
        "survey_goals",
        sa.Column("provider_id", Identifier(), nullable=False),
        sa.Column("survey_id", Identifier(), nullable=False),
        sa.Column("goal_id", Identifier(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id", "goal_id"],
            ["goals.provider_id", "goals.id"],
            name=op.f("fk_survey_goals_provider_id_goal_id"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "survey_id"],
            ["surveys.provider_id", "surveys.id"],
            name=op.f("fk_survey_goals_provider_id_survey_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "provider_id", "survey_id", "goal_id", name=op.f("pk_survey_goals")
        ),
        info={"scoped": True},
    )
    op.create_index(op.f("ix_survey_goals_goal_id"), "survey_goals", ["goal_id"], unique=False)
    op.create_table(
        "survey_questions",
        sa.Column("provider_id", Identifier(), nullable=False),
        sa.Column("survey_id", Identifier(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("free_comment", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id", "survey_id"],
            ["surveys.provider_id", "surveys.id"],
            name=op.f("fk_survey_questions_provider_id_survey_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "provider_id", "survey_id", "position", name=op.f("pk_survey_questions")
        ),
        info={"scoped": True},
    )
    op.create_table(
        "survey_respondent_groups",
        sa.Column("provider_id", Identifier(), nullable=False),
        sa.Column("survey_id", Identifier(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "group",
            sa.Enum(
                "students",
                "teachers",
                "workplace_representatives",
                "employers",
                "guardians",
                "staff",
                "other",
                name="respondentgroup",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("label", sa.String(length=500), nullable=True),
        sa.Column("invited", sa.Integer(), nullable=True),
        sa.Column("answered", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["provider_id", "survey_id"],
            ["surveys.provider_id", "surveys.id"],
            name=op.f("fk_survey_respondent_groups_provider_id_survey_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "provider_id", "survey_id", "position", name=op.f("pk_survey_respondent_groups")
        ),
        info={"scoped": True},
    )
    op.create_table(
        "dissemination_goals",
        sa.Column("provider_id", Identifier(), nullable=False),
        sa.Column("dissemination_id", Identifier(), nullable=False),
        sa.Column("goal_id", Identifier(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id", "dissemination_id"],
            ["disseminations.provider_id", "disseminations.id"],
            name=op.f("fk_dissemination_goals_provider_id_dissemination_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "goal_id"],
            ["goals.provider_id", "goals.id"],
            name=op.f("fk_dissemination_goals_provider_id_goal_id"),
        ),
        sa.PrimaryKeyConstraint(
            "provider_id", "dissemination_id", "goal_id", name=op.f("pk_dissemination_goals")
        ),
        info={"scoped": True},
    )
    op.create_index(
        op.f("ix_dissemination_goals_goal_id"), "dissemination_goals", ["goal_id"], unique=False
    )
    op.create_table(
        "feedback_actions",
        sa.Column("provider_id", Identifier(), nullable=False),
        sa.Column("feedback_id", Identifier(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(length=10000), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "planned",
                "done",
                "declined",
                name="actionstate",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "decided_on BETWEEN '1900-01-01' AND '2200-12-31'",
            name=op.f("ck_feedback_actions_decided_on"),
        ),
        sa.CheckConstraint(
            "done_on BETWEEN '1900-01-01' AND '2200-12-31'",
            name=op.f("ck_feedback_actions_done_on"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "feedback_id"],
            ["feedback.provider_id", "feedback.id"],
            name=op.f("fk_feedback_actions_provider_id_feedback_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "provider_id", "feedback_id", "position", name=op.f("pk_feedback_actions")
        ),
        info={"scoped": True},
    )
    op.create_table(
        "feedback_goals",
        sa.Column("provider_id", Identifier(), nullable=False),
        sa.Column("feedback_id", Identifier(), nullable=False),
        sa.Column("goal_id", Identifier(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id", "feedback_id"],
            ["feedback.provider_id", "feedback.id"],
            name=op.f("fk_feedback_goals_provider_id_feedback_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "goal_id"],
            ["goals.provider_id", "goals.id"],
            name=op.f("fk_feedback_goals_provider_id_goal_id"),
        ),
        sa.PrimaryKeyConstraint(
            "provider_id", "feedback_id", "goal_id", name=op.f("pk_feedback_goals")
        ),
        info={"scoped": True},
    )
    op.create_index(op.f("ix_feedback_goals_goal_id"), "feedback_goals", ["goal_id"], unique=False)
    op.create_table(
        "measurements",
        sa.Column("provider_id", Identifier(), nullable=False),
        sa.Column("id", Identifier(), nullable=False),
        sa.Column("sub_project_id", Identifier(), nullable=False),
        sa.Column("indicator_id", Identifier(), nullable=False),
        sa.Column("period_id", Identifier(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("measured_on", sa.Date(), nullable=True),
        sa.Column("note", sa.String(length=10000), nullable=True),
        sa.Column("external_id", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.CheckConstraint(
            "measured_on BETWEEN '1900-01-01' AND '2200-12-31'",
            name=op.f("ck_measurements_measured_on"),
        ),
        sa.CheckConstraint(
            "value BETWEEN -99999999999 AND 99999999999", name=op.f("ck_measurements_value")
        ),
        sa.ForeignKeyConstraint(
            ["period_id"], ["periods.id"], name=op.f("fk_measurements_period_id")
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "indicator_id"],
            ["indicators.provider_id", "indicators.id"],
            name=op.f("fk_measurements_provider_id_indicator_id"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id", "sub_project_id"],
            ["sub_projects.provider_id", "sub_projects.id"],
            name=op.f("fk_measurements_provider_id_sub_project_id"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.id"], name=op.f("fk_measurements_provider_id")
        ),
        sa.PrimaryKeyConstraint("provider_id", "id", name=op.f("pk_measurements")),
        sa.UniqueConstraint(
            "provider_id", "external_id", name=op.f("uq_measurements_provider_id_external_id")
        ),
        sa.UniqueConstraint(
            "provider_id",
            "indicator_id",
            "period_id",
            name=op.f("uq_measurements_provider_id_indicator_id_period_id"),
        ),
        info={"scoped": True},
    )
    op.create_index(op.f("ix_measurements_id"), "measurements", ["id"], unique=False)
    op.create_index(
        op.f("ix_measurements_indicator_id_id"),
        "measurements",
        ["indicator_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_measurements_period_id_id"), "measurements", ["period_id", "id"], unique=False
    )
    op.create_index(
        op.f("ix_measurements_sub_project_id_id"),
        "measurements",
        ["sub_project_id", "id"],
        unique=False,
    )

    op.protect("login_failures", "secret")
    op.protect("programmes", "shared")
    op.protect("providers", "shared")
    op.protect("clients", "secret")
    op.protect("contacts", "record")
    op.protect("projects", "shared")
    op.protect("users", "secret")
    op.protect("login_sessions", "secret")
    op.protect("participations", "shared")
    op.protect("periods", "shared")
    op.protect("project_goals", "shared")
    op.protect("project_indicators", "shared")
    op.protect("project_meetings", "shared")
    op.protect("sub_projects", "record")
    op.protect("deliverables", "record")
    op.protect("goals", "record")
    op.protect("imports", "record")
    op.protect("meetings", "record")
    op.protect("reports", "record")
    op.protect("surveys", "record")
    op.protect("deliverable_deliveries", "record")
    op.protect("deliverable_goals", "record")
    op.protect("deliverable_stages", "record")
    op.protect("disseminations", "record")
    op.protect("feedback", "record")
    op.protect("indicators", "record")
    op.protect("meeting_goals", "record")
    op.protect("meeting_participants", "record")
    op.protect("report_periods", "record")
    op.protect("results", "record")
    op.protect("survey_goals", "record")
    op.protect("survey_questions", "record")
    op.protect("survey_respondent_groups", "record")
    op.protect("dissemination_goals", "record")
    op.protect("feedback_actions", "record")
    op.protect("feedback_goals", "record")
    op.protect("measurements", "record")


def downgrade() -> None:
    op.drop_index(op.f("ix_measurements_sub_project_id_id"), table_name="measurements")
    op.drop_index(op.f("ix_measurements_period_id_id"), table_name="measurements")
    op.drop_index(op.f("ix_measurements_indicator_id_id"), table_name="measurements")
    op.drop_index(op.f("ix_measurements_id"), table_name="measurements")
    op.drop_table("measurements")
    op.drop_index(op.f("ix_feedback_goals_goal_id"), table_name="feedback_goals")
    op.drop_table("feedback_goals")
    op.drop_table("feedback_actions")
    op.drop_index(op.f("ix_dissemination_goals_goal_id"), table_name="dissemination_goals")
    op.drop_table("dissemination_goals")
    op.drop_table("survey_respondent_groups")
    op.drop_table("survey_questions")
    op.drop_index(op.f("ix_survey_goals_goal_id"), table_name="survey_goals")
    op.drop_table("survey_goals")
    op.drop_index(op.f("ix_results_sub_project_id_id"), table_name="results")
    op.drop_index(op.f("ix_results_period_id_id"), table_name="results")
    op.drop_index(op.f("ix_results_id"), table_name="results")
    op.drop_index(op.f("ix_results_goal_id_id"), table_name="results")
    op.drop_table("results")
    op.drop_index(op.f("ix_report_periods_period_id"), table_name="report_periods")
    op.drop_table("report_periods")
    op.drop_index(op.f("ix_meeting_participants_contact_id"), table_name="meeting_participants")
    op.drop_table("meeting_participants")
    op.drop_index(op.f("ix_meeting_goals_goal_id"), table_name="meeting_goals")
    op.drop_table("meeting_goals")
    op.drop_index(op.f("ix_indicators_sub_project_id_id"), table_name="indicators")
    op.drop_index(op.f("ix_indicators_project_indicator_id_id"), table_name="indicators")
    op.drop_index(op.f("ix_indicators_id"), table_name="indicators")
    op.drop_index(op.f("ix_indicators_goal_id_id"), table_name="indicators")
    op.drop_table("indicators")
    op.drop_index(op.f("ix_feedback_survey_id_id"), table_name="feedback")
    op.drop_index(op.f("ix_feedback_sub_project_id_id"), table_name="feedback")
    op.drop_index(op.f("ix_feedback_period_id_id"), table_name="feedback")
    op.drop_index(op.f("ix_feedback_meeting_id_id"), table_name="feedback")
    op.drop_index(op.f("ix_feedback_id"), table_name="feedback")
    op.drop_index(op.f("ix_feedback_about_survey_id_id"), table_name="feedback")
    op.drop_index(op.f("ix_feedback_about_deliverable_id_id"), table_name="feedback")
    op.drop_table("feedback")
    op.drop_index(op.f("ix_disseminations_survey_id_id"), table_name="disseminations")
    op.drop_index(op.f("ix_disseminations_sub_project_id_id"), table_name="disseminations")
    op.drop_index(op.f("ix_disseminations_period_id_id"), table_name="disseminations")
    op.drop_index(op.f("ix_disseminations_id"), table_name="disseminations")
    op.drop_index(op.f("ix_disseminations_deliverable_id_id"), table_name="disseminations")
    op.drop_table("disseminations")
    op.drop_table("deliverable_stages")
    op.drop_index(op.f("ix_deliverable_goals_goal_id"), table_name="deliverable_goals")
    op.drop_table("deliverable_goals")
    op.drop_index(op.f("ix_deliverable_deliveries_meeting_id"), table_name="deliverable_deliveries")
    op.drop_table("deliverable_deliveries")
    op.drop_index(op.f("ix_surveys_sub_project_id_id"), table_name="surveys")
    op.drop_index(op.f("ix_surveys_period_id_id"), table_name="surveys")
    op.drop_index(op.f("ix_surveys_id"), table_name="surveys")
    op.drop_table("surveys")
    op.drop_index(op.f("ix_reports_sub_project_id_id"), table_name="reports")
    op.drop_index(op.f("ix_reports_id"), table_name="reports")
    op.drop_index(op.f("ix_reports_contact_id_id"), table_name="reports")
    op.drop_table("reports")
    op.drop_index(op.f("ix_meetings_sub_project_id_id"), table_name="meetings")
    op.drop_index(op.f("ix_meetings_project_meeting_id_id"), table_name="meetings")
    op.drop_index(op.f("ix_meetings_period_id_id"), table_name="meetings")
    op.drop_index(op.f("ix_meetings_id"), table_name="meetings")
    op.drop_table("meetings")
    op.drop_index(op.f("ix_imports_sub_project_id_id"), table_name="imports")
    op.drop_index(op.f("ix_imports_id"), table_name="imports")
    op.drop_table("imports")
    op.drop_index(op.f("ix_goals_sub_project_id_id"), table_name="goals")
    op.drop_index(op.f("ix_goals_project_goal_id_id"), table_name="goals")
    op.drop_index(op.f("ix_goals_id"), table_name="goals")
    op.drop_table("goals")
    op.drop_index(op.f("ix_deliverables_sub_project_id_id"), table_name="deliverables")
    op.drop_index(op.f("ix_deliverables_period_id_id"), table_name="deliverables")
    op.drop_index(op.f("ix_deliverables_id"), table_name="deliverables")
    op.drop_index(op.f("ix_deliverables_based_on_id_id"), table_name="deliverables")
    op.drop_table("deliverables")
    op.drop_index(op.f("ix_sub_projects_project_id_id"), table_name="sub_projects")
    op.drop_index(op.f("ix_sub_projects_id"), table_name="sub_projects")
    op.drop_index(op.f("ix_sub_projects_contact_id_id"), table_name="sub_projects")
    op.drop_table("sub_projects")
    op.drop_index(op.f("ix_project_meetings_project_id_id"), table_name="project_meetings")
    op.drop_index(op.f("ix_project_meetings_period_id_id"), table_name="project_meetings")
    op.drop_table("project_meetings")
    op.drop_index(op.f("ix_project_indicators_project_id_id"), table_name="project_indicators")
    op.drop_index(op.f("ix_project_indicators_project_goal_id_id"), table_name="project_indicators")
    op.drop_table("project_indicators")
    op.drop_index(op.f("ix_project_goals_project_id_id"), table_name="project_goals")
    op.drop_table("project_goals")
    op.drop_index(op.f("ix_periods_project_id_id"), table_name="periods")
    op.drop_table("periods")
    op.drop_index(op.f("ix_participations_provider_id_id"), table_name="participations")
    op.drop_index(op.f("ix_participations_project_id_id"), table_name="participations")
    op.drop_table("participations")
    op.drop_index(op.f("ix_login_sessions_user_id"), table_name="login_sessions")
    op.drop_table("login_sessions")
    op.drop_index(op.f("ix_users_provider_id_id"), table_name="users")
    op.drop_table("users")
    op.drop_index(op.f("ix_projects_programme_id_id"), table_name="projects")
    op.drop_index(op.f("ix_projects_coordinator_id_id"), table_name="projects")
    op.drop_table("projects")
    op.drop_index(op.f("ix_contacts_id"), table_name="contacts")
    op.drop_table("contacts")
    op.drop_index(op.f("ix_clients_provider_id_id"), table_name="clients")
    op.drop_table("clients")
    op.drop_table("providers")
    op.drop_table("programmes")
    op.drop_index(op.f("ix_login_failures_bucket_at"), table_name="login_failures")
    op.drop_table("login_failures")
