"""`flask --app wsgi import FILE…`: what an operator has as files goes in as over HTTP, by the same services."""

import shutil
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import click
import sqlalchemy as sa
from flask import current_app, g

from api import bodies, errors, wire
from api.access import Reach
from api.answers import JSON
from api.context import database
from api.documents.corrections import correction_of, why
from api.documents.edited import DOCX
from api.documents.intake import opened
from api.models.imports import Import
from api.models.providers import Provider
from api.problems import MOST_FAULTS, BadRequest, Fault, Problem, TooLarge
from api.resources.exports import CSV, NDJSON, XLSX
from api.scope import Scope, Session
from api.services import imports, rows, tables
from api.services.elements import CODED, ORDER
from api.services.jobs import Progress
from api.translations import said
from schemas.fields import Worded
from schemas.vocabulary import Language

TYPES: Mapping[str, str] = {
    **{".csv": CSV, ".json": JSON, ".ndjson": NDJSON, ".xlsx": XLSX},
    ".docx": DOCX,
}
PACKED: Mapping[str, str] = {".gz": "gzip", ".zst": "zstd"}
_SHOWN = 5  # providers to choose from


@dataclass(frozen=True)
class Asked:
    """What was asked of all files."""

    project: str | None
    partial: bool
    refused: Path | None
    language: str


@dataclass(frozen=True)
class Incoming:
    """A file to bring in.

    :param stem: of the resource whose table it is; None of a whole sub-project
    """

    path: Path
    media: str
    coding: str
    stem: str | None

    @contextmanager
    def unpacked(self) -> Iterator[IO[bytes]]:
        """:raises TooLarge, BadRequest: it can't be unpacked"""
        most = current_app.config["MAX_TABLE_BYTES" if self.stem else "MAX_IMPORT_BYTES"]
        with self.path.open("rb") as packed, tempfile.TemporaryFile(prefix="lamppu-") as file:
            try:
                bodies.copy(bodies.CODINGS[self.coding](packed), file, most)
            except TooLarge as error:
                raise TooLarge(
                    Worded("Unpacked it has more than {max} bytes.", max=most)
                ) from error
            except BadRequest as error:
                text = Worded("It is not whole, or not packed as its name says.")
                raise BadRequest(text) from error
            file.seek(0)
            yield file


class Refused(Exception):
    """A file of which nothing is kept; why has been said."""


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("import")
@click.argument("files", type=_FILE, nargs=-1, required=True, metavar="FILE…")
@click.option(
    "--provider", help="Whose rows: business id, OID or id; needed unless there is only one."
)
@click.option(
    "--resource",
    type=click.Choice(ORDER),
    metavar="RESOURCE",
    help="What the rows are, such as goals; else the file's name says.",
)
@click.option("--project", metavar="ACRONYM", help="The project whose codes the rows use.")
@click.option("--dry-run", is_flag=True, help="Check and say what would be done; keep nothing.")
@click.option("--partial", is_flag=True, help="Keep the good rows of a table all the same.")
@click.option(
    "--refused",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Where to put the rows of a table that are refused, each with why.",
)
@click.option(
    "--language",
    type=click.Choice([each.value for each in Language]),
    default=Language.EN.value,
    show_default=True,
    help="In which to say what is wrong.",
)
def bring_in(
    files: Sequence[Path],
    provider: str | None,
    resource: str | None,
    dry_run: bool,
    **asked: Any,
) -> None:
    """Bring in tables, and whole sub-projects, of one provider.

    A FILE is a table (CSV, XLSX, NDJSON or JSON) whose name has that of its resource, such as goals.csv,
    2012-goals.xlsx or goals.ndjson.gz; or else a whole sub-project, as POST /api/v1/imports takes it. What ends with
    .gz or .zst is unpacked.

    Several go in the order in which rows refer to each other, whatever the order here. Each file is a transaction of
    its own: the first one that is refused ends the command, and the files before it stay. The id of an import, which
    is told, is what POST /api/v1/imports/{id}/undo takes. Ends with 0, with 1 when anything was refused, with 2 when
    the command is not understood.
    """
    told = Asked(**asked)
    g.request_id = "command line"  # of what is logged
    with database().session() as session:
        owner = _provider(session, provider)
    try:
        incoming = sorted((_incoming(path, resource, told) for path in files), key=_place_in_order)
        _must_make_sense(incoming, told)
        whole = _bring_in_all(incoming, owner, told, keep=not dry_run)
    except Refused:
        whole = False
    if not whole:
        sys.exit(1)


def _bring_in_all(
    incoming: Sequence[Incoming], owner: uuid.UUID, asked: Asked, *, keep: bool
) -> bool:
    """:return: whether no row was refused"""
    whole = True
    with database().session() as session:
        session.enter(Scope(provider_id=owner))
        for one in incoming:
            with _telling(one, asked):
                done, faults, more = _carry_out(session, one, asked)
                if keep:  # of a dry run later files still see what earlier ones would have brought
                    session.commit()
            click.echo(_summary(one, done, keep))
            _tell(one.path, faults, more, asked.language)
            whole = whole and not faults
    return whole


# which files


def _incoming(path: Path, resource: str | None, asked: Asked) -> Incoming:
    coding = PACKED.get(path.suffix.lower(), "identity")
    bare = path if coding == "identity" else path.with_suffix("")
    media = TYPES.get(bare.suffix.lower())
    if media is None:
        known = ", ".join(TYPES)
        raise click.UsageError(f"{path}: its name ends with none of {known}, packed or not.")
    if media == JSON and _is_document(one := Incoming(path, media, coding, None), asked):
        return one
    if media == DOCX:
        return Incoming(path, media, coding, None)
    return Incoming(path, media, coding, resource or _named(path, bare.stem, media))


def _is_document(incoming: Incoming, asked: Asked) -> bool:
    """Whether it is no page of rows, as an export has it."""
    with _telling(incoming, asked), incoming.unpacked() as file:
        page = wire.parse(file.read())
    return not (isinstance(page, dict) and "items" in page)


def _named(path: Path, name: str, media: str) -> str | None:
    """The resource that a file's name has in it, as whole words; what may have several may name none."""
    words = "_" + "".join(c if c.isalpha() else "_" for c in name.lower()) + "_"
    found = {stem for stem in (*ORDER, *CODED, "projects") if f"_{stem}_" in words}
    longest = {stem for stem in found if not any(f"_{stem}" in other for other in found)}
    if not found and media in (NDJSON, XLSX):
        return None
    if len(longest) != 1 or not longest <= set(ORDER):
        raise click.UsageError(
            f"{path}: its name tells of no resource, or of several; --resource says which."
        )
    return longest.pop()


def _place_in_order(incoming: Incoming) -> int:
    """Whole sub-projects come first: they refer to nothing that is not among them."""
    return ORDER.index(incoming.stem) if incoming.stem else -1


def _must_make_sense(incoming: Sequence[Incoming], asked: Asked) -> None:
    if (asked.refused or asked.partial) and not all(one.stem for one in incoming):
        raise click.UsageError("A whole sub-project goes in as a whole, or not at all.")
    if asked.refused and asked.refused.resolve() in [one.path.resolve() for one in incoming]:
        raise click.UsageError(f"--refused would overwrite {asked.refused}.")
    if asked.refused and asked.partial and len(incoming) > 1:
        raise click.UsageError("With --partial, --refused is for one file at a time.")


def _provider(session: Session, named: str | None) -> uuid.UUID:
    known = sa.select(Provider.id, Provider.business_id, Provider.oid, Provider.name)
    if named:
        try:
            known = known.where(Provider.id == uuid.UUID(named))
        except ValueError:
            known = known.where(sa.or_(Provider.business_id == named, Provider.oid == named))
    some = session.execute(known.order_by(Provider.name, Provider.id).limit(_SHOWN + 1)).all()
    if len(some) == 1:
        owner: uuid.UUID = some[0].id
        return owner
    if named:
        raise click.UsageError(f"There is no provider {named}; leave --provider out to see some.")
    if not some:
        raise click.UsageError("There is no provider yet.")
    shown = [f"  {one.business_id or one.oid or one.id}  {one.name}" for one in some[:_SHOWN]]
    shown += ["  …"] if len(some) > _SHOWN else []
    asked = "Whose rows are they? --provider takes a business id, an OID or an id:"
    raise click.UsageError("\n".join([asked, *shown]))


# one file


def _carry_out(
    session: Session, incoming: Incoming, asked: Asked
) -> tuple[Import, Sequence[Fault], int]:
    """:return: the import, and of its faults, where good rows are kept, the first ones, and how many more"""
    with ExitStack() as stack:
        file = stack.enter_context(incoming.unpacked())
        progress = stack.enter_context(_progress(incoming.path, file))
        if incoming.stem is None:
            most = current_app.config["MAX_IMPORT_BYTES"]
            told = {"plan": None, "media": incoming.media, "most": most}
            done, _ = imports.do_job(session, file, told, progress)
            return done, (), 0
        brought = _table(session, incoming, file, progress, asked)
        if brought.faults and not asked.partial:
            raise brought.refusal()
        done = tables.record(session, brought)
        return done, brought.faults, brought.found - len(brought.faults)


def _table(
    session: Session, incoming: Incoming, file: IO[bytes], progress: Progress, asked: Asked
) -> tables.Brought:
    stem: Any = incoming.stem
    schema: Any = rows.model_of(stem).schema
    config = current_app.config
    table = opened(
        incoming.media,
        file,
        schema,
        stem,
        page_bytes=config["MAX_IMPORT_BYTES"],
        workbook_bytes=config["MAX_TABLE_BYTES"],
    )
    ground = tables.ground(session, stem, Reach.OWN, asked.project)
    if not asked.refused:
        return tables.bring_in(session, table, ground, partial=asked.partial, progress=progress)
    with ExitStack() as stack:
        correction = correction_of(table, stack)
        brought = tables.bring_in(
            session,
            table,
            ground,
            partial=True,  # or the database would not be asked of rows after the first refused one
            refused=lambda line, faults: correction.add(line, why(faults, asked.language)),
            progress=progress,
        )
        if brought.refused:
            with asked.refused.open("wb") as kept:
                shutil.copyfileobj(correction.finish(), kept)
    return brought


# what is said


@contextmanager
def _progress(path: Path, file: IO[bytes]) -> Iterator[Progress]:
    """A bar on a terminal: of the rows, or else of how much of the file has been read."""
    size = max(file.seek(0, 2), 1)
    file.seek(0)
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=size, label=path.name, file=sys.stderr, hidden=hidden) as bar:

        def tell(done: int, total: int | None) -> None:
            there = size if file.closed else file.tell()
            bar.update((size * done // max(total, 1) if total is not None else there) - bar.pos)

        yield tell


@contextmanager
def _telling(incoming: Incoming, asked: Asked) -> Iterator[None]:
    """:raises Refused: upon any problem, which is said"""
    try:
        yield
    except (Problem, sa.exc.DBAPIError) as error:
        problem = errors.of(error)
        text = said(problem.detail or problem.title, asked.language)
        if not problem.faults or problem.detail:
            click.echo(f"{incoming.path}: {text}", err=True)
        _tell(incoming.path, problem.faults, problem.members.get("more", 0), asked.language)
        raise Refused from error


def _tell(path: Path, faults: Sequence[Fault], more: int, language: str) -> None:
    for fault in faults[:MOST_FAULTS]:
        click.echo(f"{_place(path, fault)}: {said(fault.detail, language)}", err=True)
    if more := more + max(0, len(faults) - MOST_FAULTS):
        click.echo(f"{path}: and {more} more", err=True)


def _place(path: Path, fault: Fault) -> str:
    """`goals.csv:12: goal`, as compilers have it, and `2012.xlsx:goals:12: goal` of a file with several resources."""
    resource = fault.more.get("resource")
    row = ":".join(str(step) for step in (path, resource, fault.row) if step)
    option = f"--{fault.parameter}" if fault.parameter else None
    return ": ".join(filter(None, (row, fault.column, fault.pointer, option)))


def _summary(incoming: Incoming, done: Import, kept: bool) -> str:
    counts = [
        f"{stem}: " + (", ".join(f"{n} {outcome}" for outcome, n in tally.items() if n) or "none")
        for stem, tally in done.counts.items()
    ]
    end = f"import {done.id}" if kept else "nothing kept"
    return f"{incoming.path}: {'; '.join(counts)} ({end})"
