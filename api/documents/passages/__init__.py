"""What a document says about each record, in words and without any markup: records in, `Passage`s out.

One module a record, with the record's stem. A writer decides how a passage looks; it never words one.
"""

from collections.abc import Iterable
from dataclasses import dataclass


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


def authored(text: str | None) -> tuple[Passage, ...]:
    """The author's own text as a passage; none when there is none."""
    return (Passage(text, authored=True),) if text else ()
