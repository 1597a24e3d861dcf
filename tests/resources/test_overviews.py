"""How far sub-projects have come, and what indicators come to: who sees which, and that the numbers are right."""

import itertools
import uuid
from typing import Any

import pytest

from tests import factories
from tests.accounts import code
from tests.examples import Bench, statements
from tests.factories import bearer
from tests.resources.test_life import Desk

CITED = ("meetings", "surveys", "disseminations", "feedback", "deliverables")
SCOPES = ("plan:read", "records:read")


class Office:
    """Two providers of one project, which the first one coordinates, and a third of another."""

    def __init__(self, bench: Bench):
        self.bench, world = bench, bench.world
        self.a, self.b, self.c = world.a, world.b, world.c
        self.project, self.spring = world.plan["projects"], world.plan["periods"]
        self.programme = world.plan["programmes"]
        days = {"first_day": "2012-08-01", "last_day": "2012-12-31"}
        self.autumn = bench.make("periods", project_id=self.project, code="2012-autumn", **days)

    def make(self, stem: str, owner: Any = None, **given: Any) -> uuid.UUID:
        return factories.make(self.bench.app, stem, (owner or self.a).provider_id, **given)

    def by(self, role: str, owner: Any = None) -> dict[str, str]:
        return bearer(self.bench.app, role, owner and owner.provider_id)

    def read(self, what: str, by: dict[str, str], **query: Any) -> dict[str, Any]:
        path = f"/api/v1/overviews/{what}"
        response = self.bench.client.get(path, headers=by, query_string=query)
        assert response.status_code == 200, response.text
        shown: dict[str, Any] = response.get_json()
        return shown

    def homes(self, by: dict[str, str], **query: Any) -> dict[str, dict[str, Any]]:
        items = self.read("completeness", by, **query)["items"]
        return {item["sub_project_id"]: item for item in items}

    def measured(self, owner: Any, value: float, **of: Any) -> None:
        """A provider's own indicator for one of the plan's, and its value in the spring."""
        goal = owner.ids["goals"]
        indicator = self.make("indicators", owner, goal_id=goal, **of)
        self.make("measurements", owner, indicator_id=indicator, period_id=self.spring, value=value)

    def planned(self, **given: Any) -> uuid.UUID:
        home = {"project_goal_id": self.bench.world.plan["project_goals"]}
        return self.bench.make("project_indicators", **home, **given)

    def sums(self, key: uuid.UUID, by: dict[str, str], **query: Any) -> Any:
        items = self.read("indicators", by, **query)["items"]
        return next(one for one in items if one["project_indicator_id"] == str(key))


@pytest.fixture
def office(bench: Bench) -> Office:
    return Office(bench)


def id_of(owner: Any) -> str:
    return str(owner.ids["sub_projects"])


# how complete


def test_an_overview_counts_the_cells_that_the_forms_of_reports_count(office: Office) -> None:
    """Whatever fills a cell, by its period, by its day, or by its meeting's."""
    home = {"sub_project_id": office.a.ids["sub_projects"]}
    goals = [office.make("goals", text=f"Tavoite {n}", **home) for n in range(12)]
    survey = office.make("surveys", goal_ids=[], **home)
    of = {"disseminations": {"survey_id": survey}}
    for stem, goal in zip(CITED, goals, strict=False):
        day = "closes_on" if stem == "surveys" else "date"
        office.make(stem, goal_ids=[goal], **{day: "2012-09-01"}, **home, **of.get(stem, {}))
        when = {"period_id": office.spring}
        when |= {} if stem == "surveys" else {"date_precision": "period"}
        when |= {"date": None} if stem == "meetings" else {}
        office.make(stem, goal_ids=[goal], **when, **home, **of.get(stem, {}))
    meeting = office.make("meetings", goal_ids=[], date="2012-10-01", **home)
    office.make("feedback", goal_ids=[goals[5]], meeting_id=meeting, **home)
    why = {"text": None, "reason": "Tauko"}
    for goal, kinds in zip(
        goals[6:],
        (
            ("nothing_to_report",),
            ("not_applicable",),
            ("not_applicable", "nothing_to_report"),
            ("not_applicable", "activity"),
            ("outcome", "nothing_to_report"),
        ),
        strict=False,
    ):
        for kind in kinds:
            said = why if kind.startswith("no") else {}
            office.make("results", goal_id=goal, period_id=office.autumn, kind=kind, **said)
    report = office.make("reports", **home)
    form = office.bench.open("reports", report).get_json()["form"]
    for by in (
        office.by("manager", office.a),
        office.by("viewer", office.a),
        office.by("reviewer"),
    ):
        item = office.homes(by)[id_of(office.a)]
        assert item["completeness"] == form["completeness"]
        assert item["goals"] == len(form["goals"])
        for place, period in enumerate(item["periods"]):
            states = [goal["cells"][place]["state"] for goal in form["goals"]]
            assert period["period_id"] == form["periods"][place]["id"]
            assert period["cells"] == len(states)
            for state in ("filled", "nothing_to_report", "not_applicable", "missing"):
                assert period[state] == states.count(state)
    assert form["completeness"]["filled"] > 10
    assert 0 not in form["completeness"].values()


def test_an_overview_counts_reports_by_state(office: Office, bench: Bench) -> None:
    desk = Desk(bench)
    before = office.homes(office.by("reviewer"))[id_of(office.a)]["reports"]
    for steps in ((), ("submit",), ("submit", "return"), ("submit", "accept"), ("submit",)):
        desk.take(*steps, key=desk.new(period_ids=[office.autumn], kind="interim"))
    after = office.homes(office.by("reviewer"))[id_of(office.a)]["reports"]
    assert {state: after[state] - before[state] for state in after} == {
        **{"draft": 1, "submitted": 2, "returned": 1, "accepted": 1}
    }


def test_who_sees_whose_completeness(office: Office) -> None:
    a, b, c = (id_of(one) for one in (office.a, office.b, office.c))
    client = bearer(office.bench.app, None, office.a.provider_id, SCOPES)
    ministrys = bearer(office.bench.app, None, None, SCOPES)
    for by, seen in (
        (office.by("manager", office.a), {a, b}),  # which coordinates the project
        (office.by("viewer", office.a), {a}),
        (office.by("editor", office.a), {a}),
        (client, {a}),
        (office.by("manager", office.b), {b}),
        (office.by("manager", office.c), {c}),
        (office.by("reviewer"), {a, b, c}),
        (ministrys, {a, b, c}),
    ):
        assert set(office.homes(by)) == seen
        for query in ({"project_id": office.project}, {"programme_id": office.programme}):
            within = seen - {c} if "project_id" in query else seen
            assert set(office.homes(by, **query)) <= within
        assert not office.homes(by, project_id=uuid.uuid4())
        assert not office.homes(by, programme_id=uuid.uuid4())


def test_an_operator_sees_no_overview(office: Office) -> None:
    for what in ("completeness", "indicators"):
        response = office.bench.client.get(
            f"/api/v1/overviews/{what}", headers=office.bench.operator
        )
        assert code(response) == (403, "forbidden")


def test_of_others_a_coordinator_is_told_numbers_and_no_words(office: Office) -> None:
    office.measured(office.b, 3.0, project_indicator_id=office.planned(), name="canary-b")
    for what in ("completeness", "indicators"):
        shown = str(office.read(what, office.by("manager", office.a)))
        assert office.b.mark not in shown.replace(name_of(office, office.b), "")


def name_of(office: Office, owner: Any) -> str:
    items = office.homes(office.by("reviewer")).values()
    name: str = next(i["provider_name"] for i in items if i["sub_project_id"] == id_of(owner))
    return name


@pytest.mark.parametrize("role", ["manager", "reviewer"])
def test_pages_go_through_all_sub_projects_once(office: Office, role: str) -> None:
    for _ in range(3):
        office.make("sub_projects", project_id=office.project)
        office.make("sub_projects", office.b, project_id=office.project)
    by = office.by(role, office.a if role == "manager" else None)
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    for _ in itertools.count():
        page = office.read("completeness", by, **query)
        seen += [item["sub_project_id"] for item in page["items"]]
        query["cursor"] = page["next"]
        if not page["next"]:
            break
    assert seen == list(office.homes(by))
    assert len(seen) == (8 if role == "manager" else 9)


@pytest.mark.parametrize("what", ["completeness", "indicators"])
def test_an_overview_costs_as_many_statements_whatever_is_in_it(office: Office, what: str) -> None:
    def cost() -> int:
        with statements(office.bench.app) as sent:
            office.read(what, by)
        return len(sent)

    by = office.by("reviewer")
    few = cost()
    for _ in range(4):
        key = office.make("sub_projects", project_id=office.project)
        office.make("goals", sub_project_id=key)
        office.planned()
    assert cost() == few


# what indicators come to


def test_values_of_several_providers_are_added_up_and_told_how_many_they_are(
    office: Office,
) -> None:
    key = office.planned(unit="kpl", baseline=1.0, target=100.0)
    office.measured(office.a, 10.0, project_indicator_id=key, unit="kpl", baseline=0.0, target=20.0)
    office.measured(office.b, 30.0, project_indicator_id=key, unit=None, baseline=10.0, target=40.0)
    office.measured(office.b, 2.0, project_indicator_id=key, unit="kpl")
    office.measured(office.b, 99.0, project_indicator_id=key, unit="%")
    for by in (office.by("reviewer"), office.by("manager", office.a)):
        shown = office.sums(key, by)
        assert (shown["aggregate"], shown["unit"], shown["target"]) == ("sum", "kpl", 100.0)
        assert shown["periods"] == [
            {
                "period_id": str(office.spring),
                "period_code": "2012-spring",
                **{"providers": 2, "measurements": 3, "other_units": 1},
                **{"baseline": 10.0, "baselines": 2, "target": 60.0, "targets": 2},
                **{"actual": 42.0, "share_of_target": 0.6},
            }
        ]
    (own,) = office.sums(key, office.by("viewer", office.a))["periods"]
    assert (own["providers"], own["actual"], own["share_of_target"]) == (1, 10.0, 0.5)
    (own,) = office.sums(key, office.by("manager", office.b))["periods"]
    assert (own["providers"], own["actual"]) == (1, 32.0)
    assert not office.sums(key, office.by("reviewer"), period_id=office.autumn)["periods"]


@pytest.mark.parametrize("unit", ["%", "prosenttia", "‰"])
def test_percentages_are_joined_by_their_mean(office: Office, unit: str) -> None:
    key = office.planned(unit=unit)
    for owner, value in ((office.a, 40.0), (office.b, 60.0)):
        office.measured(owner, value, project_indicator_id=key, unit=unit, target=80.0)
    shown = office.sums(key, office.by("reviewer"))
    (period,) = shown["periods"]
    assert (shown["aggregate"], period["providers"]) == ("mean", 2)
    assert (period["actual"], period["target"], period["baseline"]) == (50.0, 80.0, None)
    assert period["share_of_target"] == 0.625


def test_what_shall_become_less_is_as_far_as_it_has_come_from_where_it_was(office: Office) -> None:
    key = office.planned(unit="pv", direction="decrease")
    given = {"project_indicator_id": key, "unit": "pv", "target": 20.0}
    office.measured(office.a, 30.0, baseline=60.0, **given)
    office.measured(office.b, 5.0, **given)  # of which nobody knows where it was
    (period,) = office.sums(key, office.by("reviewer"))["periods"]
    assert (period["actual"], period["share_of_target"]) == (35.0, 0.75)


def test_an_indicator_that_nobody_measured_is_there_without_periods(office: Office) -> None:
    key = office.planned()
    assert office.sums(key, office.by("viewer", office.b))["periods"] == []
    items = office.read("indicators", office.by("viewer", office.c))["items"]
    assert str(key) not in {one["project_indicator_id"] for one in items}


# of projects and programmes


def test_a_project_comes_to_what_its_sub_projects_come_to_together(office: Office) -> None:
    reviewer = office.by("reviewer")
    for owner in (office.a, office.b):
        office.make("results", owner, goal_id=owner.ids["goals"], period_id=office.autumn)
    found = {one["project_id"]: one for one in office.read("projects", reviewer)["items"]}
    parts = office.homes(reviewer, project_id=office.project).values()
    told = found[str(office.project)]
    assert told["sub_projects"] == len(parts) == 2
    assert told["goals"] == sum(one["goals"] for one in parts)
    for name in ("completeness", "reports"):
        assert told[name] == {word: sum(one[name][word] for one in parts) for word in told[name]}
    assert told["completeness"]["filled"] > 1
    for place, period in enumerate(told["periods"]):
        assert period["period_code"] == ("2012-spring", "2012-autumn")[place]
        assert period["cells"] == sum(one["periods"][place]["cells"] for one in parts)
        assert period["filled"] == sum(one["periods"][place]["filled"] for one in parts)
    path = f"/api/v1/projects/{office.project}/deadlines"
    due = office.bench.client.get(path, headers=reviewer).get_json()
    assert told["deadlines"] == {name: due[name] for name in told["deadlines"]}
    assert len(found) > 1


def test_a_programme_comes_to_what_its_projects_come_to_together(office: Office) -> None:
    reviewer = office.by("reviewer")
    office.bench.make("periods", project_id=office.project, code="2011-spring", due_on="2011-06-30")
    projects = office.read("projects", reviewer, programme_id=office.programme)["items"]
    items = office.read("programmes", reviewer)["items"]
    told = next(one for one in items if one["programme_id"] == str(office.programme))
    assert told["projects"] == len(projects)
    assert told["sub_projects"] == sum(one["sub_projects"] for one in projects)
    for name in ("completeness", "reports", "deadlines"):
        for word in set(told[name]) - {"on_time_rate"}:
            assert told[name][word] == sum(one[name][word] for one in projects)
    assert told["deadlines"]["overdue"] >= 2
    assert told["deadlines"]["on_time_rate"] == 0


def test_projects_are_overseen_by_who_coordinates_them_and_programmes_by_the_ministry(
    office: Office,
) -> None:
    for role in ("viewer", "editor", "manager"):
        items = office.read("projects", office.by(role, office.a))["items"]
        assert [one["project_id"] for one in items] == [str(office.project)]
        assert items[0]["sub_projects"] == 2
        assert office.read("projects", office.by(role, office.b))["items"] == []
        for path in ("programmes",):
            response = office.bench.client.get(
                f"/api/v1/overviews/{path}", headers=office.by(role, office.a)
            )
            assert code(response) == (403, "forbidden")


def test_a_page_of_projects_ends_where_the_next_begins(office: Office) -> None:
    reviewer = office.by("reviewer")
    whole = office.read("projects", reviewer)["items"]
    seen, cursor = [], None
    for _ in whole:
        page = office.read("projects", reviewer, limit=1, **({"cursor": cursor} if cursor else {}))
        seen += page["items"]
        cursor = page["next"]
    assert (seen, cursor) == (whole, None)


def test_the_cost_in_statements_is_the_same_however_many_projects_there_are(
    office: Office,
) -> None:
    reviewer, app = office.by("reviewer"), office.bench.app
    with statements(app) as of_one:
        office.read("projects", reviewer, limit=1)
    with statements(app) as of_all:
        office.read("projects", reviewer)
    assert len(of_all) == len(of_one)
