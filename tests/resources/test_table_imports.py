"""Tables as imports: what a spreadsheet holds becomes rows, and what is wrong with it is told where it stands."""

import csv
import io
import json
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.accounts import code
from tests.examples import Bench
from tests.routes import contents

CSV, NDJSON = "text/csv", "application/x-ndjson"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Row = dict[str, Any]


class Desk:
    """The first provider's desk, from which its script sends tables."""

    def __init__(self, bench: Bench):
        self.bench, self.by = bench, bench.manager
        plan = bench.world.plan
        self.project = bench.open("projects", plan["projects"]).get_json()["acronym"]
        self.goal_code = bench.open("project_goals", plan["project_goals"]).get_json()["code"]
        self.goal = bench.world.a.ids["goals"]

    def send(
        self,
        stem: str,
        body: Any,
        media: str = CSV,
        *,
        headers: dict[str, str] | None = None,
        path: str = "",
        **query: str,
    ) -> TestResponse:
        data = body if isinstance(body, bytes) else body.encode()
        return self.bench.client.post(
            f"/api/v1/imports/{stem.replace('_', '-')}{path}",
            data=data,
            content_type=media,
            headers=self.by | (headers or {}),
            query_string=query,
        )

    def counts(self, stem: str, body: Any, media: str = CSV, **query: str) -> dict[str, int]:
        response = self.send(stem, body, media, **query)
        assert response.status_code == 201, response.text
        made: dict[str, dict[str, int]] = response.get_json()["counts"]
        (counts,) = made.values()
        return counts

    def refused(self, stem: str, body: Any, media: str = CSV, **query: str) -> list[Row]:
        """What was wrong with it, without the words; and that nothing was kept."""
        before = contents(self.bench.app)
        response = self.send(stem, body, media, **query)
        assert code(response) == (422, "invalid"), response.text
        assert contents(self.bench.app) == before
        faults = response.get_json()["errors"]
        return [{n: v for n, v in fault.items() if n != "detail"} for fault in faults]

    def named(self, stem: str, name: str) -> Row:
        """The row of this external id."""
        found = self.bench.open(stem, query_string={"external_id": name}).get_json()["items"]
        (row,) = found
        assert isinstance(row, dict)
        return row

    def export(self, stem: str, extension: str, **query: str) -> bytes:
        path = f"/api/v1/exports/{stem.replace('_', '-')}.{extension}"
        response = self.bench.client.get(path, headers=self.by, query_string=query)
        assert response.status_code == 200, response.text
        return response.get_data()


@pytest.fixture
def desk(bench: Bench) -> Desk:
    return Desk(bench)


def table(*lines: str) -> str:
    return "".join(f"{line}\r\n" for line in lines)


MADE = {"created": 1, "updated": 0, "unchanged": 0}


# what becomes of a table


def test_a_table_becomes_rows_by_their_external_ids(desk: Desk) -> None:
    body = table(
        "external_id,goal,period,kind,text,position",
        "r1,canary-a-goals,2012-spring,activity,Verkosto kokoontui,3",
        f'r2,{desk.goal},2012-spring,outcome,"Kaksi\nriviä",',
    )
    response = desk.send("results", body, project=desk.project)
    assert response.status_code == 201, response.text
    made = response.get_json()
    assert made["counts"] == {"results": MADE | {"created": 2}}
    assert made["sub_project_id"] is None
    first, second = desk.named("results", "r1"), desk.named("results", "r2")
    assert (first["text"], first["position"], first["kind"]) == ("Verkosto kokoontui", 3, "activity")
    assert (second["text"], second["position"]) == ("Kaksi\nriviä", 1)
    assert first["goal_id"] == second["goal_id"] == str(desk.goal)
    read = desk.bench.client.get(response.headers["Location"], headers=desk.by)
    assert read.get_json() == made
