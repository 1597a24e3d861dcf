"""What of a row goes out: some of its fields, and with it rows that it refers to or that belong to it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.access import reach as reach_of
from api.base import ProviderScoped
from api.context import caller
from api.models.base import Row
from api.problems import Fault, Invalid
from api.services import rows
from api.view import Reader, Shown, view_of
from schemas.fields import Reference, Worded

# Rows that belong to those of one page, all of them together.
MOST_CHILDREN = 1_000


@dataclass(frozen=True)
class Member:
    """What a row can be expanded by.

    :param stem: the resource whose rows are shown
    :param key: the column that names them: of the row itself, or of each of the many that belong to it
    """

    name: str
    stem: str
    key: str
    many: bool


def members(model: type[Row], children: Sequence[str]) -> dict[str, Member]:
    """Every reference of a table's schema, by its name without `_id`, and these resources of which it is the parent."""
    fields = model.schema().dump_fields
    found = [
        Member(name.removesuffix("_id"), field.target, name, many=False)
        for name, field in fields.items()
        if isinstance(field, Reference)
    ]
    return {member.name: member for member in [*found, *_children(model, children)]}


def _children(model: type[Row], stems: Sequence[str]) -> Iterable[Member]:
    for stem in stems:
        child = rows.model_of(stem)
        if issubclass(child, ProviderScoped) and not issubclass(model, ProviderScoped):
            raise TypeError(f"{stem} are not everybody's who reads {model.__tablename__}")
        key = next(
            name
            for name, field in child.schema().dump_fields.items()
            if isinstance(field, Reference) and field.target == model.__tablename__
        )
        yield Member(stem, stem, key, many=True)


@dataclass(frozen=True)
class Shape:
    """What was asked for: some fields, or all of them when None; and what to expand."""

    fields: tuple[str, ...] | None
    members: tuple[Member, ...]

    @classmethod
    def taken(cls, query: dict[str, Any], known: Mapping[str, Member]) -> "Shape":
        """Take what says the shape out of a query."""
        fields, expand = query.pop("fields"), query.pop("expand", ())
        return cls(None if fields is None else tuple(fields), tuple(known[name] for name in expand))

    def needed(self, *more: str) -> frozenset[str] | None:
        """The fields to read: beside those to show, those by which rows are expanded, and these."""
        if self.fields is None:
            return None
        keys = (member.key for member in self.members if not member.many)
        return frozenset(("id", *self.fields, *keys, *more))

    def expand(self, reader: Reader, shown: Sequence[Shown]) -> None:
        """Add the rows of each member, by one statement a member, as far as the caller's own rights reach."""
        left = MOST_CHILDREN
        for member in self.members:
            if member.many:
                left -= _add_children(reader, shown, member, left)
            else:
                _add_reference(reader, shown, member)

    def trimmed(self, shown: Sequence[Shown]) -> list[Shown]:
        """The rows with what was asked for and no more."""
        if self.fields is None:
            return list(shown)
        kept = {"id", *self.fields, *(member.name for member in self.members)}
        return [{name: row[name] for name in row if name in kept} for row in shown]


def _add_reference(reader: Reader, shown: Sequence[Shown], member: Member) -> None:
    """The row that each of these refers to; null where there is none, or none that the caller may read."""
    keys = {row[member.key] for row in shown} - {None}
    found = {row["id"]: row for row in _read(reader, member, "id", keys, None)}
    for row in shown:
        row[member.name] = found.get(row[member.key])


def _add_children(reader: Reader, shown: Sequence[Shown], member: Member, most: int) -> int:
    """The rows that belong to each of these, in their own order. :return: how many"""
    found = _read(reader, member, member.key, {row["id"] for row in shown}, most + 1)
    if len(found) > most:
        text = Worded(
            "More than {most} rows belong to these: take a lower limit, or list them by themselves.",
            most=MOST_CHILDREN,
        )
        raise Invalid(faults=[Fault("too_many_to_expand", text, parameter="expand")])
    of: dict[Any, list[Shown]] = {row["id"]: [] for row in shown}
    for row in sorted(found, key=lambda row: (row.get("position", 0), row["id"])):
        of[row[member.key]].append(row)
    for row in shown:
        row[member.name] = of[row["id"]]
    return len(found)


def _read(
    reader: Reader, member: Member, column: str, keys: set[Any], limit: int | None
) -> list[Shown]:
    reach = reach_of(caller(), member.stem, "read")
    if reach is None or not keys:
        return []
    filters = {column: sorted(keys)}
    return view_of(rows.model_of(member.stem)).rows(reader, reach, filters, order=None, limit=limit)
