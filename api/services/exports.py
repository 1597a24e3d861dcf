"""Exports: every row that fits, by id, from one snapshot, as it is read and in constant memory."""

import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from api import wire
from api.access import Reach
from api.documents.parquet import write_parquet
from api.documents.tables import write_csv, write_xlsx
from api.lane import together
from api.scope import Session
from api.services.reports import compile_form
from api.view import View
from schemas.exports import Column

# Each has its records in memory only while it is compiled; so many rows of reports are read at a time.
REPORTS_AT_ONCE = 100
# Rows of Parquet, as JSON: a few times as much in memory.
GROUP_BYTES = 2_000_000


@dataclass(frozen=True)
class Asked:
    """Which rows, and with which fields.

    :param after: the id of the row before the first
    :param names: the fields to show; all of them when None
    """

    view: View
    reach: Reach
    filters: Mapping[str, Any]
    after: uuid.UUID | None
    names: frozenset[str] | None


def rows(session: Session, asked: Asked, stack: ExitStack) -> Iterator[bytes]:
    """Each row as a line of JSON, in chunks of lines, until the stack is unwound; the session does nothing else."""
    return stack.enter_context(
        asked.view.written(
            session, asked.reach, asked.filters, after=asked.after, names=asked.names
        )
    )


def reports(session: Session, asked: Asked) -> Iterator[bytes]:
    """Each report as a line of JSON with its form compiled, all of them from the session's one snapshot."""
    after = (asked.after,) if asked.after else None
    while found := asked.view.rows(
        session, asked.reach, asked.filters, after=after, limit=REPORTS_AT_ONCE
    ):
        for report in found:
            whole = report | {"form": compile_form(session, asked.reach, report)}
            names = asked.names or whole.keys()
            yield wire.dump({name: whole[name] for name in whole if name in names}) + b"\n"
        after = (found[-1]["id"],)


# formats; lines come in chunks of one or more


def json(lines: Iterable[bytes]) -> Iterator[bytes]:
    """A page with all rows, each on a line of its own: no line break stands within one."""
    between = b'{"items":[\n'
    for chunk in lines:
        yield between + chunk[:-1].replace(b"\n", b",\n")
        between = b",\n"
    yield between.lstrip(b",") + b'],"next":null}\n'


def csv(lines: Iterable[bytes], columns: Sequence[Column], *, bom: bool) -> Iterator[bytes]:
    return together(write_csv(columns, _rows(lines), bom=bom))


def xlsx(
    lines: Iterable[bytes], columns: Sequence[Column], title: str, stack: ExitStack
) -> IO[bytes]:
    """A file on disk, which goes when the stack is unwound: a workbook can't be sent before it is whole.

    :raises TooLongForCell
    """
    path = write_xlsx(_folder(stack), title, columns, _rows(lines))
    return stack.enter_context(path.open("rb"))


def parquet(lines: Iterable[bytes], columns: Sequence[Column], stack: ExitStack) -> IO[bytes]:
    """A file on disk, which goes when the stack is unwound."""
    groups = (list(_rows([group])) for group in together(lines, GROUP_BYTES))
    path = write_parquet(_folder(stack), columns, groups)
    return stack.enter_context(path.open("rb"))


def _folder(stack: ExitStack) -> Path:
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lamppu-")))


def whole(chunks: Iterable[bytes], stack: ExitStack) -> IO[bytes]:
    """All of it, on disk."""
    file: IO[bytes] = stack.enter_context(tempfile.TemporaryFile(prefix="lamppu-"))  # noqa: SIM115
    file.writelines(chunks)
    file.seek(0)
    return file


def _rows(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    return (orjson.loads(line) for chunk in lines for line in chunk.splitlines())
