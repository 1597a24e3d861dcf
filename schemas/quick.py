"""Loading rows by the thousand: what is plainly right goes past marshmallow's machinery, the rest through it.

Of each schema the checks of its fields are laid out once. A value that is just as the contract has it becomes what
`Schema.load` makes of it; at the first that isn't, the whole row goes through `Schema.load`, so that there is one place
that says what is wrong, and one that decides. A property test holds both alike over every record.
"""

import typing as t
import unicodedata
from functools import cache, lru_cache

import marshmallow as ma

from schemas.fields import Choice, Day, Id, Key, Pattern, Reference, Text, Whole, is_plain_text

Take = t.Callable[[t.Any], t.Any]
Data = dict[str, t.Any]


class _NotPlain(Exception):
    """For `Schema.load` to look at."""


def load(schema: ma.Schema, data: Data) -> Data:
    """What `schema.load` gives.

    :param schema: one that is kept, as `Schema.writable` makes it
    :raises ValidationError: as that does
    """
    try:
        return t.cast(Data, plain(schema)(data))
    except (_NotPlain, ma.ValidationError):
        return t.cast(Data, schema.load(data))


@cache
def plain(schema: ma.Schema) -> Take:
    """Loads what is plainly right, and raises either of the two at anything else."""
    fields = [(name, _take(field), field) for name, field in schema.load_fields.items()]
    laid_out = [
        (name, take, field.allow_none, field.required, field.load_default)
        for name, take, field in fields
    ]
    known = schema.load_fields.keys()
    # As marshmallow calls them, for one object and nothing partial.
    hooks = {tag: [getattr(schema, name) for name, *_ in found] for tag, found in _hooks(schema)}
    told = {"many": False, "partial": None, "unknown": ma.RAISE}

    def taken(data: Data) -> Data:
        if not data.keys() <= known:
            raise _NotPlain
        result = {}
        for name, take, nullable, required, default in laid_out:
            value = data.get(name, ma.missing)
            if value is ma.missing:
                if required:
                    raise _NotPlain
                value = default() if callable(default) else default
                if value is ma.missing:
                    continue
            elif value is None:
                if not nullable:
                    raise _NotPlain
            else:
                value = take(value)
            result[name] = value
        for check in hooks.get("validates_schema", ()):
            check(result, **told)
        for make in hooks.get("post_load", ()):
            result = make(result, **told)
        return result

    return taken


def _hooks(schema: ma.Schema) -> list[tuple[str, t.Any]]:
    found = [(tag, some) for tag, some in schema._hooks.items() if some]
    if unknown := {tag for tag, _ in found} & {"pre_load", "validates"}:
        raise LookupError(f"{type(schema).__name__} has hooks that are not run here: {unknown}")
    return found


def _take(field: ma.fields.Field[t.Any]) -> Take:
    """Gives what a field makes of a value that is not null; those that tables have many of are spelt out."""
    spelt: dict[type, t.Callable[[t.Any], Take]] = {
        Text: _text,
        Key: _text,
        Choice: _choice,
        Whole: _whole,
        Day: _day,
        Reference: lambda _: _ID,
    }
    return spelt[type(field)](field) if type(field) in spelt else field.deserialize


def _text(field: Text) -> Take:
    most = field.maximum
    patterns: list[t.Any] = [each.regex for each in field.validators if isinstance(each, Pattern)]
    matches = [pattern.fullmatch for pattern in patterns]
    is_key = isinstance(field, Key)

    def take(value: t.Any) -> str:
        if type(value) is not str or len(value) > most or not is_plain_text(value):
            raise _NotPlain
        if is_key and not unicodedata.is_normalized("NFC", value):
            raise _NotPlain
        for match in matches:
            if not match(value):
                raise _NotPlain
        return value

    return take


def _choice(field: Choice) -> Take:
    words = {word.value: word.value for word in field.words}

    def take(value: t.Any) -> str:
        if type(value) is not str or value not in words:
            raise _NotPlain
        return value

    return take


def _whole(field: Whole) -> Take:
    [within] = field.validators
    low, high = t.cast(t.Any, within).min, t.cast(t.Any, within).max

    def take(value: t.Any) -> int:
        if type(value) is not int or not low <= value <= high:
            raise _NotPlain
        return value

    return take


def _day(field: Day) -> Take:
    return _remembered(field, 1_024)


def _remembered(field: ma.fields.Field[t.Any], most: int) -> Take:
    """Tables repeat their days and references row after row."""
    parsed = lru_cache(most)(field.deserialize)

    def take(value: t.Any) -> t.Any:
        if type(value) is not str:
            raise _NotPlain
        return parsed(value)

    return take


_ID = _remembered(Id(), 4_096)
