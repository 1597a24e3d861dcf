"""Strict JSON in, fast JSON out, and marshmallow's findings as faults with their places."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from api.problems import Fault, Invalid, InvalidJson
from schemas.fields import Coded, Worded

DEEPEST = 50
LONGEST_NUMBER = 40
_COLON = re.compile(rb'"[ \t\n\r]*:')
# In place of a text of marshmallow's own, which has neither a code nor a translation.
_NOT_OURS = Coded("invalid", "Not valid.")


def parse(body: bytes) -> Any:
    """JSON as RFC 8259 has it, and no more: UTF-8, no NaN, no number past a double, not too deep, each name once.

    :raises InvalidJson: it is none, or past these bounds
    :raises Invalid: a name stands twice in one object
    """
    plain = _plain(body)
    return _checked(body) if plain is None else plain


def _plain(body: bytes) -> dict[str, Any] | None:
    """An object without others inside and without a name twice, much faster; None for what has to be looked at."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    # Of two with the same name the last one would be left: but each has a quote and a colon of its own.
    if type(value) is not dict or len(_COLON.findall(body)) != len(value):
        return None
    kinds = set(map(type, value.values()))
    if float in kinds and not all(map(_is_small, value.values())):
        return None
    return None if dict in kinds or list in kinds else value


def _is_small(value: Any) -> bool:
    """A whole number of more than 64 bits comes as a float."""
    return type(value) is not float or abs(value) < 2**53


def _checked(body: bytes) -> Any:
    try:
        text = body.decode("utf-8")
        value = json.loads(
            text,
            object_pairs_hook=_each_name_once,
            parse_constant=_no_constant,
            parse_int=_bounded_int,
            parse_float=_bounded_float,
        )
        _bounded_depth(value)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidJson("A string holds half a surrogate pair.") from error
    except UnicodeDecodeError as error:
        raise InvalidJson(Worded("Not UTF-8 at byte {byte}.", byte=error.start)) from error
    except RecursionError as error:
        raise _too_deep() from error
    except json.JSONDecodeError as error:
        place = {"line": error.lineno, "column": error.colno}
        raise InvalidJson(
            Worded("No JSON from here on: line {line}, column {column}.", **place)
        ) from error
    return value


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        # RFC 8259 §4 lets it be JSON, and calls what it means unpredictable.
        text = Worded("The name {name} stands twice in one object.", name=json.dumps(twice))
        raise Invalid(faults=[Fault("repeated", text, pointer="")])
    return value


def _no_constant(word: str) -> None:
    raise InvalidJson(Worded("{word} is not JSON.", word=word))


def _bounded_int(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise InvalidJson(Worded("A number of {digits} digits.", digits=len(digits)))
    return int(digits)


def _bounded_float(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise InvalidJson("A number past the range of a double.")
    return value


def _bounded_depth(value: Any) -> None:
    layer, depth = [value], 0
    while layer := [
        inner
        for outer in layer
        if isinstance(outer, list | dict)
        for inner in (outer.values() if isinstance(outer, dict) else outer)
    ]:
        depth += 1
        if depth > DEEPEST:
            raise _too_deep()


def _too_deep() -> InvalidJson:
    return InvalidJson(Worded("Nested deeper than {most} levels.", most=DEEPEST))


def dump(value: Any) -> bytes:
    """JSON bytes of rows as they come from the database: UUIDs, days, and moments with a Z."""
    return orjson.dumps(value, option=orjson.OPT_UTC_Z)


def merge_patch(target: Any, patch: Any) -> Any:
    """JSON Merge Patch (RFC 7396 §2): null removes, an object merges, anything else replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def faults(messages: Any, *, location: str = "json", base: str = "") -> list[Fault]:
    """marshmallow's tree of messages as a flat list, each with its JSON pointer or parameter."""
    return [
        Fault(
            code=text.code,
            detail=text,
            pointer=base + pointer if location == "json" else None,
            parameter=_first_name(pointer) if location != "json" else None,
        )
        for pointer, found in _leaves(messages, "")
        for text in [found if isinstance(found, Coded) else _NOT_OURS]
    ]


def _first_name(pointer: str) -> str:
    return pointer.removeprefix("/").partition("/")[0].replace("~1", "/").replace("~0", "~")


def _leaves(messages: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            step = (
                "" if name == "_schema" else "/" + str(name).replace("~", "~0").replace("/", "~1")
            )
            yield from _leaves(inner, pointer + step)
    else:
        for text in messages if isinstance(messages, list) else [messages]:
            yield pointer, text
