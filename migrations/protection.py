"""`op.protect(table, plane)`: who may see a new table's rows, and that the log tells of them. Written into a revision
with the table itself; `op.unwatch(table)` stands where it goes.

On SQLite there are no roles. But it changes a table by making it anew, which would take its triggers away.
"""

from typing import Any, cast

import sqlalchemy as sa
from alembic.autogenerate import renderers
from alembic.ddl.sqlite import SQLiteImpl
from alembic.operations import MigrateOperation, Operations, ops

from api.models import security, triggers
from api.models.changes import CHANGES


@Operations.register_operation("protect")
class Protect(MigrateOperation):
    def __init__(self, table: str, plane: str):
        self.table, self.plane = table, plane

    @classmethod
    def protect(cls, operations: Operations, table: str, plane: str) -> Any:
        """The roles' rights: to a `record` by row, to a `shared` table whole; a `secret` is not the ministry's."""
        return operations.invoke(cls(table, plane))


@Operations.register_operation("watch")
class Watch(MigrateOperation):
    def __init__(self, table: str, plane: str):
        self.table, self.plane = table, plane

    @classmethod
    def watch(cls, operations: Operations, table: str, plane: str) -> Any:
        """The triggers by which the log tells of a table's rows; part of `protect` since there is a log."""
        return operations.invoke(cls(table, plane))


@Operations.register_operation("unwatch")
class Unwatch(MigrateOperation):
    def __init__(self, table: str):
        self.table = table

    @classmethod
    def unwatch(cls, operations: Operations, table: str) -> Any:
        """The same undone, before the table goes."""
        return operations.invoke(cls(table))


@Operations.implementation_for(Protect)
def _protect(operations: Operations, operation: Protect) -> None:
    if operations.get_bind().dialect.name == "postgresql":
        for statement in security.protection(operation.table, operation.plane):
            operations.execute(statement)
    if operation.plane == "kept":
        for statement in triggers.keep(operations.get_bind().dialect.name, operation.table):
            operations.execute(statement)
    if sa.inspect(operations.get_bind()).has_table(CHANGES.name):
        operations.invoke(Watch(operation.table, operation.plane))


@Operations.implementation_for(Watch)
def _watch(operations: Operations, operation: Watch) -> None:
    bind = operations.get_bind()
    columns = [column["name"] for column in sa.inspect(bind).get_columns(operation.table)]
    if told := triggers.audience(operation.table, operation.plane, columns):
        for statement in triggers.watch(bind.dialect.name, operation.table, told):
            operations.execute(statement)


@Operations.implementation_for(Unwatch)
def _unwatch(operations: Operations, operation: Unwatch) -> None:
    for statement in triggers.unwatch(operations.get_bind().dialect.name, operation.table):
        operations.execute(statement)


@renderers.dispatch_for(Protect)
def _render(_: Any, operation: Protect) -> str:
    return f"op.protect({operation.table!r}, {operation.plane!r})"


@renderers.dispatch_for(Unwatch)
def _render_unwatch(_: Any, operation: Unwatch) -> str:
    return f"op.unwatch({operation.table!r})"


def add(_: Any, __: Any, directives: list[Any]) -> None:
    """For autogenerate: every table that a revision makes is protected in it, and what goes is told of no more."""
    script = cast(ops.MigrationScript, directives[0])
    upgrade, downgrade = cast(Any, script.upgrade_ops), cast(Any, script.downgrade_ops)
    made = [o.table_name for o in upgrade.ops if isinstance(o, ops.CreateTableOp)]
    upgrade.ops += [Protect(table, security.plane(table)) for table in made]
    for side in (upgrade, downgrade):
        gone = [o.table_name for o in side.ops if isinstance(o, ops.DropTableOp)]
        side.ops[:0] = [Unwatch(table) for table in gone]


class KeepingTriggers(SQLiteImpl):
    """A table that comes again under its old name gets its triggers again."""

    __dialect__ = "sqlite"

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._triggers: dict[str, list[str]] = {}

    def drop_table(self, table: Any, **kw: Any) -> None:
        found = sa.text("SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = :name")
        connection = cast(sa.Connection, self.connection)
        self._triggers[table.name] = [*connection.scalars(found, {"name": table.name})]
        super().drop_table(table, **kw)

    def rename_table(self, old_table_name: Any, new_table_name: Any, schema: Any = None) -> None:
        super().rename_table(old_table_name, new_table_name, schema)
        for trigger in self._triggers.pop(str(new_table_name), []):
            self._exec(sa.text(trigger))
