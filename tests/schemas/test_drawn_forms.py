"""A form library draws the forms from the documents alone. Needs Node; without it these tests are skipped aloud."""

import json
import os
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tests.schemas.test_forms import CONTRACTS, LANGUAGES, bodies, form_of, validator

SCRIPT = Path(__file__).with_name("draw_forms.cjs")
PACKAGES = (
    "@rjsf/core@5.24.13",
    "@rjsf/utils@5.24.13",
    "@rjsf/validator-ajv8@5.24.13",
    "ajv@8.20.0",
    "ajv-formats@2.1.1",
    "react@18.3.1",
    "react-dom@18.3.1",
)
STEMS = ("goals", "results", "meetings", "feedback")


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder outside the repository with react-jsonschema-form in it."""
    folder = tmp_path_factory.mktemp("rjsf")
    if not shutil.which("npm"):
        pytest.skip("no Node here: nothing was drawn with react-jsonschema-form")
    install = ("npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline")
    done = subprocess.run(
        [*install, "--prefix", folder, *PACKAGES], capture_output=True, text=True, check=False
    )
    if done.returncode and not os.environ.get("CI"):
        pytest.skip(f"npm could not fetch react-jsonschema-form: {done.stderr[-500:]}")
    assert done.returncode == 0, done.stderr
    return folder


def told(workshop: Path, *, draw: Any = (), judge: Any = ()) -> dict[str, Any]:
    asked = json.dumps({"draw": draw, "judge": judge})
    (workshop / "asked.json").write_text(asked, encoding="utf-8")
    done = subprocess.run(
        ["node", SCRIPT], cwd=workshop, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    answer: dict[str, Any] = json.loads((workshop / "told.json").read_text(encoding="utf-8"))
    return answer


def test_every_field_and_word_of_the_four_forms_is_drawn_in_each_language(workshop: Path) -> None:
    forms = [form_of(stem, language) for stem in STEMS for language in LANGUAGES]
    rows = {"participants": [{}], "actions": [{}]}
    drawn = told(
        workshop, draw=[(f, {n: rows[n] for n in rows if n in f["properties"]}) for f in forms]
    )
    for form, html in zip(forms, drawn["html"], strict=True):
        texts = {unescape(text).removesuffix("*") for text in re.findall(r">([^<>]+)<", html)}
        parts = [part["properties"].values() for part in form.get("$defs", {}).values()]
        for field in [*form["properties"].values(), *(one for part in parts for one in part)]:
            assert field["title"] in texts
            assert {word["title"] for word in field.get("oneOf", ())} <= texts
            assert field.get("description", form["title"]) in texts
        assert "Unsupported field" not in html


def test_a_result_is_asked_for_its_text_or_for_its_reason_as_its_kind_wants(workshop: Path) -> None:
    form = form_of("results")
    kinds = ("outcome", "not_applicable")
    asks = [
        [name for name in ("text", "reason") if f'id="root_{name}"' in html]
        for html in told(workshop, draw=[(form, {"kind": kind}) for kind in kinds])["html"]
    ]
    assert asks == [["text"], ["reason"]]


def test_a_browser_comes_to_the_same_verdict_on_every_form(workshop: Path) -> None:
    judge = [(form, [body for _, _, body in bodies(schema)]) for schema, form in CONTRACTS.values()]
    here = [[validator(form).is_valid(body) for body in given] for form, given in judge]
    there = told(workshop, judge=judge)["verdicts"]
    differing = [
        body
        for (_, given), mine, theirs in zip(judge, here, there, strict=True)
        for body, one, other in zip(given, mine, theirs, strict=True)
        if one != other
    ]
    assert differing == []
