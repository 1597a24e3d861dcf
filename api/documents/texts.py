"""The words of a document in one language: the catalogue, dates, times, numbers and lists.

Every writer (HTML, PDF, DOCX, XLSX, CSV) speaks through `Texts`, so that a word is translated in one place:
`texts/{fi,sv,en}.json`, groups of keys. The labels of the vocabulary's words come from `schemas/labels`.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time
from babel.lists import format_list
from babel.numbers import format_decimal

from schemas.fields import Spoken
from schemas.labels import vocabulary
from schemas.vocabulary import Language

LANGUAGES = ("fi", "sv", "en")
# Finland writes 18.1.2013 in Swedish too; in English its readers expect the day before the month.
LOCALES = {
    "fi": Locale("fi", "FI"),
    "sv": Locale("sv", "FI"),
    "en": Locale("en", "GB"),
}
# A day ends when it ends there, wherever the server is.
FINLAND = ZoneInfo("Europe/Helsinki")
_FOLDER = Path(__file__).with_name("texts")


def _catalogue(language: str) -> dict[str, dict[str, str]]:
    groups: dict[str, dict[str, str]] = json.loads(
        (_FOLDER / f"{language}.json").read_text(encoding="utf-8")
    )
    return groups | vocabulary(language)


CATALOGUES = {language: _catalogue(language) for language in LANGUAGES}


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text and the language it is in, which need not be the document's."""

    text: str
    language: str
    field: str = ""
    """Of which field of which record it is the value, as passages have it."""


def phrase(words: Mapping[str, str | None], language: str) -> Phrase:
    """The text of `{fi, sv, en}` in the language asked for, or in the first of fi, sv, en that has one."""
    for choice in (language, *LANGUAGES):
        if text := words.get(choice):
            return Phrase(text, choice)
    return Phrase("", language)


class Texts:
    """The catalogue of one language, together with the periods that a report's records name by id."""

    def __init__(self, language: str, periods: Iterable[Mapping[str, Any]] = ()):
        self.language = language
        self._groups = CATALOGUES[language]
        self._locale = LOCALES[language]
        self._codes = {period["id"]: period["code"] for period in periods}

    def __call__(self, key: str, **values: object) -> str:
        """The text of `group.name`, with `{placeholders}` filled in."""
        group, name = key.split(".")
        return self._groups[group][name].format(**values)

    def group(self, name: str) -> Mapping[str, str]:
        """All texts of a group that have no placeholders to fill in."""
        return self._groups[name]

    def word(self, vocabulary: str, value: str) -> str:
        """The label of one word of a vocabulary: `word("meeting_kind", "kick_off")`."""
        return self._groups[vocabulary][value]

    def day(self, iso: str) -> str:
        return format_date(date.fromisoformat(iso), self("pattern.day"), self._locale)

    def day_of(self, moment: str) -> str:
        """The day that it was then in Finland. :param moment: as RFC 3339 has it"""
        return self.day(_in_finland(moment).date().isoformat())

    def moment(self, moment: str) -> str:
        """`18.1.2013 klo 12.15`, by the clocks of Finland."""
        clock = self.clock(f"{_in_finland(moment):%H:%M}", None)
        return f"{self.day_of(moment)} {clock}"

    def month(self, iso: str) -> str:
        return format_date(date.fromisoformat(iso), self("pattern.month"), self._locale)

    def clock(self, start: str, end: str | None) -> str:
        """`09:00` and `12:00` as `klo 9.00–12.00`."""
        if end is None:
            return self("clock.from", start=self._time(start))
        return self("clock.span", start=self._time(start), end=self._time(end))

    def _time(self, iso: str) -> str:
        return format_time(time.fromisoformat(iso), self("pattern.clock"), locale=self._locale)

    def number(self, value: float) -> str:
        said: str = format_decimal(value, self("pattern.number"), self._locale)
        return said

    def quantity(self, value: float, unit: str | None) -> str:
        """A number and its unit, which no line break parts."""
        return "\N{NO-BREAK SPACE}".join(filter(None, [self.number(value), unit]))

    def series(self, items: Sequence[str]) -> str:
        """`a, b ja c`."""
        return format_list(items, locale=self._locale)

    def period(self, group: str, code: str) -> str:
        """A period's code in words: group `period` (kevät 2012), `period_during` or `period_results`."""
        year, part = code.split("-")
        return self(f"{group}.{part}", year=year)

    def when(self, record: Mapping[str, Any]) -> str:
        """When a record was, as exactly as it is known and as it was written; "" when nothing is known."""
        known = self._known(record)
        note: str | None = record["date_note"]
        return f"{known} ({note})" if known and note else known or note or ""

    def _known(self, record: Mapping[str, Any]) -> str:
        if record["date"] is None:
            code = self._codes.get(record["period_id"])
            return self.period("period_during", code) if code else ""
        if record["date_precision"] == "month":
            return self.month(record["date"])
        start, end = record.get("start_time"), record.get("end_time")
        clock = self.clock(start, end) if start else None
        return " ".join(filter(None, [self.day(record["date"]), clock]))


def _in_finland(moment: str) -> datetime:
    return datetime.fromisoformat(moment).astimezone(FINLAND)


def spoken(text: str, say: Callable[[Texts], str]) -> Spoken:
    """A code or a day for a text of a problem, which says it as documents do; in English as it is sent."""
    own = (language for language in LANGUAGES if language != Language.EN)
    return Spoken(text, {language: say(Texts(language)) for language in own})


@cache
def spoken_state(state: str) -> Spoken:
    return spoken(state, lambda texts: texts.word("report_state", state))


@cache
def spoken_period(code: str) -> Spoken:
    return spoken(code, lambda texts: texts.period("period", code))


def spoken_day(day: date) -> Spoken:
    return spoken(day.isoformat(), lambda texts: texts.day(day.isoformat()))
