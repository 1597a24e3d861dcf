"""Imports: a sub-project's records as one document, all of it or nothing, again and again."""

import json
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from werkzeug.test import TestResponse

from api.app import create_app
from schemas.imports import ELEMENTS_MAX
from tests.accounts import code
from tests.examples import RECORDS, Bench, places, statements
from tests.factories import bearer
from tests.routes import contents

Document = dict[str, Any]


class Desk:
    """The first provider's desk, from which its script sends documents."""

    def __init__(self, bench: Bench):
        self.bench, self.by = bench, bench.manager
        project = bench.open("projects", bench.world.plan["projects"]).get_json()
        goal = bench.open("project_goals", bench.world.plan["project_goals"]).get_json()
        self.acronym, self.goal_code = project["acronym"], goal["code"]
        meeting = bench.open("project_meetings", bench.world.plan["project_meetings"]).get_json()
        indicator = bench.open(
            "project_indicators", bench.world.plan["project_indicators"]
        ).get_json()
        self.meeting_code, self.indicator_code = meeting["code"], indicator["code"]

    def document(self, **parts: Any) -> Document:
        return {"project": self.acronym, "sub_project": {"external_id": "osa"}, **parts}

    def full(self) -> Document:
        """One element or two of everything, with every kind of link."""
        return self.document(
            sub_project={"external_id": "osa", "name": "Osahanke", "contact": "onni"},
            contacts=[{"external_id": "onni", "name": "Onni Malli"}],
            goals=[
                {"external_id": "t1", "project_goal": self.goal_code, "text": "Yksi"},
                {"external_id": "t2", "position": 2, "text": "Kaksi"},
            ],
            indicators=[
                {
                    "external_id": "i1",
                    "goal": "t1",
                    "project_indicator": self.indicator_code,
                    "name": "Osuus",
                }
            ],
            measurements=[
                {"external_id": "m1", "indicator": "i1", "period": "2012-spring", "value": 52.5}
            ],
            results=[
                {
                    "external_id": "r1",
                    "goal": "t1",
                    "period": "2012-spring",
                    "kind": "activity",
                    "text": "Aloitettu",
                },
                {
                    "external_id": "r2",
                    "goal": "t2",
                    "period": "2012-spring",
                    "kind": "not_applicable",
                    "reason": "Myöhemmin",
                },
            ],
            meetings=[
                {
                    "external_id": "k1",
                    "project_meeting": self.meeting_code,
                    "kind": "kick_off",
                    "date": "2012-01-16",
                    "goals": ["t2", "t1"],
                    "participants": [{"contact": "onni", "name": "Onni Malli"}, {"name": "Aino"}],
                }
            ],
            surveys=[{"external_id": "s1", "title": "Kysely", "goals": ["t1"]}],
            deliverables=[
                {"external_id": "d1", "kind": "plan", "title": "Plan", "based_on": "d2"},
                {
                    "external_id": "d2",
                    "kind": "model",
                    "title": "Malli",
                    "deliveries": [{"channel": "Optima", "meeting": "k1"}],
                },
            ],
            feedback=[
                {
                    "external_id": "p1",
                    "source": "students",
                    "point": "Lisää",
                    "meeting": "k1",
                    "survey": "s1",
                    "about_survey": "s1",
                    "about_deliverable": "d1",
                    "actions": [{"text": "Tehdään"}],
                }
            ],
            disseminations=[{"external_id": "l1", "survey": "s1", "audience": "Koulut"}],
            reports=[{"external_id": "rap", "contact": "onni", "periods": ["2012-spring"]}],
        )

    def send(self, document: Any, by: dict[str, str] | None = None, **query: str) -> TestResponse:
        return self.bench.client.post(
            "/api/v1/imports", json=document, headers=by or self.by, query_string=query
        )

    def done(self, document: Document, **query: str) -> dict[str, Any]:
        response = self.send(document, **query)
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.get_json()
        return made

    def named(self, stem: str, name: str) -> dict[str, Any]:
        """The row of this external id."""
        found = self.bench.open(stem, query_string={"external_id": name}).get_json()["items"]
        (row,) = found
        assert isinstance(row, dict)
        return row

    def refused(self, document: Document) -> list[tuple[str, str]]:
        """What was wrong with it; and that nothing was kept."""
        before = contents(self.bench.app)
        response = self.send(document)
        assert code(response) == (422, "invalid"), response.text
        assert contents(self.bench.app) == before
        return places(response)


@pytest.fixture
def desk(bench: Bench) -> Desk:
    return Desk(bench)


def each(verdict: str, document: Document) -> dict[str, dict[str, int]]:
    """The counts when every element of a document met the same fate."""
    sizes = {stem: len(part) for stem, part in document.items() if isinstance(part, list)}
    empty = {"created": 0, "updated": 0, "unchanged": 0}
    return {stem: empty | {verdict: n} for stem, n in (sizes | {"sub_projects": 1}).items()}


# All of it


def test_a_document_becomes_rows_linked_as_it_says(desk: Desk) -> None:
    document = desk.full()
    made = desk.done(document)
    assert made["counts"] == each("created", document)
    ids = {
        element["external_id"]: desk.named(stem, element["external_id"])["id"]
        for stem, part in document.items()
        if isinstance(part, list)
        for element in part
    }
    osa = desk.named("sub_projects", "osa")
    assert osa["id"] == made["sub_project_id"]
    assert (osa["name"], osa["contact_id"]) == ("Osahanke", ids["onni"])
    plan = {name: str(key) for name, key in desk.bench.world.plan.items()}
    links = [
        ("goals", "t1", {"project_goal_id": plan["project_goals"]}),
        ("indicators", "i1", {"project_indicator_id": plan["project_indicators"]}),
        ("indicators", "i1", {"goal_id": ids["t1"]}),
        ("measurements", "m1", {"indicator_id": ids["i1"], "period_id": plan["periods"]}),
        ("results", "r2", {"goal_id": ids["t2"], "period_id": plan["periods"]}),
        ("meetings", "k1", {"goal_ids": sorted([ids["t1"], ids["t2"]])}),
        ("meetings", "k1", {"project_meeting_id": plan["project_meetings"]}),
        ("surveys", "s1", {"goal_ids": [ids["t1"]]}),
        ("deliverables", "d1", {"based_on_id": ids["d2"]}),
        ("feedback", "p1", {"meeting_id": ids["k1"], "about_survey_id": ids["s1"]}),
        ("feedback", "p1", {"survey_id": ids["s1"], "about_deliverable_id": ids["d1"]}),
        ("disseminations", "l1", {"survey_id": ids["s1"]}),
        ("reports", "rap", {"contact_id": ids["onni"], "period_ids": [plan["periods"]]}),
    ]
    for stem, name, expected in links:
        row = desk.named(stem, name)
        assert {field: row[field] for field in expected} == expected, (stem, name)
        assert row.get("sub_project_id") == osa["id"]
    people = desk.named("meetings", "k1")["participants"]
    assert [person["contact_id"] for person in people] == [ids["onni"], None]
    assert desk.named("deliverables", "d2")["deliveries"][0]["meeting_id"] == ids["k1"]


def test_the_import_itself_can_be_read_again(desk: Desk) -> None:
    response = desk.send(desk.full())
    made = response.get_json()
    read = desk.bench.client.get(response.headers["Location"], headers=desk.by)
    assert read.get_json() == made
    assert response.headers["ETag"] == '"1"'
    query = {"sub_project_id": made["sub_project_id"]}
    listed = desk.bench.open("imports", query_string=query, by=desk.by).get_json()
    assert [row["id"] for row in listed["items"]] == [made["id"]]
    theirs = desk.bench.open("imports", made["id"], by=desk.bench.other_manager)
    assert code(theirs) == (404, "not_found")


def test_an_import_is_history_that_nobody_rewrites(desk: Desk) -> None:
    key = desk.done(desk.full())["id"]
    for method in ("PUT", "PATCH", "DELETE"):
        response = desk.bench.open("imports", key, method, by=desk.by)
        assert code(response) == (405, "method_not_allowed")


def test_the_same_document_again_changes_nothing(desk: Desk) -> None:
    document = desk.full()
    desk.done(document)
    before = contents(desk.bench.app)
    again = desk.done(document)
    assert again["counts"] == each("unchanged", document)
    after = contents(desk.bench.app)
    assert len(after.pop("imports")) == 2
    assert len(before.pop("imports")) == 1
    assert len(after.pop("changes")) == len(before.pop("changes")) + 1  # the second import
    assert after == before


CHANGED: dict[str, tuple[str, Any]] = {
    "contacts": ("phone", "050 000 0000"),
    "goals": ("text", "Toisin"),
    "indicators": ("target", 60),
    "measurements": ("value", 53),
    "results": ("text", "Toisin"),
    "meetings": ("goals", ["t1"]),
    "surveys": ("respondent_groups", [{"group": "students"}]),
    "deliverables": ("based_on", None),
    "feedback": ("actions", [{"text": "Tehty", "state": "done"}]),
    "disseminations": ("by_whom", "opettajat"),
    "reports": ("report_date", "2013-01-18"),
}


def test_of_a_document_sent_again_only_what_differs_is_written(desk: Desk) -> None:
    document = desk.full()
    desk.done(document)
    versions = dict.fromkeys(CHANGED, 1)
    for stem, (field, value) in CHANGED.items():
        document[stem][0][field] = value
        counts = desk.done(document)["counts"]
        changed = {one: tally["updated"] for one, tally in counts.items()}
        assert changed == dict.fromkeys(counts, 0) | {stem: 1}, stem
        versions[stem] = 2
        for one, version in versions.items():
            assert desk.named(one, document[one][0]["external_id"])["version"] == version
    document["sub_project"]["name"] = "Toinen nimi"
    assert desk.done(document)["counts"]["sub_projects"]["updated"] == 1


def test_what_a_document_leaves_out_stays(desk: Desk) -> None:
    """A script may send its records in parts, each naming what an earlier one brought."""
    desk.done(desk.full())
    late = {"goal": "t2", "period": "2012-spring", "kind": "outcome", "text": "Valmis"}
    made = desk.done(desk.document(results=[{"external_id": "r3"} | late]))
    tally = {"created": 1, "updated": 0, "unchanged": 0}
    assert made["counts"]["results"] == tally
    assert desk.named("results", "r3")["goal_id"] == desk.named("goals", "t2")["id"]
    assert desk.named("results", "r1")["text"] == "Aloitettu"


def test_a_field_left_out_of_an_element_stays_and_null_takes_it_away(desk: Desk) -> None:
    contact = {"external_id": "c", "name": "Aino", "phone": "1"}
    document = desk.document(contacts=[contact])
    document["sub_project"]["contact"] = "c"
    desk.done(document)
    del contact["phone"], document["sub_project"]["contact"]
    contact["job_title"] = "rehtori"
    counts = desk.done(document)["counts"]
    assert desk.named("contacts", "c")["phone"] == "1"
    assert desk.named("contacts", "c")["job_title"] == "rehtori"
    assert counts["sub_projects"]["unchanged"] == 1
    desk.done(desk.document(contacts=[{"external_id": "c", "phone": None}]))
    assert desk.named("contacts", "c")["phone"] is None


def test_references_may_be_given_by_id_as_well(desk: Desk) -> None:
    desk.done(desk.full())
    goal = desk.named("goals", "t1")["id"]
    period = str(desk.bench.world.plan["periods"])
    result = {"goal_id": goal, "period_id": period, "kind": "outcome", "text": "Valmis"}
    desk.done(desk.document(results=[{"external_id": "r3"} | result]))
    assert desk.named("results", "r3")["goal_id"] == goal


def test_two_providers_use_the_same_names_without_meeting(desk: Desk) -> None:
    document = desk.full()
    desk.done(document)
    theirs = desk.send(document, by=desk.bench.other_manager)
    assert theirs.get_json()["counts"] == each("created", document)
    document["goals"][0]["text"] = "Toisin"
    assert desk.send(document, by=desk.bench.other_manager).status_code == 201
    assert desk.named("goals", "t1")["text"] == "Yksi"


def test_only_those_who_write_records_import(desk: Desk) -> None:
    a = desk.bench.world.a.provider_id
    answers = {
        "viewer": bearer(desk.bench.app, "viewer", a),
        "reviewer": desk.bench.ministry,
        "reading client": bearer(desk.bench.app, None, a, ["records:read", "plan:read"]),
    }
    for who, headers in answers.items():
        assert code(desk.send(desk.full(), by=headers)) == (403, "forbidden"), who
    script = bearer(desk.bench.app, None, a, ["records:write"])
    assert desk.send(desk.full(), by=script).status_code == 201


# Or nothing


def test_one_fault_anywhere_keeps_everything_out(desk: Desk) -> None:
    """The fault in each part in turn, the last included, after whose siblings all was well."""
    for stem in CHANGED:
        document = desk.full()
        document[stem][-1]["nonsense"] = 1
        last = len(document[stem]) - 1
        assert desk.refused(document) == [(f"/{stem}/{last}/nonsense", "unknown_field")]
    document = desk.full()
    document["sub_project"]["nonsense"] = 1
    assert desk.refused(document) == [("/sub_project/nonsense", "unknown_field")]


def test_a_fault_in_an_update_takes_back_what_was_written_before_it(desk: Desk) -> None:
    desk.done(desk.full())
    document = desk.full()
    document["contacts"][0]["name"] = "Toinen"
    document["measurements"].append(document["measurements"][0] | {"external_id": "m2"})
    assert desk.refused(document) == [("/measurements/1/period", "duplicate")]
    assert desk.named("contacts", "onni")["name"] == "Onni Malli"


Spoil = Callable[[Document], None]


def _set(path: str, value: Any) -> Spoil:
    """Put a value at a place of the document."""

    def spoil(document: Document) -> None:
        target: Any = document
        *way, last = (int(part) if part.isdigit() else part for part in path.split("/")[1:])
        for step in way:
            target = target[step]
        if value is _gone:
            del target[last]
        else:
            target[last] = value

    return spoil


_gone = object()

FAULTS: list[tuple[str, Any, list[tuple[str, str]]]] = [
    # unknown names, pointed at as the document spells them
    ("/results/1/goal", "t9", [("/results/1/goal", "not_found")]),
    ("/results/0/period", "2012-autumn", [("/results/0/period", "not_found")]),
    ("/results/0/period", "kevät", [("/results/0/period", "not_found")]),
    ("/meetings/0/goals", ["t1", "t9"], [("/meetings/0/goals/1", "not_found")]),
    ("/meetings/0/participants/0/contact", "x", [("/meetings/0/participants/0/contact", "not_found")]),
    ("/deliverables/1/deliveries/0/meeting", "x", [("/deliverables/1/deliveries/0/meeting", "not_found")]),
    ("/goals/0/project_goal", "T999", [("/goals/0/project_goal", "not_found")]),
    ("/reports/0/periods", ["2012-spring", "x"], [("/reports/0/periods/1", "not_found")]),
    ("/sub_project/contact", "x", [("/sub_project/contact", "not_found")]),
    ("/deliverables/0/based_on", "x", [("/deliverables/0/based_on", "not_found")]),
    ("/project", "NONE", [("/project", "not_found")]),
    # wrong types, level by level
    ("/project", 5, [("/project", "wrong_type")]),
    ("/project", _gone, [("/project", "required")]),
    ("/sub_project", _gone, [("/sub_project", "required")]),
    ("/sub_project", [], [("/sub_project", "wrong_type")]),
    ("/goals", {}, [("/goals", "wrong_type")]),
    ("/goals", "t1", [("/goals", "wrong_type")]),
    ("/goals", None, [("/goals", "null")]),
    ("/goals/1", "t2", [("/goals/1", "wrong_type")]),
    ("/goals/1", None, [("/goals/1", "null")]),
    ("/results/0/goal", 7, [("/results/0/goal", "not_found")]),
    ("/results/0/goal", ["t1"], [("/results/0/goal", "wrong_format")]),
    ("/results/0/goal", {"external_id": "t1"}, [("/results/0/goal", "not_found")]),
    ("/results/0/goal", None, [("/results/0/goal", "null")]),
    ("/results/0/goal", _gone, [("/results/0/goal_id", "required")]),
    ("/meetings/0/goals", "t1", [("/meetings/0/goals", "wrong_type")]),
    ("/meetings/0/goals", [["t1"]], [("/meetings/0/goals/0", "wrong_format")]),
    ("/meetings/0/goals", ["t1", 5], [("/meetings/0/goals/1", "not_found")]),
    ("/meetings/0/goals", ["t1", "t1"], [("/meetings/0/goals", "repeated")]),
    ("/meetings/0/participants", {}, [("/meetings/0/participants", "wrong_type")]),
    ("/meetings/0/participants", ["Onni"], [("/meetings/0/participants/0", "wrong_type")]),
    ("/meetings/0/participants/1/name", 5, [("/meetings/0/participants/1/name", "wrong_type")]),
    # the resource's own rules
    ("/results/0/text", None, [("/results/0/text", "missing_for_kind")]),
    ("/meetings/0/date", "16.1.2012", [("/meetings/0/date", "wrong_format")]),
    ("/measurements/0/value", "52", [("/measurements/0/value", "wrong_type")]),
    ("/disseminations/0/survey", None, [("/disseminations/0/survey", "one_subject")]),
    # names of elements
    ("/goals/0/external_id", _gone, [("/goals/0/external_id", "required")]),
    ("/goals/1/external_id", "", [("/goals/1/external_id", "blank")]),
    ("/goals/1/external_id", "t1", [("/goals/1/external_id", "repeated")]),
    ("/goals/1/external_id", "a\u0308", [("/goals/1/external_id", "not_normalised")]),
    ("/goals/1/external_id", "t\0", [("/goals/1/external_id", "forbidden_character")]),
    ("/results/1/goal", "t\0", [("/results/1/goal", "not_found")]),
    ("/results/1/period", "\0", [("/results/1/period", "not_found")]),
    ("/goals/1/external_id", "x" * 201, [("/goals/1/external_id", "too_long")]),
    # circles
    ("/deliverables/1/based_on", "d1", [("/deliverables/0/based_on", "cycle")]),
    ("/deliverables/1/based_on", "d2", [("/deliverables/1/based_on", "cycle")]),
    # what is not the sender's to say
    ("/goals/0/provider_id", str(uuid.UUID(int=1)), [("/goals/0/provider_id", "read_only")]),
    ("/goals/0/id", str(uuid.UUID(int=1)), [("/goals/0/id", "read_only")]),
    ("/results/0/goal_id", str(uuid.UUID(int=1)), [("/results/0/goal", "unknown_field")]),
    ("/surprise", [], [("/surprise", "unknown_field")]),
    ("/imports", [], [("/imports", "unknown_field")]),
]  # fmt: skip


def test_each_fault_is_pointed_at_as_the_document_spells_it(desk: Desk) -> None:
    before = contents(desk.bench.app)
    for path, value, expected in FAULTS:
        document = desk.full()
        if expected[0][1] not in ("repeated",) and path.startswith("/goals/1"):
            document = desk.document(goals=document["goals"])  # whose others would miss it
        _set(path, value)(document)
        response = desk.send(document)
        assert code(response) == (422, "invalid"), (path, value, response.text)
        found = [(where, what) for where, what in places(response) if where == expected[0][0]]
        assert found == expected, (path, value, places(response))
    assert contents(desk.bench.app) == before


def test_all_faults_are_told_at_once(desk: Desk) -> None:
    document = desk.full()
    for path, value in (
        ("/results/0/goal", "t9"),
        ("/results/1/kind", "perhaps"),
        ("/meetings/0/date", "eilen"),
        ("/reports/0/language", "de"),
        ("/sub_project/contact", "x"),
    ):
        _set(path, value)(document)
    assert sorted(desk.refused(document)) == [
        ("/meetings/0/date", "wrong_format"),
        ("/reports/0/language", "unknown_word"),
        ("/results/0/goal", "not_found"),
        ("/results/1/kind", "unknown_word"),
        ("/sub_project/contact", "not_found"),
    ]


def test_an_external_id_that_is_no_string_is_one_fault(desk: Desk) -> None:
    for name in (5, None, True, ["t1"], {"a": 1}):
        document = desk.document(goals=[{"external_id": name, "text": "Yksi"}])
        assert {where for where, _ in desk.refused(document)} == {"/goals/0/external_id"}, name
    mixed = [{"text": "Nimetön"}, {"external_id": "None", "text": "Nimi"}]
    assert [where for where, _ in desk.refused(desk.document(goals=mixed))] == [
        "/goals/0/external_id"
    ]


def test_a_document_that_is_no_object_is_refused(desk: Desk) -> None:
    for body in ("[]", '"x"', "5", "null", "true"):
        response = desk.bench.client.post(
            "/api/v1/imports",
            data=body,
            content_type="application/json",
            headers=desk.by,
        )
        assert code(response) == (422, "invalid"), body


def test_after_a_hundred_faults_the_rest_is_counted(desk: Desk) -> None:
    goals = [{"external_id": f"t{n}", "position": 0, "text": "Yksi"} for n in range(130)]
    problem = desk.send(desk.document(goals=goals)).get_json()
    assert (len(problem["errors"]), problem["more"]) == (100, 30)
    assert problem["errors"][99]["pointer"] == "/goals/99/position"


def test_a_list_past_its_bound_is_one_fault_however_wrong_its_elements(desk: Desk) -> None:
    for element in ({}, 5, {"external_id": "x"}):
        response = desk.send(desk.document(goals=[element] * (ELEMENTS_MAX + 1)))
        assert code(response) == (422, "invalid")
        assert places(response) == [("/goals", "too_long")]


def test_entries_past_their_bound_are_one_fault(desk: Desk) -> None:
    people = [{"name": "Aino"}] * 501
    meeting = {"external_id": "k", "kind": "kick_off", "participants": people}
    assert desk.refused(desk.document(meetings=[meeting])) == [
        ("/meetings/0/participants", "too_long")
    ]


def test_an_object_of_too_many_fields_is_one_fault(desk: Desk) -> None:
    fields = dict.fromkeys(map(str, range(201)), 1)
    meeting = {"external_id": "k", "kind": "kick_off"}
    wide: list[tuple[Document, str]] = [
        ({"goals": [{"external_id": "t"}, fields]}, "/goals/1"),
        ({"sub_project": {"external_id": "osa"} | fields}, "/sub_project"),
        ({"meetings": [meeting | {"participants": [{"name": "A"}, fields]}]},
         "/meetings/0/participants/1"),
        (fields, ""),
    ]  # fmt: skip
    for parts, where in wide:
        assert desk.refused(desk.document() | parts) == [(where or None, "too_many_fields")]


def test_names_past_the_bound_of_their_list_are_one_fault_and_not_looked_up(desk: Desk) -> None:
    names = [f"t{n}" for n in range(501)]
    meeting = {"external_id": "k", "kind": "kick_off", "goals": names}
    report = {"external_id": "r", "periods": names}
    people = [{"name": "A", "contact": name} for name in names]
    document = desk.document(
        meetings=[meeting, meeting | {"external_id": "l", "goals": [], "participants": people}],
        reports=[report],
    )
    with statements(desk.bench.app) as sent:
        response = desk.send(document)
    assert sorted(places(response)) == [
        ("/meetings/0/goals", "too_long"),
        ("/meetings/1/participants", "too_long"),
        ("/reports/0/periods", "too_long"),
    ]
    for table, name in (("goals", "external_id"), ("contacts", "external_id"), ("periods", "code")):
        assert not [one for one in sent if f"SELECT {table}.{name}, {table}.id" in one]


def test_more_names_than_a_statement_takes_are_looked_up_all_the_same(desk: Desk) -> None:
    """Either engine bounds the parameters of a statement; PostgreSQL at 65,535."""
    meeting = {"kind": "kick_off", "date": "2012-01-16"}
    for name, made in (("goals", "t{}".format), ("goal_ids", lambda n: str(uuid.UUID(int=n)))):
        meetings = [
            meeting | {"external_id": str(k), name: [made(450 * k + n) for n in range(450)]}
            for k in range(150)
        ]
        problem = desk.send(desk.document(meetings=meetings)).get_json()
        assert {fault["code"] for fault in problem["errors"]} == {"not_found"}
        # Not one for each of 67,500: nobody reads on so far.
        assert len(problem["errors"]) == 100
        assert 0 < problem["more"] < 2_000


def test_an_import_costs_the_same_statements_however_many_its_elements(desk: Desk) -> None:
    def document(first: int, count: int, text: str = "Yksi") -> Document:
        numbers = range(first, first + count)
        cell = {"period": "2012-spring", "kind": "activity", "text": text}
        return desk.document(
            goals=[{"external_id": f"t{n}", "text": text} for n in numbers],
            results=[cell | {"external_id": f"r{n}", "goal": f"t{n}"} for n in numbers],
            meetings=[
                {"external_id": f"k{n}", "kind": "other", "goals": [f"t{n}"], "notes": text}
                for n in numbers
            ],
        )

    def asked(document: Document) -> int:
        with statements(desk.bench.app) as sent:
            desk.done(document)
        return len(sent)

    desk.done(document(0, 1))
    assert asked(document(1, 2)) == asked(document(3, 8))
    assert asked(document(1, 2, "Toinen")) == asked(document(3, 8, "Toinen"))


def _chain(count: int, title: str = "Malli", **first: Any) -> list[dict[str, Any]]:
    links = [first] + [{"based_on": f"d{n}"} for n in range(count - 1)]
    return [
        {"external_id": f"d{n}", "kind": "other", "title": title} | link
        for n, link in enumerate(links)
    ]


def test_a_chain_sent_again_is_not_walked_for_each_of_its_links(desk: Desk) -> None:
    def cost(count: int) -> int:
        with statements(desk.bench.app) as sent:
            tally = desk.done(desk.document(deliverables=_chain(count, f"Nimi {count}")))
        assert tally["counts"]["deliverables"]["updated"] == count
        return len(sent)

    desk.done(desk.document(deliverables=_chain(12)))
    assert cost(4) == cost(12)


def test_a_circle_by_way_of_rows_that_the_document_leaves_out_is_found(desk: Desk) -> None:
    desk.done(desk.document(deliverables=_chain(4)))
    first = desk.document(deliverables=_chain(1, based_on="d3"))
    assert desk.refused(first) == [("/deliverables/0/based_on", "cycle")]
    by_id = desk.document(
        deliverables=_chain(1, based_on_id=desk.named("deliverables", "d3")["id"])
    )
    assert desk.refused(by_id) == [("/deliverables/0/based_on_id", "cycle")]


def test_a_chain_may_be_turned_round_at_once(desk: Desk) -> None:
    """d3 on d2 on d1 on d0 becomes d1 on d0 on d3 on d2 on e1; d0 must not be written before d2."""
    desk.done(desk.document(deliverables=_chain(4)))
    turned = _chain(4)
    turned[0]["based_on"] = "d3"
    turned[2]["based_on"] = "e1"
    new = [turned[0] | {"external_id": "e0"}, turned[1] | {"external_id": "e1", "based_on": "e0"}]
    del new[0]["based_on"]
    desk.done(desk.document(deliverables=[turned[0], turned[2], *new]))
    ids = {name: desk.named("deliverables", name) for name in ("d0", "d1", "d2", "d3", "e1")}
    found = {name: row["based_on_id"] for name, row in ids.items() if name != "e1"}
    assert found == {
        "d0": ids["d3"]["id"],
        "d1": ids["d0"]["id"],
        "d2": ids["e1"]["id"],
        "d3": ids["d2"]["id"],
    }


def test_another_providers_rows_are_not_found_by_name_or_id(desk: Desk) -> None:
    b = desk.bench.world.b
    theirs = str(b.ids["goals"])
    result = {"external_id": "r", "period": "2012-spring", "kind": "outcome", "text": "x"}
    by_name = desk.document(results=[result | {"goal": f"{b.mark}-goals"}])
    assert desk.refused(by_name) == [("/results/0/goal", "not_found")]
    by_id = desk.document(results=[result | {"goal_id": theirs}])
    assert desk.refused(by_id) == [("/results/0/goal_id", "not_found")]


def test_a_document_stays_in_its_sub_project(desk: Desk) -> None:
    """The provider's rows of its other sub-project are neither moved, nor cited, nor added to."""
    desk.done(desk.full())
    a = desk.bench.world.a
    result = {"external_id": "r9", "period": "2012-spring", "kind": "outcome", "text": "x"}
    goal, there = a.ids["goals"], str(a.ids["sub_projects"])
    cited = desk.document(results=[result | {"goal": f"{a.mark}-goals"}])
    assert desk.refused(cited) == [("/results/0/goal", "other_sub_project")]
    by_id = desk.document(results=[result | {"goal_id": str(goal)}])
    assert desk.refused(by_id) == [("/results/0/goal_id", "other_sub_project")]
    linked = {"external_id": "k9", "kind": "kick_off", "goals": ["t1", f"{a.mark}-goals"]}
    assert desk.refused(desk.document(meetings=[linked])) == [
        ("/meetings/0/goals/1", "other_sub_project")
    ]
    added = {"external_id": "t9", "text": "Uusi", "sub_project_id": there}
    assert desk.refused(desk.document(goals=[added])) == [
        ("/goals/0/sub_project_id", "other_sub_project")
    ]
    moved = {"external_id": f"{a.mark}-goals", "text": "Siirretty"}
    assert [where for where, _ in desk.refused(desk.document(goals=[moved]))] == [
        "/goals/0/external_id"
    ]
    result["external_id"] = f"{a.mark}-results"
    drawn = desk.document(results=[result | {"goal": "t1"}])
    assert [where for where, _ in desk.refused(drawn)] == ["/results/0/external_id"]


def test_a_sub_project_stays_in_its_project(desk: Desk) -> None:
    bench = desk.bench
    desk.done(desk.full())
    key, _ = bench.created("projects", acronym="TOINEN")
    bench.created("participations", project_id=key, provider_id=str(bench.world.a.provider_id))
    document = desk.document() | {"project": "TOINEN"}
    assert [where for where, _ in desk.refused(document)] == ["/sub_project/external_id"]


def test_only_into_a_project_that_the_provider_takes_part_in(desk: Desk) -> None:
    other = desk.bench.world.other_plan["projects"]
    acronym = desk.bench.open("projects", other).get_json()["acronym"]
    document = desk.full() | {"project": acronym}
    assert desk.refused(document) == [("/project", "not_found")]


def test_an_acronym_of_two_projects_names_neither(desk: Desk) -> None:
    bench = desk.bench
    other = str(bench.make("programmes"))
    key, _ = bench.created("projects", acronym=desk.acronym, programme_id=other)
    desk.done(desk.document())  # the other one is not the provider's
    bench.created("participations", project_id=key, provider_id=str(bench.world.a.provider_id))
    assert desk.refused(desk.document()) == [("/project", "ambiguous")]


def test_what_only_the_database_notices_is_pointed_at_too(desk: Desk) -> None:
    twice = desk.full()
    twice["measurements"].append(twice["measurements"][0] | {"external_id": "m2", "value": 1})
    assert desk.refused(twice) == [("/measurements/1/period", "duplicate")]
    taken = desk.full()
    taken["goals"].append(taken["goals"][0] | {"external_id": "t3"})
    assert desk.refused(taken) == [("/goals/2/project_goal", "duplicate")]


def test_a_body_over_the_bound_is_refused_unread(settings: dict[str, object], desk: Desk) -> None:
    document = desk.full()
    size = len(json.dumps(document).encode())
    for limit, status in ((size - 1, 413), (size, 201)):
        app = create_app(settings | {"MAX_IMPORT_BYTES": limit, "MAX_BODY_BYTES": 10})
        response = app.test_client().post(
            "/api/v1/imports",
            data=json.dumps(document),
            content_type="application/json",
            headers=desk.by,
        )
        app.extensions["database"].close()
        assert response.status_code == status, response.text
    assert len(desk.bench.open("imports", by=desk.by).get_json()["items"]) == 1


def test_the_same_document_twice_at_once_leaves_what_one_would(desk: Desk) -> None:
    document = desk.full()
    clients = [desk.bench.app.test_client() for _ in range(2)]

    def send(number: int) -> int:
        headers = desk.by
        response = clients[number].post("/api/v1/imports", json=document, headers=headers)
        return int(response.status_code)

    rows = {}
    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(send, range(2)))
    assert answers[0] == 201
    assert answers[1] in (201, 409)  # the other came after it, or in between and lost
    for stem in RECORDS:
        found = desk.bench.open(stem).get_json()["items"]
        rows[stem] = sum(not row["external_id"].startswith("canary") for row in found)
    parts = {stem: len(part) for stem, part in document.items() if isinstance(part, list)}
    assert rows == parts | {"sub_projects": 1}
    again = desk.done(document)["counts"]
    assert again == each("unchanged", document)


def test_a_sub_project_may_name_its_project_and_no_other(desk: Desk) -> None:
    document = desk.document()
    document["sub_project"]["project"] = document["project"]
    assert desk.send(document).status_code == 201
    desk.bench.make(
        "participations",
        project_id=desk.bench.world.other_plan["projects"],
        provider_id=desk.bench.world.a.provider_id,
    )
    other = desk.bench.open("projects", desk.bench.world.other_plan["projects"]).get_json()
    document["sub_project"] = {"external_id": "toinen", "project": other["acronym"]}
    assert desk.refused(document) == [("/sub_project/project", "other_project")]


# planned first


def planned(desk: Desk, document: Document) -> dict[str, Any]:
    """The plan of a document; and that nothing was kept."""
    before = contents(desk.bench.app)
    response = desk.send(document, dry_run="true")
    assert response.status_code == 200, response.text
    assert contents(desk.bench.app) == before
    plan: dict[str, Any] = response.get_json()
    return plan


def test_a_dry_run_says_what_would_be_done_and_keeps_nothing(desk: Desk) -> None:
    document = desk.full()
    desk.done(document)
    document["results"][0]["text"] = "Toinen"
    document["results"].append(document["results"][0] | {"external_id": "uusi"})
    plan = planned(desk, document)
    assert plan["counts"]["results"] == {"created": 1, "updated": 1, "unchanged": 1}
    name = document["results"][0]["external_id"]
    listed = desk.bench.open("results", query_string={"external_id": name})
    (row,) = listed.get_json()["items"]
    assert plan["elements"] == [
        {
            "pointer": "/results/0",
            "resource": "results",
            "id": row["id"],
            "external_id": name,
            "outcome": "updated",
            "changes": ["text"],
        },
        {
            "pointer": "/results/2",
            "resource": "results",
            "id": None,
            "external_id": "uusi",
            "outcome": "created",
            "changes": [],
        },
    ]
    assert desk.done(document, plan=plan["plan"])["counts"] == plan["counts"]


def test_a_dry_run_tells_every_fault_also_those_that_only_the_database_notices(
    desk: Desk,
) -> None:
    document = desk.full()
    document["results"][0]["kind"] = "nothing"
    assert places(desk.send(document, dry_run="true")) == [("/results/0/kind", "unknown_word")]
    twice = desk.full()
    twice["measurements"].append(twice["measurements"][0] | {"external_id": "toinen"})
    assert places(desk.send(twice, dry_run="true")) == [("/measurements/1/period", "duplicate")]


def test_a_plan_is_carried_out_as_it_was_made_or_not_at_all(desk: Desk) -> None:
    document = desk.full()
    desk.done(document)
    document["goals"][0]["text"] = "Minun"
    plan = planned(desk, document)
    name = document["goals"][0]["external_id"]
    theirs = desk.full()
    theirs["goals"][0]["text"] = "Heidän"
    desk.done(theirs)
    moved = desk.send(document, plan=plan["plan"])
    assert code(moved) == (409, "plan_moved")
    assert desk.named("goals", name)["text"] == "Heidän"
    now = moved.get_json()["plan"]
    assert now["plan"] != plan["plan"]
    assert [one["changes"] for one in now["elements"]] == [["text"]]
    desk.done(document, plan=now["plan"])
    assert desk.named("goals", name)["text"] == "Minun"


def test_a_plan_holds_of_new_rows_that_refer_to_each_other(desk: Desk) -> None:
    document = desk.full()
    assert desk.done(document, plan=planned(desk, document)["plan"])["counts"]


def test_a_plan_is_that_of_its_own_document(desk: Desk) -> None:
    document = desk.full()
    plan = planned(desk, document)
    document["goals"][0]["text"] = "Muuta"
    assert code(desk.send(document, plan=plan["plan"])) == (409, "plan_moved")
