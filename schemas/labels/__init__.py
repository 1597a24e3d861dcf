"""What people read in place of names: titles and help of resources and fields, and the words of every vocabulary.

`{fi,sv,en}.json`, Finnish being the source. Groups and fields stand in the order in which a form shows them; a group
given by its name alone is one of the `groups` that resources share.
"""

import json
import re
import typing as t
from enum import StrEnum
from pathlib import Path

from schemas.vocabulary import Language

_FOLDER = Path(__file__).parent

LABELS: dict[str, dict[str, t.Any]] = {
    language.value: json.loads((_FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    for language in Language
}


def vocabulary(language: str) -> dict[str, dict[str, str]]:
    """The words of every enum, as they stand within a sentence: `["meeting_kind"]["kick_off"]`."""
    words: dict[str, dict[str, str]] = LABELS[language]["vocabulary"]
    return words


def name_of(words: type[StrEnum]) -> str:
    """The name of an enum in the catalogue: `meeting_kind` of MeetingKind."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", words.__name__).lower()
