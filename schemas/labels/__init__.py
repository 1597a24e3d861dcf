"""What people read in place of names: titles and help of resources and fields, and the words of every vocabulary.

`<stem>.json` for a resource, and in `shared/` what resources have in common: groups of fields, nested parts,
vocabularies. Each text stands in its three languages side by side, Finnish being the source, which is shown until a
text is translated. Groups and fields stand in the order in which a form shows them; a group given by its name alone is
one of the shared.
"""

import json
import re
import typing as t
from enum import StrEnum
from pathlib import Path

from schemas.vocabulary import Language

_FOLDER = Path(__file__).parent


def _read(folder: Path) -> dict[str, t.Any]:
    return {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(folder.glob("*.json"))
    }


def spoken(node: t.Any, language: str) -> t.Any:
    """The same tree in one language; an object of nothing but strings is a text in several."""
    if isinstance(node, list):
        return [spoken(one, language) for one in node]
    if isinstance(node, str):
        return node
    if node and all(isinstance(one, str) for one in node.values()):
        return node.get(language, node[Language.FI])
    return {name: spoken(one, language) for name, one in node.items()}


SOURCE: dict[str, t.Any] = {"resources": _read(_FOLDER)} | _read(_FOLDER / "shared")
LABELS: dict[str, dict[str, t.Any]] = {
    language.value: spoken(SOURCE, language) for language in Language
}


def vocabulary(language: str) -> dict[str, dict[str, str]]:
    """The words of every enum, as they stand within a sentence: `["meeting_kind"]["kick_off"]`.

    A resource that can be followed goes by its title.
    """
    words: dict[str, dict[str, str]] = LABELS[language]["vocabulary"]
    titles = {stem: one["title"] for stem, one in LABELS[language]["resources"].items()}
    return words | {"followed": words["followed"] | titles}


def name_of(words: type[StrEnum]) -> str:
    """The name of an enum in the catalogue: `meeting_kind` of MeetingKind."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", words.__name__).lower()
