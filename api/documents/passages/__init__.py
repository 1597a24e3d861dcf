"""What a document says about each record, in words and without any markup: records in, `Passage`s out.

One module a record, with the record's stem. A writer decides how a passage looks; it never words one.
"""

from base64 import urlsafe_b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph, or a point of a list, with the points under it."""

    text: str
    label: str = ""
    """Stands before the text and apart from it, such as the state of an action."""
    items: tuple["Passage", ...] = ()
    authored: bool = False
    """The text is the author's alone, so it is in the report's language and not in the document's."""
    quiet: bool = False
    """Says that something is not there."""
    field: str = ""
    """Of which field of which record the text is the value, as `field_name` has it; "" for words of our own."""

    @property
    def lead(self) -> str:
        """The label with what ends it; "" without one."""
        if not self.label:
            return ""
        return f"{self.label}:" if self.text or self.items else f"{self.label}."


def plain(passage: Passage, depth: int = 0) -> str:
    """A passage as lines of text, each point behind a dash."""
    own = joined([passage.lead, passage.text], " ")
    mark = f"{'  ' * (depth - 1)}– " if depth else ""
    return "\n".join([f"{mark}{own}", *(plain(item, depth + 1) for item in passage.items)])


def outlined(passage: Passage, depth: int = 0) -> Iterator[tuple[int, Passage]]:
    """A passage and those under it, each with how far it stands in."""
    yield depth, passage
    for item in passage.items:
        yield from outlined(item, depth + 1)


def field_name(resource: str, row: Mapping[str, Any], *path: object) -> str:
    """`results.AZQ…w.3.text`: a field of a record in a version, by which a document that was edited is read again.

    Word takes names of 64 characters at the most, so an id stands in base64 (RFC 4648, §5) without its padding.
    """
    return ".".join(map(str, (resource, short_id(row["id"]), row["version"], *path)))


def short_id(key: str) -> str:
    try:
        return urlsafe_b64encode(UUID(key).bytes).decode().rstrip("=")
    except ValueError:
        return key


def closed(text: str) -> str:
    """The text as a sentence: with a full stop, unless its author has ended it already."""
    return text if text.rstrip().endswith((".", "!", "?", ":", "…")) else f"{text}."


def labelled(label: str, text: str) -> str:
    """`label: text.`"""
    return closed(f"{label}: {text}")


def joined(parts: Iterable[str | None], by: str = ", ") -> str:
    """The parts that are there."""
    return by.join(part for part in parts if part)


def bracketed(text: str, *additions: str | None) -> str:
    """`text (addition, addition)`."""
    inner = joined(additions)
    return f"{text} ({inner})" if inner else text


def unless_said(addition: str, text: str) -> str | None:
    """The addition, unless the text says it in the same letters already."""
    return None if addition.casefold() in text.casefold() else addition


def authored(text: str | None, field: str) -> tuple[Passage, ...]:
    """The author's own text as a passage, and the name of its field; none when there is none."""
    return (Passage(text, authored=True, field=field),) if text else ()
