"""What every schema shares: unknown fields are refused, and each row tells its id, version and times."""

import typing as t
from functools import cache

import marshmallow as ma

from schemas import vocabulary as v
from schemas.fields import (
    Choice,
    Coded,
    Day,
    Id,
    Key,
    Moment,
    Part,
    Reference,
    Text,
    Whole,
    Worded,
)


class Schema(ma.Schema):
    class Meta:
        unknown = ma.RAISE

    error_messages = {
        "unknown": Coded("unknown_field", "No such field."),
        "type": Coded("wrong_type", "Not an object."),
    }

    def handle_error(self, error: ma.ValidationError, *_: t.Any, **__: t.Any) -> None:
        """Tell a field that only the system writes from one that does not exist."""
        messages = t.cast(dict[t.Any, t.Any], error.messages)
        for name, declared in self._declared_fields.items():
            if declared.dump_only and messages.get(name) == [self.error_messages["unknown"]]:
                messages[name] = [Coded("read_only", "The system writes this; leave it out.")]

    @classmethod
    @cache
    def writable(cls) -> "Schema":
        """The same schema without what only the system writes. Made once: making one costs more than using it."""
        read_only = [name for name, field in cls._declared_fields.items() if field.dump_only]
        return cls(exclude=read_only)


class Row(Schema):
    id = Id(dump_only=True)
    version = Whole(1, v.COUNT_MAX, dump_only=True)
    created_at = Moment()
    updated_at = Moment()


class Owned(Row):
    """A row of one provider's."""

    provider_id = Reference("providers", dump_only=True)


def own_name(**kwargs: t.Any) -> Key:
    """A provider's name for a row. It can stand in a path, out of which clients clear whatever moves about in it."""
    wording = Worded("Begins with a slash, has a line break, a tab or U+FFFD, or is . or .. alone.")
    return Key(v.EXTERNAL_ID_LENGTH, v.EXTERNAL_ID, wording, **kwargs)


class Record(Owned):
    """A row of the record plane: one provider's own, which its scripts may know by a name of their own."""

    external_id = own_name(load_default=None, allow_none=True)


class Languages(Schema):
    """One text in up to three languages; at least one is there."""

    fi = Text(v.TEXT_LENGTH, load_default=None, allow_none=True)
    sv = Text(v.TEXT_LENGTH, load_default=None, allow_none=True)
    en = Text(v.TEXT_LENGTH, load_default=None, allow_none=True)

    @ma.validates_schema
    def _some_language(self, data: dict[str, t.Any], **_: t.Any) -> None:
        if not any(data.values()):
            raise ma.ValidationError([Coded("no_language", "No language has a text.")])


class Dated(Schema):
    """When something was, as exactly as it is known, and as it was written."""

    date = Day(load_default=None, allow_none=True)
    date_precision = Choice(v.DatePrecision, load_default=None, allow_none=True)
    period_id = Reference("periods", load_default=None, allow_none=True)
    date_note = Text(v.LINE_LENGTH, load_default=None, allow_none=True)

    @ma.post_load
    def _day_is_the_usual_precision(self, data: dict[str, t.Any], **_: t.Any) -> dict[str, t.Any]:
        if data.get("date") and not data.get("date_precision"):
            data["date_precision"] = "minute" if data.get("start_time") else "day"
        return data

    @ma.validates_schema
    def _precision_fits(self, data: dict[str, t.Any], **_: t.Any) -> None:
        precision = data.get("date_precision")
        if data.get("start_time") and not data.get("date"):
            raise ma.ValidationError([Coded("date_missing", "A start_time needs a date.")], "date")
        if precision == "period" and data.get("period_id") is None:
            raise ma.ValidationError(
                [Coded("period_missing", "Precision `period` needs a period_id.")], "period_id"
            )
        if precision == "period" and data.get("date"):
            raise ma.ValidationError(
                [Coded("date_not_allowed", "Precision `period` has no date.")], "date"
            )
        if precision in ("month", "day", "minute") and not data.get("date"):
            raise ma.ValidationError(
                [
                    Coded(
                        "date_missing", "Precision `{precision}` needs a date.", precision=precision
                    )
                ],
                "date",
            )
        if (precision == "minute") != bool(data.get("start_time")) and precision is not None:
            raise ma.ValidationError(
                [
                    Coded(
                        "time_mismatch",
                        "A start_time goes with precision `minute`, and only with it.",
                    )
                ],
                "date_precision",
            )


# What every row has stands after what it is about.
_LAST = ("external_id", "provider_id", "version", "created_at", "updated_at")


def id_first(
    known: t.Mapping[str, ma.fields.Field[t.Any]],
) -> list[tuple[str, ma.fields.Field[t.Any]]]:
    """Fields as people are shown them: the id, what the row is about, and what every row has."""
    places = {"id": -1} | {name: 1 + place for place, name in enumerate(_LAST)}
    return sorted(known.items(), key=lambda item: places.get(item[0], 0))


def in_order(data: dict[str, t.Any], first: str, last: str) -> None:
    """Refuse a span whose last day comes before its first."""
    if data.get(first) and data.get(last) and data[last] < data[first]:
        raise ma.ValidationError([Coded("before_start", "Before {first}.", first=first)], last)


def words(**kwargs: t.Any) -> Part:
    """A text in up to three languages."""
    return Part(Languages, **kwargs)


def plan_code() -> Key:
    """A short handle of a plan row, unique in its project, by which imports name it."""
    return Key(v.CODE_LENGTH, v.CODE, "Not a code: letters, digits and . _ - only.", required=True)


def optional_line() -> Text:
    return Text(v.LINE_LENGTH, load_default=None, allow_none=True)


def optional_text() -> Text:
    return Text(v.TEXT_LENGTH, load_default=None, allow_none=True)


def ordinal() -> Whole:
    """Order among siblings; equals stand in the order of their making."""
    return Whole(1, v.POSITION_MAX, load_default=1)
