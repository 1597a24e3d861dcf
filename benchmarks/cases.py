"""What is asked of every candidate, and what makes its answers right: the same in meaning as ours."""

import itertools
import json
import typing as t
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks import load
from benchmarks.seed import PROVIDERS, World

LIST = "/api/v1/results?limit=50"
GOAL = "/api/v1/goals/{goal}?expand=results"
ROW = "/api/v1/results/{row}"
CHANGES = "/api/v1/changes?limit=50"
IMPORT = "/api/v1/imports/results"
# What each candidate makes anew, or says in its own way.
OWN = {"id", "created_at", "updated_at"}


@dataclass(frozen=True)
class Case:
    """:param only: those who are asked; None for everybody
    :param unchanged: with the ETag of the answer before
    :param middle: past a cursor in the middle of the list
    :param usual: else it is asked only to see whether its cost stays flat
    :param rows: how many it imports at once
    """

    name: str
    path: str
    status: int = 200
    who: str = "provider"
    only: frozenset[str] | None = None
    unchanged: bool = False
    middle: bool = False
    usual: bool = True
    rows: int = 0


OURS, BARE = frozenset({"ours"}), frozenset({"ours", "floor"})
CASES = [
    Case("list", LIST),
    Case("goal", GOAL),
    Case("create", "/api/v1/results", 201),
    Case("row", ROW, only=BARE),
    Case("row-unchanged", ROW, 304, only=OURS, unchanged=True),
    Case("list-unchanged", LIST, 304, only=OURS, unchanged=True),
    *[
        Case(f"{name}{place}", path, who=who, only=only, middle=bool(place), usual=False)
        for name, path, who, only in (
            ("list", LIST, "provider", BARE),
            ("ministry", LIST, "ministry", BARE),
            ("changes", CHANGES, "provider", OURS),
            ("ministry-changes", CHANGES, "ministry", OURS),
        )
        for place in ("", "-middle")
        if f"{name}{place}" != "list"
    ],
    Case("import", IMPORT, 201, only=OURS, usual=False, rows=1000),
]


@dataclass(frozen=True)
class Asked:
    """One server over one world."""

    port: int
    world: World

    def request(self, path: str, who: str = "provider", *more: str, body: t.Any = None) -> bytes:
        sent = json.dumps(body).encode() if body is not None else b""
        head = [
            f"{'GET' if body is None else 'POST'} {path.format(**vars(self.world))} HTTP/1.1",
            "Host: 127.0.0.1",
            "Accept: application/json",
            *([f"Authorization: {getattr(self.world, who)}"] if who else []),
            *(["Content-Type: application/json", f"Content-Length: {len(sent)}"] if sent else []),
            *more,
        ]
        return "\r\n".join([*head, "", ""]).encode() + sent

    def of(self, case: Case) -> t.Iterator[bytes]:
        """The requests of a case: the same again and again, but for rows that have names."""
        path, more = case.path, []
        if case.rows:
            return (
                self.request(path, body={"items": self.new_rows(case.rows)})
                for _ in itertools.count()
            )
        if case.status == 201:
            return itertools.repeat(self.request(path, body=self.new_result()))
        if case.middle:
            name, place = self.middle(case)
            path += f"&{name}={place}"
        if case.unchanged:
            _, head, _ = load.ask(self.port, self.request(path, case.who))
            more = [f"If-None-Match: {head['etag']}"]
        return itertools.repeat(self.request(path, case.who, *more))

    def middle(self, case: Case) -> tuple[str, str]:
        """The parameter that leads into the middle of the rows, found as a client finds it."""
        name = "after" if case.path == CHANGES else "cursor"
        rows = self.world.results // (1 if case.who == "ministry" else PROVIDERS) // 2
        page = min(rows, 500)
        path = case.path.replace("50", str(page))
        more = place = ""
        for _ in range(rows // page):
            place = self.get(path + more, case.who)["next"]
            more = f"&{name}={place}"
        return name, place

    def get(self, path: str, who: str = "provider", **more: t.Any) -> t.Any:
        """The value of an answer. :raises RuntimeError: it is a refusal"""
        status, _, body = load.ask(self.port, self.request(path, who, **more))
        if status not in (200, 201):
            raise RuntimeError(f"{status} to {path}: {body[:500]!r}")
        return json.loads(body)

    def new_result(self, **values: t.Any) -> dict[str, t.Any]:
        kept = {"goal_id": str(self.world.grown_goal), "period_id": str(self.world.period)}
        return kept | {"kind": "outcome", "position": 3, "text": "Läpäisy parani"} | values

    def new_rows(self, count: int) -> list[dict[str, t.Any]]:
        mark = uuid.uuid4()
        return [self.new_result(external_id=f"{mark}-{n}") for n in range(count)]

    def meanings(self) -> t.Any:
        result = meaning(self.get("/api/v1/results", body=self.new_result()))
        return {
            "list": meaning(self.get(LIST)),
            "goal": meaning(self.get(GOAL)),
            "create": {name: result[name] for name in result.keys() - OWN},
        }

    def faults(self, *, strict: bool) -> list[str]:
        """What is not refused as it must be.

        :param strict: whether bodies and parameters are checked too, beside who asks for whose rows
        """

        def get(path: str, who: str = "provider") -> int:
            return load.ask(self.port, self.request(path, who))[0]

        def post(**values: t.Any) -> int:
            body = self.new_result(**values)
            return load.ask(self.port, self.request("/api/v1/results", body=body))[0]

        others = str(self.world.others_goal)
        told = {
            "no token": (get(LIST, ""), {401, 403}),
            "a revoked sign-in": (get(LIST, "revoked"), {401, 403}),
            "another provider's goal": (get(GOAL.format(goal=others)), {404}),
            "a result of another provider's goal": (post(goal_id=others), {404, 400, 422}),
        }
        if strict:
            told |= {
                "a period that is not there": (post(period_id=str(uuid.uuid4())), {404, 400, 422}),
                "no such kind": (post(kind="miracle"), {400, 422}),
                "no text": (post(text=None), {400, 422}),
                "an unknown field": (post(colour="red"), {400, 422}),
                "a long page": (get("/api/v1/results?limit=501"), {400, 422}),
            }
        return [
            f"answers {status} to {what}"
            for what, (status, allowed) in told.items()
            if status not in allowed
        ]


def meaning(value: t.Any) -> t.Any:
    """A value so that what means the same is equal: moments, and that there is another page."""
    if isinstance(value, dict):
        return {
            name: bool(inner) if name == "next" else meaning(inner) for name, inner in value.items()
        }
    if isinstance(value, list):
        return [meaning(inner) for inner in value]
    if isinstance(value, str) and value[10:11] == "T" and value[:4].isdigit():
        return datetime.fromisoformat(value).astimezone(UTC)
    return value
