"""What is found in a report's document that was edited by hand: texts in the fields of records, and where they stand.

Nothing that the document says of itself is believed here; whose rows they are is for others.
"""

import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from api.documents.heads import TOLD
from api.documents.manifest import canonical
from api.documents.texts import CATALOGUES
from api.problems import Fault, Invalid
from schemas.fields import Worded

# Far more than any report has.
MOST_TEXTS = 20_000
# The names of fields.
FIELD = re.compile(r"[a-z_]+\.[A-Za-z0-9_-]{22}\.[0-9]{1,9}(\.[a-z0-9_]+){1,3}", re.ASCII)
NEW = re.compile(r"results\.new\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{22})", re.ASCII)
GOALS = "goals."
# What stands where nothing was written yet.
_BLANKS = frozenset(each["heading"]["write"] for each in CATALOGUES.values())

TWICE = Worded("The row of this goal is there twice; a new goal is made by itself.")


@dataclass(frozen=True)
class Place:
    """A cell as a person finds it: row and column of a table or sheet, and the words of its goal and period."""

    table: str = ""
    row: int | None = None
    column: str | None = None
    goal: str = ""
    period: str = ""

    def placed(self, fault: Fault) -> Fault:
        told = {"table": self.table, "goal": self.goal, "period": self.period}
        more = {name: value for name, value in told.items() if value}
        return replace(fault, row=self.row, column=self.column, more={**more, **fault.more})

    def shown(self) -> dict[str, Any]:
        """What is known of it, as `schemas.imports.Edit` calls it."""
        return {name: value for name, value in vars(self).items() if value}


@dataclass(frozen=True)
class Written:
    """A text in a field, by the name that it has in the document."""

    name: str
    text: str
    place: Place


@dataclass(frozen=True)
class Added:
    """A text in no field, in the cell of this goal and period."""

    goal_id: UUID
    period_id: UUID
    text: str
    place: Place


@dataclass
class Edited:
    """What stands in a document.

    :param report_id: as the document says
    :param given_out: what texts said then, as `manifest.read` has it
    :param said: hashes of our own words then, as far as the document tells of them
    :param unread: names of fields whose texts can't be read
    """

    report_id: UUID
    language: str
    given_out: Mapping[str, str]
    said: set[str]
    texts: list[Written] = field(default_factory=list)
    added: list[Added] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)

    def refuse(self, fault: Fault, place: Place, value: str = "") -> None:
        self.faults.append(place.placed(replace(fault, value=value[:TOLD] or None)))

    def note(self, name: str, text: str, place: Place) -> None:
        """A text with the name of its field, whatever that is."""
        if len(self.texts) + len(self.added) == MOST_TEXTS:
            raise Invalid(
                faults=[Fault("too_many_rows", Worded("More than {max} texts.", max=MOST_TEXTS))]
            )
        if found := NEW.fullmatch(name):
            self.add(found[1], found[2], text, place)
        elif FIELD.fullmatch(name) and long_id(name.split(".")[1]):
            self.texts.append(Written(name, text, place))
        else:
            self.refuse(Fault("unknown_name", Worded("No field is called so.")), place, name)

    def add(self, goal: str, period: str, text: str, place: Place) -> None:
        text = canonical(text).strip()
        goal_id, period_id = long_id(goal), long_id(period)
        if text and text not in _BLANKS and goal_id and period_id:
            self.added.append(Added(goal_id, period_id, text, place))


def long_id(short: str) -> UUID | None:
    """An id from the letters in which a field's name has it."""
    try:
        return UUID(bytes=urlsafe_b64decode(f"{short}=="))
    except ValueError:
        return None
