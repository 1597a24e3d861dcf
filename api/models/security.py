"""Wall 3: row level security on PostgreSQL, for two roles that own no table.

A transaction runs as `lamppu_provider`, which sees the record rows of the provider named in `lamppu.provider` and no
others, or as `lamppu_ministry`, which reads all of them and writes none. The condition is a plain comparison: a policy
with OR or a sub-select loses the index, and Citus refuses the latter.
"""

from collections.abc import Iterator

from api.base import Base
from api.scope import MINISTRY_ROLE, PROVIDER_ROLE

SECRETS = frozenset(
    {
        *("users", "login_sessions", "login_failures", "clients", "idempotency_keys"),
        *("rate_windows", "webhooks", "webhook_deliveries", "mails"),
    }
)
MINE = "provider_id = NULLIF(current_setting('lamppu.provider', true), '')::uuid"


def roles() -> Iterator[str]:
    for role in (PROVIDER_ROLE, MINISTRY_ROLE):
        # Roles belong to the whole server: another database's migration may have made them, even just now.
        yield (
            f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN; "
            "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )
        # Who may not grant it must have been given it by whoever made it.
        yield (
            f"DO $$ BEGIN GRANT {role} TO CURRENT_USER; "
            "EXCEPTION WHEN insufficient_privilege THEN NULL; END $$"
        )
        yield f"GRANT USAGE ON SCHEMA public TO {role}"


def plane(table: str) -> str:
    """`record` when each row is one provider's own, `kept` when it stays as it is besides, `secret` when not even the
    ministry may read it, `log` when only triggers write it, else `shared`.
    """
    info = Base.metadata.tables[table].info
    if info.get("scoped"):
        return str(info.get("plane", "record"))
    return "secret" if table in SECRETS else "shared"


def protection(table: str, plane: str) -> Iterator[str]:
    """The rights of both roles to a table, and the policies of a record table and of the log."""
    rights = {"log": "SELECT", "kept": "SELECT, INSERT"}.get(
        plane, "SELECT, INSERT, UPDATE, DELETE"
    )
    yield f'GRANT {rights} ON "{table}" TO {PROVIDER_ROLE}'
    if plane != "secret":
        yield f'GRANT SELECT ON "{table}" TO {MINISTRY_ROLE}'
    if plane in ("record", "kept", "log"):
        yield f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY'
        yield f'CREATE POLICY every ON "{table}" FOR SELECT TO {MINISTRY_ROLE} USING (true)'
    if plane == "log":  # not forced: the triggers write it as its owner
        yield f'CREATE POLICY own ON "{table}" FOR SELECT TO {PROVIDER_ROLE} USING ({MINE})'
    if plane in ("record", "kept"):
        yield f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY'
        yield f'CREATE POLICY own ON "{table}" TO {PROVIDER_ROLE} USING ({MINE}) WITH CHECK ({MINE})'


def everything() -> Iterator[str]:
    """All statements for the tables of the models as they are."""
    yield from roles()
    for table in sorted(Base.metadata.tables):
        yield from protection(table, plane(table))
