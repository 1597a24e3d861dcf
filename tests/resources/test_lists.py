"""Lists as they are asked for: which rows, in what order, with which fields, and pages that stand still."""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from api.models.results import Result
from api.scope import Scope
from tests.examples import RECORDS, STEMS, Bench, places, url
from tests.factories import make

SPARSE = "application/vnd.lamppu.sparse+json"


def listed(bench: Bench, stem: str, **query: Any) -> dict[str, Any]:
    response = bench.open(stem, query_string=query)
    assert response.status_code == 200, response.text
    page: dict[str, Any] = response.get_json()
    return page


def ids(page: dict[str, Any]) -> list[str]:
    return [row["id"] for row in page["items"]]


def pages(bench: Bench, stem: str, **query: Any) -> Iterator[dict[str, Any]]:
    cursor: dict[str, Any] = {}
    while True:
        page = listed(bench, stem, **query, **cursor)
        yield page
        if page["next"] is None:
            return
        cursor = {"cursor": page["next"]}


def refused(response: TestResponse) -> list[tuple[str, str]]:
    assert response.status_code == 422, response.text
    return places(response)


def contacts(bench: Bench, count: int) -> list[tuple[str, str]]:
    return [bench.created("contacts", external_id=None) for _ in range(count)]


def renamed(bench: Bench, made: tuple[str, str], name: str = "Toinen") -> tuple[str, str]:
    response = bench.change("contacts", *made, json={"name": name})
    assert response.status_code == 200
    return made[0], response.headers["ETag"]


# order


def test_rows_come_in_the_order_of_their_making_or_the_other_way_round(bench: Bench) -> None:
    made = [key for key, _ in contacts(bench, 3)]
    oldest = ids(listed(bench, "contacts"))
    assert oldest[-3:] == made
    assert ids(listed(bench, "contacts", sort="created_at")) == oldest
    assert ids(listed(bench, "contacts", sort="-created_at")) == oldest[::-1]


def test_rows_come_by_when_they_last_changed(bench: Bench) -> None:
    made = contacts(bench, 3)
    renamed(bench, made[0])
    last = [made[n][0] for n in (1, 2, 0)]
    assert ids(listed(bench, "contacts", sort="updated_at"))[-3:] == last
    assert ids(listed(bench, "contacts", sort="-updated_at"))[:3] == last[::-1]


def test_siblings_come_in_their_own_order(bench: Bench) -> None:
    sub_project = {"sub_project_id": str(bench.sub_project), "project_goal_id": None}
    made = {n: bench.created("goals", **sub_project, position=n)[0] for n in (2, 3, 1)}
    twin = bench.created("goals", **sub_project, position=2)[0]
    wanted = [made[1], made[2], twin, made[3]]
    query = {"sub_project_id": bench.sub_project, "limit": 1}
    for sort, order in (("position", wanted), ("-position", wanted[::-1])):
        found = [ids(page)[0] for page in pages(bench, "goals", sort=sort, **query)]
        assert found == order


def test_only_siblings_have_a_position(bench: Bench) -> None:
    assert refused(bench.open("contacts", query_string={"sort": "position"})) == [
        ("sort", "unknown_word")
    ]
    everybodys = bench.open("goals", by=bench.ministry, query_string={"sort": "position"})
    assert refused(everybodys) == [("sort", "filter_required")]
    goal = {"sort": "position", "sub_project_id": bench.world.a.ids["sub_projects"]}
    assert bench.open("goals", by=bench.ministry, query_string=goal).status_code == 200


# pages


@pytest.mark.parametrize("sort", ["created_at", "-created_at", "updated_at", "-updated_at"])
def test_pages_hold_every_row_once_in_order(bench: Bench, sort: str) -> None:
    contacts(bench, 6)
    whole = ids(listed(bench, "contacts", sort=sort))
    for limit in (1, 2, 3, 7):
        found = [
            key for page in pages(bench, "contacts", sort=sort, limit=limit) for key in ids(page)
        ]
        assert found == whole


def test_pages_stand_still_while_rows_come_and_go(bench: Bench) -> None:
    made = contacts(bench, 6)
    seen: list[str] = []
    for number, page in enumerate(pages(bench, "contacts", limit=2, sort="-created_at")):
        seen += ids(page)
        contacts(bench, 2)  # before the first page, where the reader has been
        if number == 0:  # a row already seen goes: by OFFSET the next page would miss one
            key, etag = made[-1]
            assert bench.change("contacts", key, etag, "DELETE").status_code == 204
    assert seen[:6] == [key for key, _ in made[::-1]]
    assert len(seen) == len(set(seen)) == 7  # with the one that the world has


def test_by_when_they_changed_no_row_is_missed_that_changes_meanwhile(bench: Bench) -> None:
    made = contacts(bench, 6)
    seen: list[tuple[str, int]] = []
    for number, page in enumerate(pages(bench, "contacts", limit=2, sort="updated_at")):
        seen += [(row["id"], row["version"]) for row in page["items"]]
        if number == 0:
            renamed(bench, made[0])  # on this page: it comes once more, changed
            renamed(bench, made[4])  # on a later one: it comes at the end
    assert [key for key, _ in seen].count(made[4][0]) == 1
    assert {(made[0][0], 2), (made[4][0], 2)} <= set(seen)
    assert {key for key, _ in seen} >= {key for key, _ in made}


def test_rows_of_the_same_moment_are_told_apart(app: Flask, bench: Bench) -> None:
    key = bench.world.plan["projects"]
    project = bench.open("projects", key).get_json()["acronym"]
    people = [{"external_id": f"h{n}", "name": f"Henkilö {n}"} for n in range(30)]
    document = {"project": project, "sub_project": {"external_id": "o"}, "contacts": people}
    assert (
        bench.client.post(url("imports"), json=document, headers=bench.manager).status_code == 201
    )
    found = [k for page in pages(bench, "contacts", limit=7, sort="-updated_at") for k in ids(page)]
    assert len(found) == len(set(found)) == 31


def test_a_cursor_holds_for_one_order_and_one_search_and_for_any_limit_and_fields(
    bench: Bench,
) -> None:
    contacts(bench, 4)
    query = {"sort": "updated_at", "q": "e", "updated_since": "2012-01-01T00:00:00Z"}
    cursor = listed(bench, "contacts", limit=1, **query)["next"]
    assert cursor
    for change in (
        {"sort": "-updated_at"},
        {"sort": "created_at"},
        {"q": "E"},
        {"updated_since": "2012-01-01T00:00:01Z"},
        {"external_id": "x"},
    ):
        response = bench.open("contacts", query_string=query | change | {"cursor": cursor})
        assert refused(response) == [("cursor", "wrong_cursor")], change
    same = listed(bench, "contacts", **query, cursor=cursor)
    for change in ({"limit": 3}, {"fields": "name"}, {"count": "true"}, {"expand": "provider"}):
        there = listed(bench, "contacts", **query, cursor=cursor, **change)
        assert ids(there) == ids(same)[: change.get("limit", 50)]  # type: ignore[index]


def test_the_next_page_has_its_link_with_everything_that_was_asked(bench: Bench) -> None:
    contacts(bench, 3)
    query = {"sort": "-updated_at", "fields": "name", "count": "true", "limit": 1, "q": "ä e"}
    bench.created("contacts", name="Ä e 1", external_id=None)
    bench.created("contacts", name="Ä e 2", external_id=None)
    response = bench.open("contacts", query_string=query)
    target = response.headers["Link"].removeprefix("<").partition(">")[0]
    following = bench.client.get(target, headers=bench.manager)
    assert [row["name"] for row in following.get_json()["items"]] == ["Ä e 1"]
    assert following.get_json()["total"] == 2


def test_the_link_to_the_next_page_keeps_names_that_were_asked_one_by_one(bench: Bench) -> None:
    contacts(bench, 2)
    query = {"fields": ["name", "phone"], "expand": ["provider"], "limit": 1}
    response = bench.open("contacts", query_string=query)
    target = response.headers["Link"].removeprefix("<").partition(">")[0]
    (row,) = bench.client.get(target, headers=bench.manager).get_json()["items"]
    assert row.keys() == {"id", "name", "phone", "provider"}


# which rows


def test_a_period_is_known_by_its_code_in_every_project(bench: Bench) -> None:
    plan, other = bench.world.plan, bench.world.other_plan
    dates = {"first_day": "2012-01-01", "last_day": "2012-07-31"}
    spring, theirs = (
        bench.make("periods", project_id=one["projects"], code="2031-spring", **dates)
        for one in (plan, other)
    )
    goal = bench.world.a.ids["goals"]
    key, _ = bench.created("results", goal_id=str(goal), period_id=str(spring))
    report, _ = bench.created("reports", period_ids=[str(spring)])
    c = bench.world.c
    of_c = make(bench.app, "results", c.provider_id, goal_id=c.ids["goals"], period_id=theirs)
    for stem, found in (("results", key), ("reports", report)):
        assert ids(listed(bench, stem, period="2031-spring")) == [found]
        assert ids(listed(bench, stem, period="2031-spring", period_id=spring)) == [found]
        assert ids(listed(bench, stem, period="2031-spring", period_id=plan["periods"])) == []
        assert ids(listed(bench, stem, period="2030-spring")) == []
    both = bench.open("results", by=bench.ministry, query_string="period=2031-spring").get_json()
    assert ids(both) == [key, str(of_c)]
    assert listed(bench, "results", period="2031-spring", count="true")["total"] == 1


def test_a_code_finds_nothing_by_a_period_that_the_caller_may_not_read(bench: Bench) -> None:
    """No request makes such a row; if one were there, its period's code would be told by what it finds."""
    b, project = bench.world.b, bench.world.other_plan["projects"]
    dates = {"first_day": "2012-01-01", "last_day": "2012-07-31"}
    hidden = bench.make("periods", project_id=project, code="2031-spring", **dates)
    with bench.app.extensions["database"].session() as session:
        session.enter(Scope(provider_id=b.provider_id))
        row = session.scalars(sa.select(Result).where(Result.id == b.ids["results"])).one()
        row.period_id = hidden
        session.commit()
    for reader, query, found in (
        (bench.other_manager, {"period": "2031-spring"}, []),
        (bench.other_manager, {"period_id": hidden}, [str(b.ids["results"])]),
        (bench.ministry, {"period": "2031-spring"}, [str(b.ids["results"])]),
    ):
        assert ids(bench.open("results", by=reader, query_string=query).get_json()) == found


@pytest.mark.parametrize(
    ("moment", "fault"),
    [
        ("2999-01-01T00:00:00Z", "out_of_range"),
        ("1899-12-31T23:59:59Z", "out_of_range"),
        ("0000-01-01T00:00:00Z", "out_of_range"),
        ("0001-01-01T00:00:00%2B14:00", "out_of_range"),
        ("2013-02-30T00:00:00Z", "wrong_format"),
        ("2013-01-18", "wrong_format"),
        ("12013-01-18T00:00:00Z", "wrong_format"),
    ],
)
def test_a_moment_that_is_none_is_told_from_one_that_is_too_far_away(
    bench: Bench, moment: str, fault: str
) -> None:
    response = bench.open("goals", query_string=f"updated_since={moment}")
    assert refused(response) == [("updated_since", fault)]


@pytest.mark.parametrize("moment", ["1900-01-01T00:00:00%2B23:59", "2200-12-31T23:59:59-23:59"])
def test_the_first_and_the_last_year_are_those_that_are_written(bench: Bench, moment: str) -> None:
    response = bench.open("goals", query_string=f"updated_since={moment}")
    assert response.status_code == 200


def test_updated_since_is_that_moment_or_later_in_whatever_offset(bench: Bench) -> None:
    made = contacts(bench, 3)
    rows = {row["id"]: row for row in listed(bench, "contacts")["items"]}
    moment = datetime.fromisoformat(rows[made[1][0]]["updated_at"])
    for zone in (UTC, timezone(timedelta(hours=2)), timezone(-timedelta(hours=3, minutes=30))):
        since = moment.astimezone(zone).isoformat(timespec="microseconds")
        assert ids(listed(bench, "contacts", updated_since=since)) == [made[1][0], made[2][0]]
    later = moment + timedelta(microseconds=1)
    assert ids(listed(bench, "contacts", updated_since=later.isoformat())) == [made[2][0]]


def test_what_changed_since_comes_as_it_changed(bench: Bench) -> None:
    made = contacts(bench, 3)
    renamed(bench, made[0])
    since = listed(bench, "contacts")["items"][0]["updated_at"]
    found = [
        k for page in pages(bench, "contacts", updated_since=since, limit=2) for k in ids(page)
    ]
    assert found[-3:] == [made[1][0], made[2][0], made[0][0]]
    made_first = ids(listed(bench, "contacts", updated_since=since, sort="created_at"))
    assert made_first[-3:] == [key for key, _ in made]


def test_a_plus_that_arrived_as_a_blank_is_told_so(bench: Bench) -> None:
    response = bench.open("goals", query_string="updated_since=2012-01-16T10:00:00+02:00")
    assert refused(response) == [("updated_since", "unescaped_plus")]
    assert "%2B" in response.get_json()["errors"][0]["detail"]


def test_total_counts_what_fits_on_all_pages(bench: Bench) -> None:
    contacts(bench, 5)
    assert "total" not in listed(bench, "contacts")
    assert "total" not in listed(bench, "contacts", count="false")
    totals = {page["total"] for page in pages(bench, "contacts", limit=2, count="true")}
    assert totals == {6}
    assert listed(bench, "contacts", count="true", q="canary-a")["total"] == 1


def test_rows_are_found_by_the_goals_that_they_cite_and_the_periods_that_they_cover(
    bench: Bench,
) -> None:
    goal, _ = bench.created("goals", project_goal_id=None)
    period = str(bench.make("periods", project_id=bench.world.plan["projects"], code="2090-spring"))
    for stem in ("meetings", "surveys", "disseminations", "feedback", "deliverables"):
        key, _ = bench.created(stem, goal_ids=[goal], period_id=period)
        bench.created(stem, goal_ids=[])
        assert ids(listed(bench, stem, goal_id=goal)) == [key], stem
        assert ids(listed(bench, stem, goal_id=goal, period_id=period)) == [key], stem
        assert ids(listed(bench, stem, goal_id=str(uuid.uuid4()))) == []
    key, _ = bench.created("reports", period_ids=[period])
    assert ids(listed(bench, "reports", period_id=period)) == [key]


def test_the_ministry_finds_records_by_their_project(bench: Bench) -> None:
    world = bench.world
    for stem in RECORDS:
        if stem == "contacts":
            continue
        for plan, tenants in ((world.plan, (world.a, world.b)), (world.other_plan, (world.c,))):
            query = {"project_id": plan["projects"]}
            found = bench.open(stem, by=bench.ministry, query_string=query).get_json()
            assert set(ids(found)) == {str(one.ids[stem]) for one in tenants}, stem


# text


def test_text_is_found_in_any_of_a_rows_texts_in_whatever_case(bench: Bench) -> None:
    one, _ = bench.created("contacts", name="Åke Öberg", job_title="Rehtori", external_id=None)
    two, _ = bench.created("contacts", name="Nimi", postal_address="ÅKERÖ 1", external_id=None)
    for part, found in (("åke", [one, two]), ("ÖBERG", [one]), ("ehto", [one]), ("åkerö 1", [two])):
        assert ids(listed(bench, "contacts", q=part)) == found, part
    assert ids(listed(bench, "contacts", q="Åke Rehtori")) == []  # of one text or the other


def test_signs_that_like_would_take_for_wildcards_are_plain_text(bench: Bench) -> None:
    made = {
        sign: bench.created("contacts", name=f"a{sign}b", external_id=None)[0]
        for sign in ("%", "_", "\\", "'", '"', ".*", "[x]", "?")
    }
    for sign, key in made.items():
        assert ids(listed(bench, "contacts", q=f"A{sign}B")) == [key], sign


def test_texts_in_several_languages_are_searched_in_each(bench: Bench) -> None:
    name = {"fi": "Yhteistyö", "sv": "Ändring", "en": None}
    key, _ = bench.created("project_goals", text=name)
    for part in ("yhteisTYÖ", "äNDR"):
        assert ids(listed(bench, "project_goals", q=part)) == [key]
    assert ids(listed(bench, "project_goals", q="fi")) == []  # a language is no text


def test_a_password_is_not_among_the_texts(bench: Bench) -> None:
    assert listed(bench, "users", q="argon2")["items"] == []


LETTERS = st.text(
    st.sampled_from("abczåäöéüšžõæøđŋčÅÄÖÉÜŠŽÕÆØĐŊČABCZ 1-%_ЖжЯя"), min_size=1, max_size=4
)


def test_both_engines_find_alike_whatever_the_letters(bench: Bench) -> None:
    """What is found is what Python finds, on SQLite and on PostgreSQL."""
    number = iter(range(1_000_000))

    @settings(
        max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @example(before="", part="ÄÖÅ", after="")
    @example(before="å", part="äÖ", after="É")
    @given(before=LETTERS, part=LETTERS, after=LETTERS)
    def holds(before: str, part: str, after: str) -> None:
        if not part.strip():
            return
        text, mark = before + part.swapcase() + after, f"nimi {next(number)}"
        key = bench.make("contacts", name=text, external_id=mark)
        for sought in (part, part.lower(), part.upper(), "ä", "Ö"):
            if sought.strip():
                found = ids(listed(bench, "contacts", q=sought, external_id=mark))
                there = sought.lower() in text.lower() or sought.lower() in mark
                assert found == ([str(key)] if there else []), (sought, text)

    holds()


# fields


def test_fields_show_those_and_the_id_and_nothing_else(bench: Bench) -> None:
    for stem in STEMS:
        key, _ = bench.created(stem)
        whole = bench.open(stem, key).get_json()
        for names in ({"version"}, {"updated_at", *[*whole][5:7]}, {"id"}):
            asked = {"fields": ",".join(sorted(names))}
            one, many = bench.open(stem, key, query_string=asked), listed(bench, stem, **asked)
            assert (one.status_code, one.content_type) == (200, SPARSE), one.text
            wanted = {n: whole[n] for n in whole if n in names | {"id"}}
            assert one.get_json() == wanted
            assert [row for row in many["items"] if row["id"] == key] == [wanted]


def test_names_are_parted_by_commas_or_come_one_by_one(bench: Bench) -> None:
    """`fields=text&fields=position` is what clients make of a list that the document calls exploded."""
    key = bench.world.a.ids["goals"]
    for parameter, names in (
        ("fields", ["text", "position", "version"]),
        ("expand", ["results", "indicators", "provider"]),
    ):
        for k in (None, key):
            wanted = bench.open("goals", k, query_string={parameter: ",".join(names)})
            assert wanted.status_code == 200, wanted.text
            for spelling in (names, [f"{names[0]},{names[1]}", names[2]], names[::-1]):
                answer = bench.open("goals", k, query_string={parameter: spelling})
                assert (answer.status_code, answer.get_json()) == (200, wanted.get_json())


def test_only_answers_with_fields_are_sparse(bench: Bench) -> None:
    accept = {"Accept": SPARSE}
    key = bench.world.a.ids["goals"]
    for k in (None, key):
        assert bench.open("goals", k).content_type == "application/json"
        assert (
            bench.open("goals", k, query_string="expand=results").content_type == "application/json"
        )
        assert bench.open("goals", k, query_string="fields=text").content_type == SPARSE
        assert bench.open("goals", k, headers=accept).status_code == 406
        both = {"Accept": f"{SPARSE};q=0.5, application/json"}
        response = bench.open("goals", k, headers=both)
        assert response.content_type == "application/json"
        assert "Accept" in response.vary


def test_unknown_names_are_told_with_those_there_are(bench: Bench) -> None:
    for parameter, known, another in (
        ("fields", "text", "position"),
        ("expand", "results", "provider"),
    ):
        for value in ("nonsense", f"{known},nonsense", "", f"{known},", known.upper()):
            response = bench.open("goals", query_string={parameter: value})
            assert refused(response) == [(parameter, "unknown_name")]
            detail = response.get_json()["errors"][0]["detail"]
            assert known in detail
            assert "nonsense" not in detail
        for value in (f"{known},{known}", [known, known], [known, f"{another},{known}"]):
            twice = bench.open("goals", query_string={parameter: value})
            assert refused(twice) == [(parameter, "repeated")], value


def test_a_row_with_fields_has_an_etag_of_its_own_that_a_write_takes(bench: Bench) -> None:
    key, etag = bench.created("goals")
    seen = {etag}
    for query in ("fields=text", "fields=text,position", "expand=results", "expand=provider"):
        response = bench.open("goals", key, query_string=query)
        tag = response.headers["ETag"]
        assert tag.startswith('"1.')
        assert tag not in seen
        seen.add(tag)
        again = bench.open("goals", key, query_string=query, headers={"If-None-Match": tag})
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    assert bench.change("goals", key, tag, json={"text": "Uusi"}).status_code == 200
    assert bench.change("goals", key, tag, json={"text": "Toinen"}).status_code == 412


def test_what_is_expanded_changes_the_etag_when_it_changes(bench: Bench) -> None:
    goal = str(bench.world.a.ids["goals"])
    queries = ({"expand": "results"}, {"expand": "results", "fields": "text"})
    before = [bench.open("goals", goal, query_string=query).headers["ETag"] for query in queries]
    bench.created("results", goal_id=goal)
    after = [bench.open("goals", goal, query_string=query).headers["ETag"] for query in queries]
    assert not set(before) & set(after)
