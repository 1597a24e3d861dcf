"""A writer who comes too late is told what there is now, field by field, and can decide anew from the answer alone."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.accounts import code
from tests.examples import CHANGES, STEMS, Bench


def told(response: TestResponse) -> dict[str, tuple[Any, Any]]:
    """What was sent, and what there is, by pointer."""
    assert code(response) == (412, "stale")
    assert response.headers["ETag"] == f'"{response.get_json()["current_version"]}"'
    found = response.get_json()["differences"]
    assert all(set(one) == {"pointer", "sent", "current"} for one in found)
    return {one["pointer"]: (one["sent"], one["current"]) for one in found}


def outrun(bench: Bench, stem: str, **change: Any) -> tuple[str, str]:
    """The id and the ETag of a row that somebody else has changed since."""
    key, etag = bench.created(stem)
    assert bench.change(stem, key, etag, json=change).status_code == 200
    return key, etag


def test_put_and_patch_are_told_the_field_that_differs(bench: Bench) -> None:
    for stem in STEMS:
        key, etag = bench.created(stem)
        field, value = CHANGES[stem]
        mine = bench.open(stem, key).get_json()[field]
        body = bench.body(stem) | {field: mine}
        assert bench.change(stem, key, etag, json={field: value}).status_code == 200
        assert told(bench.change(stem, key, etag, json={field: mine})) == {
            f"/{field}": (mine, value)
        }
        replaced = told(bench.change(stem, key, etag, "PUT", json=body))
        assert replaced[f"/{field}"] == (mine, value)
        assert bench.open(stem, key).get_json()["version"] == 2


def test_the_answer_is_enough_to_write_again(bench: Bench) -> None:
    key, etag = outrun(bench, "goals", text="Heidän")
    late = bench.change("goals", key, etag, json={"text": "Meidän"})
    assert told(late) == {"/text": ("Meidän", "Heidän")}
    again = bench.change("goals", key, late.headers["ETag"], json={"text": "Meidän"})
    assert (again.status_code, again.get_json()["text"]) == (200, "Meidän")


def test_fields_that_were_not_sent_or_are_the_same_are_not_told(bench: Bench) -> None:
    key, etag = outrun(bench, "goals", text="Heidän", position=9)
    assert told(bench.change("goals", key, etag, json={"text": "Heidän"})) == {}
    assert told(bench.change("goals", key, etag, json={})) == {}
    body = {"sub_project_id": str(bench.world.a.ids["sub_projects"]), "text": "Meidän"}
    replaced = told(bench.change("goals", key, etag, "PUT", json=body))
    assert replaced == {"/text": ("Meidän", "Heidän")}, "position was left out"


def test_equal_values_in_other_words_do_not_differ(bench: Bench) -> None:
    key, etag = outrun(bench, "indicators", target=10, name="Heidän")
    for target in (10, 10.0):
        assert told(bench.change("indicators", key, etag, json={"target": target})) == {}
    goals = [
        str(bench.make("goals", sub_project_id=bench.world.a.ids["sub_projects"])) for _ in "ab"
    ]
    key, etag = outrun(bench, "surveys", goal_ids=goals)
    assert told(bench.change("surveys", key, etag, json={"goal_ids": goals[::-1]})) == {}
    assert told(bench.change("surveys", key, etag, json={"goal_ids": goals[:1]})) == {
        "/goal_ids": (goals[:1], sorted(goals))
    }


def test_lists_and_texts_in_languages_are_told_whole(bench: Bench) -> None:
    theirs = {"fi": "Heidän", "sv": "Deras", "en": None}
    key, etag = outrun(bench, "project_goals", text=theirs)
    merged = theirs | {"sv": "Vår"}
    late = bench.change("project_goals", key, etag, json={"text": {"sv": "Vår"}})
    assert told(late) == {"/text": (merged, theirs)}
    key, etag = outrun(bench, "surveys", questions=[{"text": "Miksi?"}])
    mine = [{"text": "Kuka?", "free_comment": True}]
    assert told(bench.change("surveys", key, etag, json={"questions": mine})) == {
        "/questions": (mine, [{"text": "Miksi?", "free_comment": False}])
    }


def test_what_a_patch_takes_away_was_sent_as_null(bench: Bench) -> None:
    key, etag = outrun(bench, "goals", position=9, external_id="t")
    late = bench.change("goals", key, etag, json={"position": None, "external_id": None})
    assert told(late) == {"/position": (None, 9), "/external_id": (None, "t")}


@pytest.mark.parametrize("sent", [{"position": "x"}, {"text": None}, {"text": {"a": 1}}, {"no": 1}])
def test_a_late_patch_that_is_not_valid_either_is_still_late(bench: Bench, sent: Any) -> None:
    key, etag = outrun(bench, "goals", text="Heidän")
    late = bench.change("goals", key, etag, json=sent)
    assert set(told(late)) <= {f"/{name}" for name in sent}


@pytest.mark.parametrize("sent", [[], "x", 1, False])
def test_a_late_patch_that_is_no_object_differs_in_nothing_that_could_be_named(
    bench: Bench, sent: Any
) -> None:
    key, etag = outrun(bench, "goals", text="Heidän")
    assert told(bench.change("goals", key, etag, json=sent)) == {}


def test_a_late_delete_is_told_the_version_alone(bench: Bench) -> None:
    key, etag = outrun(bench, "goals", text="Heidän")
    late = bench.change("goals", key, etag, "DELETE")
    assert code(late) == (412, "stale")
    assert late.get_json()["current_version"] == 2
    assert "differences" not in late.get_json()
    assert late.headers["ETag"] == '"2"'


def test_a_password_is_never_told(bench: Bench) -> None:
    key, etag = outrun(bench, "users", name="Heidän")
    sent = {"password": "a lamp beside the harbour", "name": "Meidän"}
    late = bench.change("users", key, etag, json=sent)
    assert told(late) == {"/name": ("Meidän", "Heidän")}
    assert "lamp beside" not in late.text
