"""The report as a PDF that prints like the form: tagged (PDF/UA-1), and the same bytes for the same report.

Typst compiles it in the process. It reads our template and nothing else: what the report says comes as data, which is
shown and never read as markup; fonts are those that come with the compiler.
"""

import re
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from threading import local
from typing import Any, cast

import orjson
import typst

from api.documents.charts import HEIGHT, WIDTH
from api.documents.form import Form, HeaderLine, Table
from api.documents.joined import Joined
from api.documents.passages import Passage
from api.documents.texts import Phrase

_TEMPLATES = Path(__file__).with_name("templates")
# Characters of a report after which the compiler has to forget what it remembers, which is some 250 times as much.
_LARGE = 100_000
_MEMORY = 11  # compilations
# Characters of a name at the head of a page.
_LINE = 110


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False)


class _Compilers(local):
    """A thread's own: none serves two at a time. They work beside Python, which goes on meanwhile."""

    def __init__(self) -> None:
        self.report = self._of(_TEMPLATES / "report.typ")
        self.project = self._of(_TEMPLATES / "project.typ")
        self.nothing = self._of(None)

    @staticmethod
    def _of(template: Path | None) -> typst.Compiler:
        return typst.Compiler(
            template, root=_TEMPLATES, font_paths=_fonts(), ignore_system_fonts=True
        )

    def forget(self) -> None:
        """Have what was compiled last grow old: it is kept through so many compilations, for one like it."""
        for _ in range(_MEMORY):
            self.nothing.compile(b"", format="svg")


_COMPILERS = _Compilers()
# Of no language that our hyphenation knows, or so long that it would be none: it may break anywhere.
_TOKEN = re.compile(r"\S{21,}")
_AFTER_SIGN = re.compile(r"(?<=[^\w\s])(?=\w)")
_RUN = re.compile(r"\w{16,}|[^\w\s]{16,}")
_WORD = re.compile(r"(?!.*([^\Waeiouyåäö]{8}|[aeiouyåäö]{6}|[\d_]))\w{,80}", re.IGNORECASE)
# Stands in no text, since the contract has no control characters but blanks.
_BREAK = "\x1f"
# Breaks where nothing else does, as before a full stop; who copies the text gets it too.
_FORCED = "\N{ZERO WIDTH SPACE}"
# No width, no meaning but at the beginning of a file, and forbidden in PDF/UA.
_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
# What the compiler says of characters that none of its fonts has, which PDF/UA forbids.
_UNKNOWN = re.compile(r'(?:the text|disallowed codepoint) `"(.+?)"`')
_ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}")
_ATTEMPTS = 4

Node = dict[str, Any]


def render(form: Form) -> bytes:
    """The document of a report."""
    return _made(_COMPILERS.report, _data(form, form.words["report"]))


def render_joined(joined: Joined) -> bytes:
    """The document of a project."""
    return _made(_COMPILERS.project, _joined(joined))


def _made(compiler: typst.Compiler, told: Node) -> bytes:
    data = orjson.dumps(told).decode()
    for _ in range(_ATTEMPTS):
        try:
            return _compiled(compiler, data)
        except typst.TypstError as error:
            data = _without(_unknown(error), data)
    return _compiled(compiler, data)


def _compiled(compiler: typst.Compiler, data: str) -> bytes:
    made = compiler.compile(format="pdf", sys_inputs={"told": data}, pdf_standards="ua-1")
    if len(data) > _LARGE:
        _COMPILERS.forget()
    return cast(bytes, made)


def _unknown(error: typst.TypstError) -> set[str]:
    """Characters that no font has. :raises TypstError: it is another error"""
    found = {_ESCAPED.sub(_char, text) for text in _UNKNOWN.findall(error.diagnostic)}
    if not found:
        raise error
    return found


def _char(escaped: re.Match[str]) -> str:
    return chr(int(escaped[1], 16))


def _without(unknown: set[str], data: str) -> str:
    """Their numbers in their places: `[U+1F600]`, so that nothing is left out unseen."""
    anything = re.compile("|".join(re.escape(text) for text in sorted(unknown, key=len)[::-1]))
    return anything.sub(lambda found: _named(found[0]), data)


def _named(text: str) -> str:
    return f"[{' '.join(f'U+{ord(char):04X}' for char in text)}]"


def _joined(shown: Joined) -> Node:
    """The project's report as its template takes it."""
    return {
        **_page(shown, shown.words["project_report"], ""),
        "language": shown.language,
        "name": shown.name,
        "words": shown.words,
        "programme": _phrase(shown.programme),
        "header": _lines(shown.header),
        "summary": shown.summary,
        "heads": shown.heads,
        "rows": [row.cells for row in shown.rows],
        "parts": [_data(part.form, part.name) for part in shown.parts],
    }


def _page(shown: Form | Joined, running: str, seal: str) -> Node:
    """What runs at the head and foot of pages: `running` on the first, whose it is on the others, for loose ones."""
    name = shown.name if len(shown.name) <= _LINE else shown.name[:_LINE] + "…"
    told = {"running": running, "later": _phrase(Phrase(name, shown.language)), "seal": seal}
    return told | {"draft": False, "state": "", "wide": False}


def _data(shown: Form, heading: str) -> Node:
    """The form as the template takes it."""
    return _page(shown, shown.words["report"], shown.seal) | {
        "heading": heading,
        "language": shown.language,
        "name": shown.name,
        "kind": shown.kind,
        "title": _phrase(shown.title),
        "date": shown.date.text,
        "state": shown.state,
        "draft": shown.draft,
        "wide": shown.wide,
        "programme": _phrase(shown.programme),
        "header": _lines(shown.header),
        "tables": [_table(table, shown) for table in shown.tables],
        "without_table": shown.without_table,
        "unplaced": [
            _passage(one, shown) for section in shown.unplaced for one in section.passages
        ],
        "completeness": shown.completeness,
        "charts": [asdict(chart) for chart in shown.charts],
        "chart": {"width": WIDTH, "height": HEIGHT},
        "words": shown.words,
    }


def _lines(header: Iterable[HeaderLine]) -> list[Node]:
    return [
        {"heading": line.heading, "lines": [_phrase(part) for part in line.lines]}
        for line in header
    ]


def _table(table: Table, shown: Form) -> Node:
    return {
        "caption": table.caption,
        "periods": table.periods,
        "rows": [
            {
                "goal": _phrase(Phrase(row.goal, shown.author_language)),
                "note": row.note,
                "cells": [
                    {
                        "missing": cell.missing,
                        "passages": [_passage(one, shown) for one in cell.passages],
                    }
                    for cell in row.cells
                ],
            }
            for row in table.rows
        ],
    }


def _passage(passage: Passage, shown: Form) -> Node:
    language = shown.author_language if passage.authored else shown.language
    return _phrase(Phrase(passage.text, language)) | {
        "lead": passage.lead,
        "quiet": passage.quiet,
        "items": [_passage(item, shown) for item in passage.items],
    }


def _phrase(phrase: Phrase) -> Node:
    """A text in pieces, between which it may break though no language parts it there."""
    return {"pieces": _parted(phrase.text), "language": phrase.language}


def _parted(text: str) -> list[str]:
    marked = _TOKEN.sub(lambda token: _in_token(token[0]), text.replace(_MARK, ""))
    return marked.split(_BREAK)


def _in_token(token: str) -> str:
    return _RUN.sub(lambda run: _in_run(run[0]), _AFTER_SIGN.sub(_BREAK, token))


def _in_run(run: str) -> str:
    if not run[0].isalnum():
        return _FORCED.join(run)
    return run if _WORD.fullmatch(run) else _BREAK.join(run)
