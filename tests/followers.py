"""Somebody who follows the log of changes, and what he should have by then."""

import uuid
from collections.abc import Collection
from typing import Any

from flask.testing import FlaskClient

from api.models.base import Row
from schemas.changes import RESOURCES
from tests.examples import url

CHANGES = "/api/v1/changes"
Rows = dict[tuple[str, str], Any]


class Follower:
    """:param rows: what he has, by resource and id, replayed from the log; `items` is all that he read"""

    def __init__(self, client: FlaskClient, headers: dict[str, str], limit: int = 500):
        self.client, self.headers, self.limit = client, headers, limit
        self.position: str | None = None
        self.provider_id: uuid.UUID | None = None
        self.rows: Rows = {}
        self.items: list[dict[str, Any]] = []

    def page(self, **query: Any) -> dict[str, Any]:
        after = {"after": self.position} if self.position else {}
        asked = after | {"limit": self.limit} | query
        answer = self.client.get(CHANGES, headers=self.headers, query_string=asked)
        assert answer.status_code == 200, answer.text
        shown: dict[str, Any] = answer.get_json()
        return shown

    def read(self) -> list[dict[str, Any]]:
        """All that is new, put to the rows that he has."""
        new: list[dict[str, Any]] = []
        more = True
        while more:
            page = self.page(rows="true")
            self.position, more = page["next"], page["more"]
            new += page["items"]
        for item in new:
            name = item["resource"], item["id"]
            if item["deleted"]:
                self.rows.pop(name, None)
            else:
                self.rows[name] = item["row"]
        self.items += new
        return new

    def news(self) -> list[tuple[str, str, int | None, bool]]:
        """What is new, without its rows."""
        return [
            (item["resource"], item["id"], item["version"], item["deleted"]) for item in self.read()
        ]

    def of(self, stems: Collection[str]) -> Rows:
        return {name: row for name, row in self.rows.items() if name[0] in stems}

    def sight(self, stems: Collection[str] = ()) -> Rows:
        """Every row that the lists of these resources, or of all, show him."""
        found: Rows = {}
        for stem in stems or {model.__tablename__ for model in Row.all()} & {*RESOURCES}:
            asked: dict[str, Any] = {"limit": 500}
            while True:
                answer = self.client.get(url(stem), headers=self.headers, query_string=asked)
                if answer.status_code == 403:
                    break
                page = answer.get_json()
                found |= {(stem, row["id"]): row for row in page["items"]}
                if page["next"] is None:
                    break
                asked["cursor"] = page["next"]
        return found
