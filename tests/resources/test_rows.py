"""What all resources share, held for each of them: one test goes through them all and names those that differ."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from werkzeug.test import TestResponse

from api.scope import Scope
from api.services import rows
from schemas.lists import ListQuery
from tests.accounts import code
from tests.examples import CHANGES, PLAN, RECORDS, STEMS, Bench, places, statements, url
from tests.factories import bearer, plan

SYSTEM_WRITES = {"id", "version", "created_at", "updated_at", "provider_id"}
MERGE_PATCH = "application/merge-patch+json"
NO_FILTERS = {*ListQuery().fields, "q", "sort", "fields", "expand"}


def of_each(ask: Callable[[str], Any], stems: tuple[str, ...] = STEMS) -> dict[str, Any]:
    return {stem: ask(stem) for stem in stems}


def each(expected: Any, stems: tuple[str, ...] = STEMS) -> dict[str, Any]:
    return dict.fromkeys(stems, expected)


def row_of(response: TestResponse) -> dict[str, Any]:
    """The row; of a report without the form that is compiled around it."""
    row: dict[str, Any] = response.get_json()
    return {name: value for name, value in row.items() if name != "form"}


def is_part_of(sent: dict[str, Any], row: dict[str, Any]) -> bool:
    return all(row[name] == value for name, value in sent.items())


def version_in(etag: str) -> str:
    """What a write goes by; behind a dot stands what tells representations of one version apart."""
    return etag.strip('"').partition(".")[0]


# Creating and reading


def test_a_new_row_is_answered_with_its_address_its_version_and_all_that_was_sent(
    bench: Bench,
) -> None:
    for stem in STEMS:
        sent = bench.body(stem)
        response = bench.open(stem, method="POST", json=sent)
        assert response.status_code == 201, response.text
        row = row_of(response)
        assert is_part_of(sent, row), stem
        assert version_in(response.headers["ETag"]) == "1"
        assert urlsplit(response.headers["Location"]).path == url(stem, row["id"])
        assert row["version"] == 1
        assert row["created_at"].endswith("Z")
        assert row["updated_at"] == row["created_at"], "it never changed"
        read = bench.client.get(response.headers["Location"], headers=bench.writer(stem))
        assert read.status_code == 200
        assert row_of(read) == row, stem


def test_records_belong_to_the_provider_of_whoever_made_them(bench: Bench) -> None:
    def owner(stem: str) -> str:
        return str(bench.create(stem).get_json()["provider_id"])

    assert of_each(owner, RECORDS) == each(str(bench.world.a.provider_id), RECORDS)


def test_what_only_the_system_writes_is_not_taken_in(bench: Bench) -> None:
    given = {"id": str(uuid.uuid4()), "version": 9, "created_at": "2012-01-01T00:00:00Z"}
    wrong = [(f"/{name}", "read_only") for name in given]
    assert of_each(lambda stem: sorted(places(bench.create(stem, **given)))) == each(sorted(wrong))
    records = of_each(
        lambda stem: places(bench.create(stem, provider_id=str(uuid.uuid4()))), RECORDS
    )
    assert records == each([("/provider_id", "read_only")], RECORDS)


def test_a_row_that_does_not_exist_is_not_found(bench: Bench) -> None:
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        for stem in STEMS:
            body = bench.body(stem) if method == "PUT" else {} if method == "PATCH" else None
            response = bench.change(stem, uuid.uuid4(), '"1"', method, json=body)
            assert code(response) == (404, "not_found"), (method, stem)


def test_a_reader_who_has_the_row_is_told_so_and_gets_no_body(bench: Bench) -> None:
    for stem in STEMS:
        key, _ = bench.created(stem)
        etag = bench.open(stem, key).headers["ETag"]
        for known in (etag, f'"x", W/{etag}', "*"):
            response = bench.open(stem, key, headers={"If-None-Match": known})
            told = (response.status_code, response.data, response.headers["ETag"])
            assert told == (304, b"", etag), (stem, known)
        changed = bench.open(stem, key, headers={"If-None-Match": '"0"'})
        assert changed.status_code == 200


def test_a_reader_who_has_the_page_is_told_so_until_the_list_changes(bench: Bench) -> None:
    for stem in STEMS:
        etag = bench.open(stem).headers["ETag"]
        again = bench.open(stem, headers={"If-None-Match": etag})
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", etag), stem
        bench.created(stem)
        assert bench.open(stem, headers={"If-None-Match": etag}).status_code == 200, stem


def test_no_shared_cache_may_keep_an_answer(bench: Bench) -> None:
    for stem in STEMS:
        key, _ = bench.created(stem)
        for response in (bench.open(stem), bench.open(stem, key)):
            assert response.headers["Cache-Control"] == "private, no-cache"
            assert "Authorization" in response.vary


def test_head_tells_what_get_would_without_the_body(bench: Bench) -> None:
    for stem in STEMS:
        for key in (None, bench.created(stem)[0]):
            get, head = bench.open(stem, key), bench.open(stem, key, "HEAD")
            assert (head.status_code, head.data) == (200, b"")
            for name in ("ETag", "Content-Type", "Content-Length"):
                assert head.headers[name] == get.headers[name], (stem, name)


def test_an_address_says_what_may_be_done_with_it(bench: Bench) -> None:
    many, one = {"GET", "HEAD", "OPTIONS", "POST"}, {"GET", "HEAD", "OPTIONS"}

    def allowed(stem: str) -> tuple[set[str], set[str]]:
        found = [bench.open(stem, key, "OPTIONS") for key in (None, uuid.uuid4())]
        assert [(r.status_code, r.data, r.content_type) for r in found] == [(204, b"", None)] * 2
        return {*found[0].allow}, {*found[1].allow}

    assert of_each(allowed) == each((many, one | {"PUT", "PATCH", "DELETE"}))


def test_a_method_that_an_address_does_not_have_is_refused_with_those_it_has(bench: Bench) -> None:
    for stem in STEMS:
        for key, method in ((None, "DELETE"), (uuid.uuid4(), "POST")):
            response = bench.open(stem, key, method)
            assert code(response) == (405, "method_not_allowed"), stem
            assert {*response.allow} >= {"GET", "HEAD", "OPTIONS"}
            assert method not in response.allow


# Changing


def test_put_replaces_the_row(bench: Bench) -> None:
    for stem in STEMS:
        before = row_of(bench.create(stem))
        field, value = CHANGES[stem]
        schema = rows.model_of(stem).schema.writable()
        kept = {
            name: before[name]
            for name, declared in schema.fields.items()
            if declared.required or name in ("provider_id", "survey_id", "text")
            if name in before
        }
        response = bench.change(stem, before["id"], '"1"', "PUT", json=kept | {field: value})
        assert response.status_code == 200, response.text
        after = row_of(response)
        assert after[field] == value
        assert version_in(response.headers["ETag"]) == "2"
        assert (after["version"], after["created_at"]) == (2, before["created_at"])
        assert after["updated_at"] > before["updated_at"]
        left_out = schema.load(kept | {field: value})  # marshmallow's own defaults
        shown = {name: str(v) if isinstance(v, uuid.UUID) else v for name, v in left_out.items()}
        gone = {name: shown[name] for name in shown if name not in kept and name != field}
        assert is_part_of(gone, after), stem
        assert row_of(bench.open(stem, before["id"])) == after


def test_patch_changes_what_it_names_and_nothing_else(bench: Bench) -> None:
    for stem in STEMS:
        before = row_of(bench.create(stem))
        field, value = CHANGES[stem]
        response = bench.change(stem, before["id"], '"1"', json={field: value})
        assert response.status_code == 200, response.text
        after = row_of(response)
        written = {"version": 2, "updated_at": after["updated_at"], field: value}
        assert after == before | written, stem
        assert after["updated_at"] > before["updated_at"]
        assert version_in(response.headers["ETag"]) == "2"
        assert row_of(bench.open(stem, before["id"])) == after


def test_null_in_a_patch_removes_the_value(bench: Bench) -> None:
    removable = {
        stem: [
            name
            for name, field in rows.model_of(stem).schema.writable().fields.items()
            if field.allow_none and name not in ("text", "survey_id", "date", "start_time")
        ]
        for stem in STEMS
    }
    for stem, names in removable.items():
        before = row_of(bench.create(stem))
        patch = {name: None for name in names if name in before}
        if {"date", "date_precision"} <= before.keys():  # they say one thing together
            patch |= dict.fromkeys(("date", "date_precision"))
        if "start_time" in before:
            patch |= dict.fromkeys(("start_time", "end_time"))
        if stem in ("users", "webhooks"):
            patch.pop("provider_id")
        after = row_of(bench.change(stem, before["id"], '"1"', json=patch))
        assert is_part_of(patch, after), stem
        assert sum(value is None for value in after.values()) >= len(patch)


def test_patch_merges_objects_and_replaces_lists(bench: Bench) -> None:
    key, etag = bench.created("programmes", name={"fi": "Ohjelma", "sv": "Program"})
    change = {"name": {"sv": None, "en": "Programme"}}
    response = bench.change("programmes", key, etag, json=change)
    assert response.get_json()["name"] == {"fi": "Ohjelma", "sv": None, "en": "Programme"}

    key, etag = bench.created("meetings")
    response = bench.change("meetings", key, etag, json={"participants": [{"name": "Cecilia"}]})
    assert [p["name"] for p in response.get_json()["participants"]] == ["Cecilia"]
    assert response.get_json()["participants"][0]["attendance"] == "attended"
    response = bench.change("meetings", key, '"2"', json={"participants": None, "goal_ids": None})
    assert (response.get_json()["participants"], response.get_json()["goal_ids"]) == ([], [])


def test_removing_what_a_row_must_have_is_refused(bench: Bench) -> None:
    for stem in STEMS:
        required = [
            name
            for name, field in rows.model_of(stem).schema.writable().fields.items()
            if field.required
        ]
        key, etag = bench.created(stem)
        for name in required:
            response = bench.change(stem, key, etag, json={name: None})
            assert code(response) == (422, "invalid"), (stem, name)
            assert (f"/{name}", "required") in places(response), (stem, name)
        assert bench.open(stem, key).get_json()["version"] == 1


def test_patch_takes_a_merge_patch_under_either_name(bench: Bench) -> None:
    for stem in STEMS:
        key, etag = bench.created(stem)
        field, value = CHANGES[stem]
        for sent, content_type in ((value, MERGE_PATCH), (value, "application/json")):
            kwargs = {"json": {field: sent}, "content_type": content_type}
            response = bench.change(stem, key, etag, **kwargs)
            assert response.get_json()[field] == value
            etag = response.headers["ETag"]


def test_a_body_of_another_kind_is_refused_and_changes_nothing(bench: Bench) -> None:
    for stem in STEMS:
        key, etag = bench.created(stem)
        there = len(bench.open(stem).get_json()["items"])
        for kind in ("text/plain", "application/json-patch+json", "application/xml"):
            changed = bench.change(stem, key, etag, data="{}", content_type=kind)
            assert code(changed) == (415, "unsupported_media_type")
            assert changed.headers["Accept"] == f"{MERGE_PATCH}, application/json"
        for kind in ("text/plain", MERGE_PATCH):
            for method, place in (("PUT", key), ("POST", None)):
                made = bench.change(stem, place, etag, method, data="{}", content_type=kind)
                assert code(made) == (415, "unsupported_media_type"), (stem, method, kind)
                assert made.headers["Accept"] == "application/json"
        assert bench.open(stem, key).get_json()["version"] == 1
        assert len(bench.open(stem).get_json()["items"]) == there


def test_a_patch_that_is_no_object_is_refused(bench: Bench) -> None:
    for stem in STEMS:
        key, etag = bench.created(stem)
        for body in ("[]", '"text"', "7", "null", '[{"name": "x"}]'):
            response = bench.change(stem, key, etag, data=body, content_type=MERGE_PATCH)
            assert code(response) == (422, "invalid"), (stem, body)
        assert bench.open(stem, key).get_json()["version"] == 1


def test_a_patch_takes_nothing_away_that_is_not_there(bench: Bench) -> None:
    """RFC 7396 would pass over null for an unknown name; whoever misspelled it would never know."""
    for stem in STEMS:
        key, etag = bench.created(stem)
        refused = bench.change(stem, key, etag, json={"nothing": None, "id": None})
        assert sorted(places(refused)) == [("/id", "read_only"), ("/nothing", "unknown_field")]
    key, etag = bench.created("programmes")
    refused = bench.change("programmes", key, etag, json={"name": {"de": None}})
    assert places(refused) == [("/name/de", "unknown_field")]


def test_a_write_that_changes_nothing_leaves_version_and_time(bench: Bench) -> None:
    for stem in STEMS:
        sent = bench.body(stem)
        before = row_of(bench.open(stem, method="POST", json=sent))
        put = bench.change(stem, before["id"], '"1"', "PUT", json=sent)
        patch = bench.change(stem, before["id"], '"1"', json={})
        assert [put.status_code, patch.status_code] == [200, 200]
        assert [row_of(put), row_of(patch)] == [before, before], stem
        assert [version_in(each.headers["ETag"]) for each in (put, patch)] == ["1", "1"]


def test_a_deleted_row_is_gone_from_everywhere(bench: Bench) -> None:
    for stem in STEMS:
        key, etag = bench.created(stem)
        response = bench.change(stem, key, etag, "DELETE")
        assert (response.status_code, response.data) == (204, b""), response.text
        assert code(bench.open(stem, key)) == (404, "not_found")
        assert key not in [row["id"] for row in bench.open(stem).get_json()["items"]]
        assert code(bench.change(stem, key, etag, "DELETE")) == (404, "not_found")


REFUSED_ETAGS = {
    None: (428, "precondition_required"),
    "*": (428, "precondition_required"),
    '"2"': (412, "stale"),
    'W/"1"': (412, "stale"),  # RFC 9110 §13.1.1: a weak tag never matches here
}


def test_a_write_needs_the_etag_last_read(bench: Bench) -> None:
    for stem in STEMS:
        before = row_of(bench.create(stem))
        field, value = CHANGES[stem]
        changed = {"PUT": bench.body(stem) | {field: value}, "PATCH": {field: value}}
        for etag, refusal in REFUSED_ETAGS.items():
            for method in ("PUT", "PATCH", "DELETE"):
                body = changed.get(method)
                response = bench.change(stem, before["id"], etag, method, json=body)
                assert code(response) == refusal, (stem, method, etag)
        assert row_of(bench.open(stem, before["id"])) == before


def test_a_stale_writer_is_told_the_current_version(bench: Bench) -> None:
    for stem in STEMS:
        key, etag = bench.created(stem)
        field, value = CHANGES[stem]
        assert bench.change(stem, key, etag, json={field: value}).status_code == 200
        late = bench.change(stem, key, etag, json={field: value})
        assert code(late) == (412, "stale")
        assert late.get_json()["current_version"] == 2
        one_of_two = bench.change(stem, key, f'{etag}, "2"', "DELETE")
        assert one_of_two.status_code == 204


# Names of the provider's own


def test_an_external_id_is_one_providers_own_and_there_only_once(bench: Bench) -> None:
    for stem in RECORDS:
        taken = bench.world.a.ids[stem]
        name = bench.open(stem, taken).get_json()["external_id"]
        again = bench.create(stem, external_id=name)
        assert code(again) == (409, "duplicate")
        assert places(again) == [("/external_id", "duplicate")], stem
        key, etag = bench.created(stem)
        renamed = bench.change(stem, key, etag, json={"external_id": name})
        assert code(renamed) == (409, "duplicate")
        assert places(renamed) == [("/external_id", "duplicate")], stem
        theirs = bench.world.b.ids[stem]
        same = bench.change(stem, theirs, '"1"', json={"external_id": name}, by=bench.other_manager)
        assert (same.status_code, same.get_json()["external_id"]) == (200, name), stem
        other = bench.change(stem, key, etag, json={"external_id": None})
        assert other.get_json()["external_id"] is None


def test_any_number_of_rows_may_go_without_an_external_id(bench: Bench) -> None:
    for stem in RECORDS:
        answers = [bench.create(stem, external_id=None).status_code for _ in range(2)]
        assert answers == [201, 201], stem


UNIQUE = {
    "providers": "oid",
    "users": "email",
    "projects": "acronym",
    "periods": "code",
    "project_goals": "code",
    "project_meetings": "code",
    "project_indicators": "code",
    "participations": "provider_id",
    "goals": "project_goal_id",
    "measurements": "period_id",
}


def test_what_tells_rows_apart_is_there_only_once(bench: Bench) -> None:
    for stem, field in UNIQUE.items():
        first = bench.body(stem)
        assert bench.open(stem, method="POST", json=first).status_code == 201
        again = first if stem == "measurements" else bench.body(stem) | {field: first[field]}
        second = bench.open(stem, method="POST", json=again | external(stem, "toinen"))
        assert code(second) == (409, "duplicate")
        assert places(second) == [(f"/{field}", "duplicate")], stem


def external(stem: str, name: str) -> dict[str, str]:
    return {"external_id": name} if stem in RECORDS else {}


# Lists


def pages(bench: Bench, stem: str, limit: int) -> Iterator[list[str]]:
    """The ids of each page, by way of the cursor; what Link says must come to the same."""
    query: dict[str, Any] = {"limit": limit}
    while True:
        response = bench.open(stem, query_string=query)
        page = response.get_json()
        yield [row["id"] for row in page["items"]]
        if page["next"] is None:
            assert "Link" not in response.headers
            return
        target, relation = response.headers["Link"].split("; ")
        assert relation == 'rel="next"'
        by_link = bench.client.get(target.strip("<>"), headers=bench.writer(stem))
        query["cursor"] = page["next"]
        assert by_link.get_json() == bench.open(stem, query_string=query).get_json()


def test_pages_hold_every_row_once_while_others_come_and_go(bench: Bench) -> None:
    for stem in STEMS:
        for _ in range(5):
            bench.created(stem)
        there = [row["id"] for row in bench.open(stem).get_json()["items"]]
        seen: list[str] = []
        walk = pages(bench, stem, 2)
        seen += next(walk)
        removable = there[-1]  # not seen yet
        assert bench.change(stem, removable, '"1"', "DELETE").status_code == 204
        late, _ = bench.created(stem)
        seen += next(walk)
        assert bench.change(stem, late, '"1"', "DELETE").status_code == 204
        last, _ = bench.created(stem)
        for page in walk:
            seen += page
        # Providers are made along with some bodies, so only those of this list that never went count.
        kept = [key for key in there if key != removable]
        assert [key for key in seen if key in kept] == kept, stem
        assert len(seen) == len(set(seen)), stem
        assert last in seen
        assert removable not in seen


def test_a_page_has_fifty_rows_unless_another_limit_is_given(bench: Bench) -> None:
    for _ in range(51):
        bench.make("contacts")
    sizes = {
        limit: len(bench.open("contacts", query_string=limit).get_json()["items"])
        for limit in ("", "limit=1", "limit=51", "limit=52", "limit=500")
    }
    assert sizes == {"": 50, "limit=1": 1, "limit=51": 51, "limit=52": 52, "limit=500": 52}
    exactly = bench.open("contacts", query_string="limit=52").get_json()
    assert exactly["next"] is None


def test_a_limit_out_of_bounds_is_refused(bench: Bench) -> None:
    for limit in ("0", "501", "-1", "1.0", "x", "", "1e2", "٥", "9" * 30):
        answers = of_each(lambda stem, given=limit: bench.open(stem, query_string={"limit": given}))
        where = {stem: [w for w, _ in places(answer)] for stem, answer in answers.items()}
        assert where == each(["limit"]), limit


def test_a_parameter_that_is_unknown_or_given_twice_is_refused(bench: Bench) -> None:
    for query in ("colour=red", "limit=2&limit=3", "cursor=a&cursor=b", "Limit=2"):
        for stem in STEMS:
            response = bench.open(stem, query_string=query)
            assert code(response) == (422, "invalid"), stem
            assert [where for where, _ in places(response)] == [query.partition("=")[0]]


def projects_of_sub_projects(bench: Bench) -> dict[str, str]:
    page = bench.open("sub_projects", by=bench.ministry, query_string="limit=500").get_json()
    return {row["id"]: row["project_id"] for row in page["items"]}


def codes_of_periods(bench: Bench) -> dict[str | None, str | None]:
    page = bench.open("periods", by=bench.ministry, query_string="limit=500").get_json()
    return {None: None} | {row["id"]: row["code"] for row in page["items"]}


def named_by(row: dict[str, Any], name: str, known: dict[str | None, Any]) -> set[Any]:
    """The values of a filter by which a row is found: of its field, its list, its sub-project or its periods."""
    if name in row:
        return {row[name]}
    if name == "project_id":
        return {known[row["sub_project_id"]]}
    if name == "period":
        return {known[key] for key in named_by(row, "period_id", known)}
    return {*row[f"{name}s"]}


def test_a_list_is_narrowed_by_each_of_its_filters(bench: Bench) -> None:
    """Read as the ministry where it may, so that the rows of several providers are there."""
    document = bench.client.get("/api/v1/openapi.json").get_json()
    deliverable = str(bench.world.a.ids["deliverables"])
    bench.created("disseminations", survey_id=None, deliverable_id=deliverable)
    for stem in STEMS:
        for _ in range(2):
            bench.created(stem)
        reader = bench.ministry if stem in (*PLAN, *RECORDS) else bench.writer(stem)
        every = bench.open(stem, by=reader, query_string="limit=500").get_json()["items"]
        shared = document["components"]["parameters"]
        parameters = [
            shared[p["$ref"].rpartition("/")[2]] if "$ref" in p else p
            for p in document["paths"][url(stem)]["get"]["parameters"]
        ]
        filters = {p["name"] for p in parameters if p.get("in") == "query"} - NO_FILTERS
        known = codes_of_periods(bench) | projects_of_sub_projects(bench)
        for name in filters:
            of = {row["id"]: named_by(row, name, known) - {None} for row in every}
            values = set().union(*of.values())
            assert values, (stem, name)
            for value in values:
                found = bench.open(stem, by=reader, query_string={name: value, "limit": 500})
                assert found.status_code == 200, found.text
                expected = [row for row in every if value in of[row["id"]]]
                assert found.get_json()["items"] == expected, (stem, name)


def test_filters_narrow_together_and_an_unknown_value_finds_nothing(bench: Bench) -> None:
    sub_project, goal = bench.world.a.ids["sub_projects"], bench.world.a.ids["goals"]
    query = {"sub_project_id": sub_project, "goal_id": goal, "kind": "outcome"}
    assert bench.open("results", query_string=query).get_json()["items"] == []
    key, _ = bench.created("results", kind="outcome")
    found = bench.open("results", query_string=query).get_json()["items"]
    assert [row["id"] for row in found] == [key]
    query["goal_id"] = uuid.uuid4()
    assert bench.open("results", query_string=query).get_json() == {"items": [], "next": None}


def test_a_filter_that_can_be_no_value_of_its_field_is_refused(bench: Bench) -> None:
    for value in ("x", "", "null", "{" + str(uuid.UUID(int=1)) + "}"):
        for name in ("goal_id", "kind"):
            response = bench.open("results", query_string={name: value})
            assert code(response) == (422, "invalid")
            assert [where for where, _ in places(response)] == [name]


def test_a_cursor_holds_for_its_list_its_filters_and_its_caller_only(bench: Bench) -> None:
    a = bench.world.a
    for stem in ("goals", "contacts"):
        bench.created(stem)
        bench.created(stem)
    one = {"limit": 1}
    cursor = bench.open("goals", query_string=one).get_json()["next"]
    filtered = one | {"sub_project_id": a.ids["sub_projects"]}
    narrow = bench.open("goals", query_string=filtered).get_json()["next"]
    colleague = bench.open(
        "goals", query_string=one, by=bearer(bench.app, "viewer", a.provider_id)
    ).get_json()["next"]
    assert None not in (cursor, narrow, colleague)
    refused = [
        bench.open("contacts", query_string=one | {"cursor": cursor}),
        bench.open("goals", query_string=filtered | {"cursor": cursor}),
        bench.open("goals", query_string=one | {"cursor": narrow}),
        bench.open("goals", query_string=one | {"cursor": colleague}),
        bench.open("goals", query_string=one | {"cursor": cursor + "A"}),
        bench.open("goals", query_string=one | {"cursor": cursor[:-1]}),
        bench.open("goals", query_string=one | {"cursor": str(uuid.uuid4())}),
        bench.open("goals", query_string=one | {"cursor": "ä.ö"}),
    ]
    assert [code(response) for response in refused] == [(422, "invalid")] * len(refused)
    assert [places(response) for response in refused] == [[("cursor", "wrong_cursor")]] * 8
    taken = bench.open("goals", query_string={"limit": 2, "cursor": cursor})
    assert taken.status_code == 200


# References


REFERRING = {
    "sub_projects": {
        "deliverables",
        "disseminations",
        "feedback",
        "goals",
        "indicators",
        "measurements",
        "meetings",
        "reports",
        "results",
        "surveys",
    },
    "contacts": {"meetings", "sub_projects"},
    "goals": {
        "deliverables",
        "disseminations",
        "feedback",
        "indicators",
        "meetings",
        "results",
        "surveys",
    },
    "indicators": {"measurements"},
    "meetings": {"deliverables", "feedback"},
    "surveys": {"disseminations", "feedback"},
    "deliverables": {"feedback"},
}


def test_a_row_in_use_stays_and_the_refusal_names_the_resources_that_use_it(bench: Bench) -> None:
    for stem, referring in REFERRING.items():
        key = bench.world.a.ids[stem]
        response = bench.change(stem, key, '"1"', "DELETE")
        assert code(response) == (409, "in_use")
        assert {*response.get_json()["referring"]} >= referring, stem
        assert bench.open(stem, key).status_code == 200


def test_a_row_of_the_plan_that_is_in_use_stays(bench: Bench) -> None:
    for stem in set(PLAN) - {"extensions"}:  # to which nothing refers
        key = bench.world.plan[stem]
        if stem in ("project_indicators", "project_meetings"):  # nobody has taken them over yet
            bench.created("indicators" if stem == "project_indicators" else "meetings")
        if stem == "participations":
            key = bench.open(
                stem, query_string={"provider_id": bench.world.a.provider_id}
            ).get_json()["items"][0]["id"]
        assert code(bench.change(stem, key, '"1"', "DELETE")) == (409, "in_use"), stem
        assert bench.open(stem, key).status_code == 200


def test_a_row_is_deleted_with_its_entries_once_nothing_refers_to_it(bench: Bench) -> None:
    for stem in ("meetings", "surveys", "deliverables", "feedback", "disseminations", "reports"):
        key, etag = bench.created(stem)
        assert bench.change(stem, key, etag, "DELETE").status_code == 204
    with bench.app.extensions["database"].session(write=False) as session:
        session.enter(Scope(provider_id=bench.world.a.provider_id))
        for stem in ("meetings", "surveys", "deliverables", "feedback"):
            for relation in rows.model_of(stem).__mapper__.relationships:
                parents = {getattr(row, _parent(stem)) for row in entries(session, relation)}
                assert parents <= {bench.world.a.ids[stem]}, relation


def _parent(stem: str) -> str:
    return f"{stem.removesuffix('s')}_id"


def entries(session: Any, relation: Any) -> list[Any]:
    return list(session.query(relation.mapper.class_))


def references(stem: str) -> list[tuple[str, str]]:
    """Each field that names a row of another resource, with that resource."""
    fields = rows.model_of(stem).schema.writable().fields
    return [(name, field.target) for name, field in fields.items() if hasattr(field, "target")]


def referring(stem: str, name: str, key: object) -> tuple[dict[str, Any], str]:
    """What to add to a body so that this field names a row, and the pointer at the name."""
    if name.endswith("_ids"):
        return {name: [str(key)]}, f"/{name}/0"
    # A dissemination is of one thing.
    other = {"survey_id": None} if (stem, name) == ("disseminations", "deliverable_id") else {}
    return {name: str(key)} | other, f"/{name}"


def test_a_reference_to_no_row_is_refused_where_it_stands(bench: Bench) -> None:
    for stem in STEMS:
        for name, _ in references(stem):
            given, where = referring(stem, name, uuid.uuid4())
            response = bench.create(stem, **given)
            assert code(response) == (422, "invalid"), (stem, name)
            assert places(response) == [(where, "not_found")], stem


def test_of_several_references_the_wrong_one_is_pointed_at(bench: Bench) -> None:
    good = str(bench.world.a.ids["goals"])
    for wrong in (str(uuid.UUID(int=0)), str(uuid.UUID(int=2**128 - 1))):  # before it and after it
        for given in ([wrong, good], [good, wrong]):
            response = bench.create("meetings", goal_ids=given)
            assert places(response) == [(f"/goal_ids/{given.index(wrong)}", "not_found")]


def test_another_providers_row_is_no_row(bench: Bench) -> None:
    for stem in RECORDS:
        for name, target in references(stem):
            if target not in RECORDS:
                continue
            given, where = referring(stem, name, bench.world.b.ids[target])
            response = bench.create(stem, **given)
            assert code(response) == (422, "invalid"), (stem, name)
            assert places(response) == [(where, "not_found")], stem


def test_references_do_not_cross_sub_projects(bench: Bench) -> None:
    """The same provider's rows, but of another part of its work."""
    second = bench.make("sub_projects", project_id=bench.world.plan["projects"])
    elsewhere = {
        "goals": bench.make("goals", sub_project_id=second),
        "meetings": bench.make("meetings", sub_project_id=second),
        "surveys": bench.make("surveys", sub_project_id=second),
        "deliverables": bench.make("deliverables", sub_project_id=second),
    }
    for stem in RECORDS:
        fields = rows.model_of(stem).schema.writable().fields
        for name, target in references(stem):
            if target not in elsewhere or "sub_project_id" not in fields:
                continue  # a result's goal, an indicator's: it is their home
            given, where = referring(stem, name, elsewhere[target])
            response = bench.create(stem, **given)
            assert code(response) == (422, "invalid"), (stem, name)
            assert places(response) == [(where, "other_sub_project")], stem
    delivery = {"channel": "Optima", "meeting_id": str(elsewhere["meetings"])}
    nested = bench.create("deliverables", deliveries=[{"channel": "Posti"}, delivery])
    assert places(nested) == [("/deliveries/1/meeting_id", "other_sub_project")]


def test_references_do_not_cross_projects(bench: Bench) -> None:
    """Not to a project that the provider knows, and of one that it does not know nothing is said."""
    a = bench.world.a.provider_id
    known, unknown = plan(bench.app, a, [a]), bench.world.other_plan
    crossing = [
        (stem, name, target)
        for stem in (*PLAN, *RECORDS)
        for name, target in references(stem)
        if target in ("periods", "project_goals", "project_indicators", "project_meetings")
        if stem not in ("project_indicators", "extensions")  # whose home that is
    ]
    assert len(crossing) >= 12
    for stem, name, target in crossing:
        hidden = "other_project" if stem in PLAN else "not_found"
        for elsewhere, fault in ((known, "other_project"), (unknown, hidden)):
            given, where = referring(stem, name, elsewhere[target])
            response = bench.create(stem, **given)
            assert code(response) == (422, "invalid"), (stem, name)
            assert places(response) == [(where, fault)], stem


def test_a_row_stays_in_the_sub_project_it_was_made_in(bench: Bench) -> None:
    second = bench.make("sub_projects", project_id=bench.world.plan["projects"])
    goal = bench.make("goals", sub_project_id=second)
    moves: dict[str, dict[str, Any]] = {
        "results": {"goal_id": goal},
        "indicators": {"goal_id": goal},
        "measurements": {"indicator_id": bench.make("indicators", goal_id=goal)},
    }
    for stem in RECORDS:
        fields = rows.model_of(stem).schema().fields
        if "sub_project_id" not in fields:
            continue
        # Without the references that would be strangers there.
        alone = {name: [] for name in ("goal_ids",) if name in fields}
        alone |= {n: None for n, _ in references(stem) if fields[n].allow_none}
        if stem == "disseminations":  # is of one thing, which stays where it is too
            alone |= {"survey_id": str(bench.world.a.ids["surveys"])}
        if stem == "deliverables":
            alone |= {"deliveries": []}
        key, _ = bench.created(stem, **alone)
        move = moves.get(stem, {"sub_project_id": second})
        ((name, value),) = move.items()
        response = bench.change(stem, key, '"1"', json={name: str(value)})
        assert code(response) == (422, "invalid"), stem
        if stem != "disseminations":
            assert places(response) == [(f"/{name}", "immutable")], stem
        assert bench.open(stem, key).get_json()["version"] == 1


def test_a_plan_row_stays_in_its_project(bench: Bench) -> None:
    for stem in ("periods", "project_goals", "project_meetings", "participations"):
        alone = {"period_id": None} if stem == "project_meetings" else {}
        key, etag = bench.created(stem, **alone)
        move = {"project_id": str(bench.world.other_plan["projects"])}
        response = bench.change(stem, key, etag, json=move)
        assert places(response) == [("/project_id", "immutable")], stem
    key, etag = bench.created("project_indicators")
    move = {"project_goal_id": str(bench.world.other_plan["project_goals"])}
    response = bench.change("project_indicators", key, etag, json=move)
    assert places(response) == [("/project_goal_id", "immutable")]


def test_a_provider_makes_sub_projects_only_where_it_takes_part(bench: Bench) -> None:
    other = str(bench.world.other_plan["projects"])
    response = bench.create("sub_projects", project_id=other)
    assert places(response) == [("/project_id", "not_found")]


# Entries of lists


LISTS = {
    "meetings": ("participants", [{"name": name} for name in "CABCD"]),
    "surveys": ("questions", [{"text": text} for text in "CABCD"]),
    "feedback": ("actions", [{"text": text} for text in "CABCD"]),
    "deliverables": ("deliveries", [{"channel": channel} for channel in "CABCD"]),
    "providers": ("colleges", list("CABCD")),
}


def test_entries_of_a_list_keep_their_order_and_are_replaced_whole(bench: Bench) -> None:
    def letters(row: dict[str, Any], name: str) -> str:
        return "".join(
            entry if isinstance(entry, str) else next(entry[n] for n in LETTER if n in entry)
            for entry in row[name]
        )

    for stem, (name, five) in LISTS.items():
        key, etag = bench.created(stem, **{name: five})
        assert letters(bench.open(stem, key).get_json(), name) == "CABCD"
        for entries_now, shown in ((five[::-1], "DCBAC"), (five[1:3], "AB"), (five, "CABCD")):
            response = bench.change(stem, key, etag, json={name: entries_now})
            assert letters(response.get_json(), name) == shown, stem
            etag = response.headers["ETag"]
        assert letters(bench.open(stem, key).get_json(), name) == "CABCD"
        assert bench.change(stem, key, etag, json={name: []}).get_json()[name] == []


LETTER = ("name", "text", "channel")


def test_links_are_a_set_and_their_order_is_no_change(bench: Bench) -> None:
    sub_project = bench.world.a.ids["sub_projects"]
    goals = [str(bench.make("goals", sub_project_id=sub_project)) for _ in range(3)]
    for stem in ("meetings", "surveys", "disseminations", "feedback", "deliverables"):
        key, etag = bench.created(stem, goal_ids=goals[::-1])
        assert bench.open(stem, key).get_json()["goal_ids"] == goals, stem
        same = bench.change(stem, key, etag, json={"goal_ids": [goals[1], goals[0], goals[2]]})
        assert same.headers["ETag"] == etag, stem
        fewer = bench.change(stem, key, etag, json={"goal_ids": [goals[2], goals[0]]})
        assert fewer.get_json()["goal_ids"] == [goals[0], goals[2]]
        other = bench.change(stem, key, fewer.headers["ETag"], json={"goal_ids": goals[1:]})
        assert other.get_json()["goal_ids"] == goals[1:], stem


def test_a_link_given_twice_is_refused(bench: Bench) -> None:
    goal = str(bench.world.a.ids["goals"])
    response = bench.create("meetings", goal_ids=[goal, goal.upper()])
    assert places(response) == [("/goal_ids", "repeated")]


def test_the_cost_of_a_page_does_not_grow_with_its_rows(bench: Bench) -> None:
    for stem in STEMS:
        bench.open(stem)
        with statements(bench.app) as few:
            bench.open(stem)
        for _ in range(3):
            bench.created(stem)
        with statements(bench.app) as many:
            bench.open(stem)
        assert few == many, stem
        assert sum("SELECT" in one for one in few) <= 3, (stem, few)
