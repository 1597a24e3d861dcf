"""`op.protect(table, plane)`: who may see a new table's rows. Written into a revision with the table itself.

On SQLite there are no roles, and nothing to do.
"""

from typing import Any, cast

from alembic.autogenerate import renderers
from alembic.operations import MigrateOperation, Operations, ops

from api.models import security


@Operations.register_operation("protect")
class Protect(MigrateOperation):
    def __init__(self, table: str, plane: str):
        self.table, self.plane = table, plane

    @classmethod
    def protect(cls, operations: Operations, table: str, plane: str) -> Any:
        """The roles' rights: to a `record` by row, to a `shared` table whole; a `secret` is not the ministry's."""
        return operations.invoke(cls(table, plane))

    def reverse(self) -> MigrateOperation:
        return ops.UpgradeOps([])  # rights and policies go with the table


@Operations.implementation_for(Protect)
def _protect(operations: Operations, operation: Protect) -> None:
    if operations.get_bind().dialect.name == "postgresql":
        for statement in security.protection(operation.table, operation.plane):
            operations.execute(statement)


@renderers.dispatch_for(Protect)
def _render(_: Any, operation: Protect) -> str:
    return f"op.protect({operation.table!r}, {operation.plane!r})"


def add(_: Any, __: Any, directives: list[Any]) -> None:
    """For autogenerate: every table that a revision makes is protected in it."""
    upgrade = cast(ops.MigrationScript, directives[0]).upgrade_ops
    made = (
        [o.table_name for o in upgrade.ops if isinstance(o, ops.CreateTableOp)] if upgrade else []
    )
    for table in made:
        upgrade.ops.append(Protect(table, security.plane(table)))  # type: ignore[union-attr,arg-type]
