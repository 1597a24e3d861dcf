"""Wall 3: row level security on PostgreSQL, for two roles that own no table.

A transaction runs as `lamppu_provider`, which sees the record rows of the provider named in `lamppu.provider` and no
others, or as `lamppu_ministry`, which reads all of them and writes none. The condition is a plain comparison: a policy
with OR or a sub-select loses the index, and Citus refuses the latter.
"""

from collections.abc import Iterable, Iterator

from api.db import MINISTRY_ROLE, PROVIDER_ROLE, Base, ProviderScoped

MINE = "provider_id = NULLIF(current_setting('lamppu.provider', true), '')::uuid"


def record_tables() -> list[str]:
    """The tables of which each row is one provider's own."""
    scoped = (m.local_table for m in Base.registry.mappers if issubclass(m.class_, ProviderScoped))
    return sorted(str(table.name) for table in scoped)  # type: ignore[attr-defined]


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


def shared_table(name: str, *, ministry_reads: bool) -> Iterator[str]:
    """Rights to a table of the plan or system plane, where the policy table of the application decides."""
    yield f'GRANT SELECT, INSERT, UPDATE, DELETE ON "{name}" TO {PROVIDER_ROLE}'
    if ministry_reads:
        yield f'GRANT SELECT ON "{name}" TO {MINISTRY_ROLE}'


def record_table(name: str) -> Iterator[str]:
    """Rights and policies of a table of the record plane."""
    yield from shared_table(name, ministry_reads=True)
    yield f'ALTER TABLE "{name}" ENABLE ROW LEVEL SECURITY'
    yield f'ALTER TABLE "{name}" FORCE ROW LEVEL SECURITY'
    yield f'CREATE POLICY own ON "{name}" TO {PROVIDER_ROLE} USING ({MINE}) WITH CHECK ({MINE})'
    yield f'CREATE POLICY every ON "{name}" FOR SELECT TO {MINISTRY_ROLE} USING (true)'


SECRETS = frozenset({"users", "login_sessions", "login_failures", "clients"})


def everything(tables: Iterable[str]) -> Iterator[str]:
    """All statements for these tables of the current models."""
    records = set(record_tables())
    yield from roles()
    for name in sorted(tables):
        if name in records:
            yield from record_table(name)
        else:
            yield from shared_table(name, ministry_reads=name not in SECRETS)
