"""Field types that accept exactly what they document, and say by a stable code what was wrong.

Why not marshmallow's own as they stand: Integer takes "1_000" and 1.9, Boolean takes "yes", UUID takes "{…}", Date
takes "2012-W03-1", and String takes NUL and lone surrogates, which no database stores.
"""

import math
import re
import typing as t
import unicodedata
from datetime import UTC, date, datetime
from enum import StrEnum

from marshmallow import Schema, ValidationError, fields, validate

from schemas import vocabulary as v

# Control characters have no place in a report, and a lone surrogate is no text; line breaks and tabs may stay.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MOMENT = re.compile(
    v.MOMENT.replace(v.YEAR, "[0-9]{4}"), re.ASCII
)  # any year: it may be out of range


class Worded(str):
    """An English text that keeps its template and what filled it, so that it can be said in another language too.

    `Worded("Longer than {max}.", max=40)`; a template that is worded itself keeps what it was filled with.
    """

    template: str
    params: dict[str, t.Any]

    def __new__(cls, template: str, /, **params: t.Any) -> t.Self:
        if isinstance(template, Worded):
            params, template = template.params | params, template.template
        self = super().__new__(cls, template.format(**params) if params else template)
        self.template, self.params = template, params
        return self

    def __getnewargs_ex__(self) -> t.Any:
        return (self.template,), self.params


class Spoken(str):
    """What fills a text, with the words that languages have for it: `Spoken("2012-spring", {"fi": "kevät 2012"})`."""

    words: t.Mapping[str, str]

    def __new__(cls, text: str, /, words: t.Mapping[str, str]) -> t.Self:
        self = super().__new__(cls, text)
        self.words = words
        return self

    def __getnewargs_ex__(self) -> t.Any:
        return (str(self), self.words), {}


class Coded(Worded):
    """An error text that carries its stable code through marshmallow."""

    code: str

    def __new__(cls, code: str, template: str, /, **params: t.Any) -> t.Self:
        self = super().__new__(cls, template, **params)
        self.code = code
        return self

    def format(self, *_: t.Any, **params: t.Any) -> "Coded":
        """How marshmallow fills in a text."""
        return Coded(self.code, self.template, **self.params | params)

    def __getnewargs_ex__(self) -> t.Any:
        return (self.code, self.template), self.params


Messages = dict[str, str | list[t.Any] | dict[t.Any, t.Any]]
MESSAGES: Messages = {
    "required": Coded("required", "This field is required."),
    "null": Coded("null", "This field may not be null."),
    "invalid": Coded("wrong_type", "Not of the documented type."),
}


def length(minimum: int | None = None, maximum: int | None = None) -> validate.Length:
    """Length in characters, or in entries of a list."""
    words = {
        (True, False): Coded("too_short", "Shorter than {min}."),
        (False, True): Coded("too_long", "Longer than {max}."),
        (True, True): Coded("wrong_length", "Length is not between {min} and {max}."),
    }
    return validate.Length(
        min=minimum, max=maximum, error=words[minimum is not None, maximum is not None]
    )


class Pattern(validate.Regexp):
    """The whole text: to Python's `match`, `$` also stands before a line break at the end."""

    def __call__(self, value: t.Any) -> t.Any:
        if not self.regex.fullmatch(value):
            raise ValidationError(self._format_error(value))
        return value


def pattern(regex: str, text: str) -> Pattern:
    return Pattern(re.compile(regex, re.ASCII), error=Coded("wrong_format", text))


class Text(fields.String):
    """Unicode text, kept exactly as given: no NUL or other control characters, not blank when required."""

    default_error_messages: Messages = MESSAGES | {
        "invalid": Coded("wrong_type", "Not a string."),
        "characters": Coded("forbidden_character", "Contains U+{point}, which is not allowed."),
        "blank": Coded("blank", "Contains no visible character."),
        "length": Coded("too_long", "Longer than {max}."),
    }

    def __init__(self, maximum: int, regex: str | None = None, wording: str = "", **kwargs: t.Any):
        self.maximum = maximum
        checks = [length(maximum=maximum)]
        super().__init__(validate=[*checks, pattern(regex, wording)] if regex else checks, **kwargs)

    def _deserialize(self, value: t.Any, *args: t.Any, **kwargs: t.Any) -> str:
        text = super()._deserialize(value, *args, **kwargs)
        if len(text) > self.maximum:  # before any pattern looks at a megabyte of it
            raise self.make_error("length", max=self.maximum)
        if found := FORBIDDEN.search(text):
            raise self.make_error("characters", point=f"{ord(found[0]):04X}")
        if not text or text.isspace():
            raise self.make_error("blank")
        return text


def is_plain_text(text: str) -> bool:
    """Whether a text has what `Text` asks of its characters."""
    if not text or text.isspace():
        return False
    return text.isprintable() or not FORBIDDEN.search(text)  # what is printable is not forbidden


class Key(Text):
    """Text that tells rows apart: in normal form C, or two that look the same could both be there."""

    default_error_messages: Messages = {
        "normal": Coded("not_normalised", "Not in Unicode normal form C (NFC)."),
    }

    def _deserialize(self, value: t.Any, *args: t.Any, **kwargs: t.Any) -> str:
        text = super()._deserialize(value, *args, **kwargs)
        if not unicodedata.is_normalized("NFC", text):
            raise self.make_error("normal")
        return text


class Choice(fields.String):
    """One word of a vocabulary; plain text on both sides, so that a row goes out as it lies in the table."""

    default_error_messages: Messages = MESSAGES | {"invalid": Coded("wrong_type", "Not a string.")}

    def __init__(self, words: type[StrEnum], **kwargs: t.Any):
        self.words = words
        error = Coded("unknown_word", "Not one of: {choices}.")
        super().__init__(validate=validate.OneOf([w.value for w in words], error=error), **kwargs)


class Flag(fields.Boolean):
    """true or false, nothing that only looks like it."""

    default_error_messages: Messages = MESSAGES | {
        "invalid": Coded("wrong_type", "Not true or false.")
    }

    def _deserialize(self, value: t.Any, *args: t.Any, **kwargs: t.Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Whole(fields.Integer):
    """A whole number; 1.0 is one (JSON Schema 2020-12 §6.1.1), true is not."""

    default_error_messages: Messages = MESSAGES | {
        "invalid": Coded("wrong_type", "Not a whole number.")
    }

    def __init__(self, minimum: int, maximum: int, **kwargs: t.Any):
        error = Coded("out_of_range", "Not between {min} and {max}.")
        super().__init__(validate=validate.Range(minimum, maximum, error=error), **kwargs)

    def _deserialize(self, value: t.Any, *args: t.Any, **kwargs: t.Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float) or value % 1:
            raise self.make_error("invalid", input=value)
        return int(value)


class QueryWhole(Whole):
    """The same in a query string: ASCII digits only."""

    def _deserialize(self, value: t.Any, *args: t.Any, **kwargs: t.Any) -> int:
        if not re.fullmatch("[0-9]{1,9}", value, re.ASCII):
            raise self.make_error("invalid", input=value)
        return int(value)


class QueryFlag(fields.Boolean):
    """true or false in a query string."""

    default_error_messages: Messages = MESSAGES | {
        "invalid": Coded("wrong_type", "Not true or false.")
    }

    def _deserialize(self, value: t.Any, *args: t.Any, **kwargs: t.Any) -> bool:
        if value not in ("true", "false"):
            raise self.make_error("invalid", input=value)
        return bool(value == "true")


class QueryMoment(fields.DateTime):
    """A moment in a query string, with any offset from UTC (RFC 3339 §5.6); written with a year from 1900 to 2200."""

    default_error_messages: Messages = MESSAGES | {
        "invalid": Coded("wrong_format", "Not a moment, written like 2013-01-18T10:00:00Z."),
        "plus": Coded("unescaped_plus", "Write + as %2B: in a query it stands for a blank."),
        "range": Coded("out_of_range", "Not between {min} and {max}."),
    }

    def _deserialize(self, value: t.Any, *args: t.Any, **kwargs: t.Any) -> datetime:
        text = str(value)
        if not _MOMENT.fullmatch(text):
            lost = _MOMENT.fullmatch(text.replace(" ", "+"))
            raise self.make_error("plus" if lost else "invalid", input=value, obj_type="datetime")
        if not v.FIRST_DAY.year <= int(text[:4]) <= v.LAST_DAY.year:  # no calendar has the year 0
            raise self.make_error("range", min=v.FIRST_DAY, max=v.LAST_DAY)
        try:
            return datetime.fromisoformat(text).astimezone(UTC)
        except ValueError as error:
            raise self.make_error("invalid", input=value, obj_type="datetime") from error


class Names(fields.List[t.Any]):
    """Some of a few names in a query string, each once: `fields=a,b` or `fields=a&fields=b`, as it comes.

    What it gives is in the order of `choices`.
    """

    is_multiple = True  # to webargs: the parameter may come again
    default_error_messages: Messages = MESSAGES | {
        "unknown": Coded("unknown_name", "No such name here; there are: {names}."),
        "repeated": Coded("repeated", "The same name stands here twice."),
    }

    def __init__(self, choices: t.Iterable[str], **kwargs: t.Any):
        self.choices = list(choices)
        super().__init__(fields.String(validate=validate.OneOf(self.choices)), **kwargs)

    def _deserialize(self, value: t.Any, *args: t.Any, **kwargs: t.Any) -> list[t.Any]:
        names = [name for given in value for name in str(given).split(",")]
        if set(names) - set(self.choices):
            raise self.make_error("unknown", names=", ".join(self.choices))
        if len(set(names)) < len(names):
            raise self.make_error("repeated")
        return [name for name in self.choices if name in names]


class Number(fields.Float):
    """A number of up to 11 digits before the point and 4 after it; a double holds each of them exactly as written."""

    default_error_messages: Messages = MESSAGES | {
        "invalid": Coded("wrong_type", "Not a number."),
        "decimals": Coded("too_many_decimals", "More than {decimals} decimals."),
    }

    def __init__(self, **kwargs: t.Any):
        error = Coded("out_of_range", "Not between {min} and {max}.")
        within = validate.Range(-v.NUMBER_LIMIT, v.NUMBER_LIMIT, error=error)
        super().__init__(validate=within, **kwargs)

    def _validated(self, value: t.Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.make_error("invalid", input=value)
        if not -v.NUMBER_LIMIT <= value <= v.NUMBER_LIMIT or not math.isfinite(value):
            return float("inf") if value > 0 else float("-inf")  # for Range to refuse
        if round(value, v.NUMBER_DECIMALS) != value:
            raise self.make_error("decimals", decimals=v.NUMBER_DECIMALS)
        return float(value) + 0.0  # -0.0 becomes 0.0: SQLite would forget the sign, PostgreSQL not


class Day(fields.Date):
    """A calendar day, `2013-01-18` (RFC 3339 full-date), from 1900 to 2200."""

    default_error_messages: Messages = MESSAGES | {
        "invalid": Coded("wrong_format", "Not a day of the calendar, written like 2013-01-18."),
    }

    def __init__(self, **kwargs: t.Any):
        error = Coded("out_of_range", "Not between {min} and {max}.")
        super().__init__(validate=validate.Range(v.FIRST_DAY, v.LAST_DAY, error=error), **kwargs)

    def _deserialize(self, value: t.Any, *args: t.Any, **kwargs: t.Any) -> date:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            raise self.make_error("invalid", input=value, obj_type="date")
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise self.make_error("invalid", input=value, obj_type="date") from error


class Moment(fields.DateTime):
    """A moment in UTC, `2013-01-18T10:00:00.000001Z`; written by the system, never taken in."""

    def __init__(self, **kwargs: t.Any):
        super().__init__(dump_only=True, **kwargs)

    def _serialize(self, value: t.Any, *args: t.Any, **kwargs: t.Any) -> str | None:
        if value is None:
            return None
        moment: datetime = value
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


class Id(fields.UUID):
    """A UUID in its canonical form (RFC 9562 §4)."""

    default_error_messages: Messages = MESSAGES | {
        "invalid_uuid": Coded("wrong_format", "Not a UUID in its canonical form."),
    }

    def _validated(self, value: t.Any) -> t.Any:
        if isinstance(value, str) and not _UUID.fullmatch(value):
            raise self.make_error("invalid_uuid")
        return super()._validated(value)


class Reference(Id):
    """The id of a row of another resource; `target` is that resource's stem."""

    def __init__(self, target: str, **kwargs: t.Any):
        self.target = target
        super().__init__(**kwargs)


class Entries(fields.List[t.Any]):
    """A bounded list that goes in and out whole."""

    default_error_messages: Messages = MESSAGES | {"invalid": Coded("wrong_type", "Not a list.")}

    def __init__(
        self,
        inner: fields.Field[t.Any],
        maximum: int = v.CHILDREN_MAX,
        minimum: int = 0,
        **kwargs: t.Any,
    ):
        if not kwargs.get("required"):
            kwargs.setdefault("load_default", list)
        self.maximum = maximum
        least = [length(minimum=minimum)] if minimum else []
        super().__init__(inner, validate=[length(maximum=maximum), *least], **kwargs)

    def _deserialize(self, value: t.Any, *args: t.Any, **kwargs: t.Any) -> list[t.Any]:
        # Bound the work before it is done: 300 kB of `{},{},…` otherwise make 9 MB of error text.
        if isinstance(value, list) and len(value) > self.maximum:
            return value  # for the length check to refuse
        return super()._deserialize(value, *args, **kwargs)


class References(Entries):
    """The ids of rows of another resource, each once, in no order."""

    default_error_messages: Messages = {
        "repeated": Coded("repeated", "The same id stands here twice.")
    }

    def __init__(self, target: str, **kwargs: t.Any):
        self.target = target
        super().__init__(Id(), **kwargs)

    def _deserialize(self, value: t.Any, *args: t.Any, **kwargs: t.Any) -> list[t.Any]:
        ids = super()._deserialize(value, *args, **kwargs)
        if len(set(map(str, ids))) < len(ids):
            raise self.make_error("repeated")
        return ids


class Part(fields.Nested):
    """A nested object with a schema, and so a name, of its own."""

    default_error_messages: Messages = MESSAGES | {"type": Coded("wrong_type", "Not an object.")}

    def __init__(self, schema: type[Schema], **kwargs: t.Any):
        super().__init__(schema, **kwargs)
