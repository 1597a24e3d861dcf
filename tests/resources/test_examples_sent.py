"""The examples of what makes rows: sent as they stand they are let in, and answered as the document shows it."""

import json
from typing import Any

import pytest
from werkzeug.test import TestResponse

from api.openapi.examples import id_of
from api.services.elements import ORDER
from api.services.rows import model_of
from schemas.fields import Id, Reference
from tests.contract.conforming import current
from tests.examples import STEMS, Bench, url

Node = dict[str, Any]

CSV, NDJSON, JSON = "text/csv", "application/x-ndjson", "application/json"
PLAN = (
    *("programmes", "projects", "participations", "periods", "project_goals"),
    *("project_indicators", "project_meetings"),
)
# What is another each time.
CHANGING = ("id", "provider_id", "sub_project_id", "created_at", "updated_at", "plan")


def shown(path: str, status: str | None = None, media: str = JSON, method: str = "post") -> Any:
    """The example of what is sent, or of its answer."""
    document = current().document
    operation = document["paths"][path][method]
    body = operation["responses"][status] if status else operation["requestBody"]
    (example,) = body["content"][media]["examples"].values()
    if "$ref" in example:
        example = document["components"]["examples"][example["$ref"].rpartition("/")[2]]
    return example["value"]


def still(body: Node) -> Node:
    """What does not change from one time to the next; of the rest, whether it is there."""
    return {n: value is not None if n in CHANGING else value for n, value in body.items()}


class Desk:
    """Of a provider that takes part in the project of the examples."""

    def __init__(self, bench: Bench):
        self.bench = bench
        ids = {id_of("providers"): str(bench.world.a.provider_id)}
        for stem in PLAN:
            text = json.dumps(shown(url(stem)))
            for example, real in ids.items():
                text = text.replace(example, real)
            made = bench.open(stem, method="POST", json=json.loads(text))
            assert made.status_code == 201, made.text
            ids[id_of(stem)] = made.get_json()["id"]

    def send(
        self,
        path: str,
        body: Any,
        media: str = JSON,
        headers: dict[str, str] | None = None,
        **query: str,
    ) -> TestResponse:
        return self.bench.client.post(
            path,
            data=body.encode() if isinstance(body, str) else json.dumps(body).encode(),
            content_type=media,
            headers=self.bench.manager | (headers or {}),
            query_string=query,
        )


@pytest.fixture
def desk(bench: Bench) -> Desk:
    return Desk(bench)


@pytest.mark.parametrize("media", [CSV, NDJSON, JSON])
def test_every_example_of_a_table_goes_in_as_it_stands(desk: Desk, media: str) -> None:
    for stem in ORDER:
        path = f"/api/v1/imports/{stem.replace('_', '-')}"
        query = {} if stem == "sub_projects" else {"project": "LAMPPU"}
        body = shown(path, media=media)
        planned = desk.send(path, body, media, dry_run="true", **query)
        assert planned.status_code == 200, planned.text
        told = still(planned.get_json())
        (element,) = told["elements"]
        if media == NDJSON:  # which has no head
            element["row"] += 1
        elif media == JSON:
            assert element.pop("pointer") == "/items/0"
            element |= {"row": 2, "pointer": ""}
        assert told == still(shown(path, "200"))
        made = desk.send(path, body, media, **query)
        assert made.status_code == 201, made.text
        assert still(made.get_json()) == still(shown(path, "201"))


@pytest.mark.parametrize("media", [CSV, NDJSON, JSON])
def test_every_example_of_a_refused_row_is_refused_as_it_says(desk: Desk, media: str) -> None:
    for stem in ORDER:
        path = f"/api/v1/imports/{stem.replace('_', '-')}"
        query = {} if stem == "sub_projects" else {"project": "LAMPPU"}
        desk.send(path, shown(path, media=media), media, **query)
        refused = shown(f"{path}/refused", "200", media)
        answer = desk.send(f"{path}/refused", refused, media, **query)
        text = answer.get_data().decode("utf-8-sig")
        if media == CSV:
            assert text == refused
        else:
            told = refused if media == JSON else json.loads(refused)
            assert json.loads(text) == told


def test_every_example_of_a_template_is_the_template(bench: Bench) -> None:
    for stem in ORDER:
        path = f"/api/v1/imports/{stem.replace('_', '-')}/template.{{extension}}"
        answer = bench.client.get(path.format(extension="csv"))
        assert answer.get_data().decode("utf-8-sig") == shown(path, "200", CSV, "get")


@pytest.mark.parametrize("media", [NDJSON, JSON])
def test_every_example_of_a_whole_sub_project_goes_in_as_it_stands(desk: Desk, media: str) -> None:
    made = desk.send("/api/v1/imports", shown("/api/v1/imports", media=media), media)
    assert made.status_code == 201, made.text
    told = shown("/api/v1/imports", "201")
    assert still(made.get_json() | {"counts": {}}) == still(told | {"counts": {}})


@pytest.mark.parametrize("path", ["/api/v1/imports", "/api/v1/imports/goals"])
def test_a_job_is_accepted_and_cancelled_as_the_examples_say(desk: Desk, path: str) -> None:
    body = shown(path)
    made = desk.send(path, body, headers={"Prefer": "respond-async"})
    assert made.status_code == 202, made.text
    assert still(made.get_json()) == still(shown(path, "202"))
    cancelled = desk.send(f"/api/v1/jobs/{made.get_json()['id']}/cancel", "").get_json()
    told = shown("/api/v1/jobs/{id}/cancel", "200")
    for name in ("state", "ends_at", "import_id", "problem"):
        assert cancelled[name] == told[name]
    assert cancelled["ended_at"] == cancelled["updated_at"]
    assert told["ended_at"] == told["updated_at"]


def test_an_import_is_undone_as_the_example_says(desk: Desk) -> None:
    made = desk.send("/api/v1/imports", shown("/api/v1/imports")).get_json()
    undone = desk.send(f"/api/v1/imports/{made['id']}/undo", "").get_json()
    told = shown("/api/v1/imports/{id}/undo", "200")
    assert undone["version"] == told["version"]
    assert undone["undone_at"] == undone["updated_at"]
    assert told["undone_at"] == told["updated_at"]


@pytest.mark.parametrize("stem", STEMS)
def test_what_the_system_writes_of_a_new_row_is_as_its_example_says(
    bench: Bench, stem: str
) -> None:
    made, told = bench.create(stem).get_json(), shown(url(stem), "201")
    written = {
        name
        for name, field in model_of(stem).schema().dump_fields.items()
        if field.dump_only and not isinstance(field, Reference | Id)
    }
    assert {n: made[n] is None for n in written} == {n: told[n] is None for n in written}
    assert made["version"] == told["version"]
    assert told["created_at"] == told["updated_at"]
