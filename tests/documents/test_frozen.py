"""A report that was frozen long ago is still written by every writer: what was added to reports since, it has not.

`frozen_1.json` is never made anew. Whoever has documents show a new field takes it with `.get`; who changes the form
otherwise keeps another file beside it.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.documents import docx, html, pdf, sheets
from api.documents.form import Form, form
from api.documents.texts import LANGUAGES
from api.services.differences import differences
from tests.documents import sample_report as sample

FROZEN = sorted(Path(__file__).parent.glob("frozen_*.json"))
WRITERS = (html.render, pdf.render, docx.render, sheets.xlsx, sheets.csv)


def frozen(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", FROZEN, ids=lambda path: path.stem)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("write", WRITERS, ids=lambda write: f"{write.__module__}.{write.__name__}")
def test_an_old_version_is_written_by_every_writer(
    write: Callable[[Form], str | bytes], language: str, path: Path
) -> None:
    assert write(form(frozen(path), language))


@pytest.mark.parametrize("path", FROZEN, ids=lambda path: path.stem)
def test_an_old_version_is_compared_with_one_of_today(path: Path) -> None:
    assert differences(frozen(path), sample.seed_like())
