"""The rules that hold between the fields of one body."""

from typing import Any

import pytest
from marshmallow import ValidationError

from api.services.rows import model_of
from schemas.base import Languages
from schemas.imports import ImportDocument

KEY = "01900000-0000-7000-8000-00000000000a"
OTHER = "01900000-0000-7000-8000-00000000000b"

# A body of each resource with what must be there.
LEAST: dict[str, dict[str, Any]] = {
    "deliverables": {"sub_project_id": KEY, "kind": "model", "title": "Malli"},
    "disseminations": {"sub_project_id": KEY, "audience": "Johtoryhmä"},
    "feedback": {"sub_project_id": KEY, "source": "students", "point": "Enemmän"},
    "meetings": {"sub_project_id": KEY, "kind": "kick_off"},
    "periods": {"project_id": KEY, "code": "2012-spring"},
    "programmes": {"name": {"fi": "Ohjelma"}},
    "projects": {"programme_id": KEY, "coordinator_id": KEY, "acronym": "X", "name": {"sv": "X"}},
    "results": {"goal_id": KEY, "period_id": KEY},
    "surveys": {"sub_project_id": KEY, "title": "Kysely"},
    "users": {"email": "a@koulu.example", "name": "Aino"},
}


def load(stem: str, **given: Any) -> dict[str, Any]:
    data: dict[str, Any] = model_of(stem).schema.writable().load(LEAST[stem] | given)
    return data


def faults(stem: str, **given: Any) -> dict[str, Any]:
    """Where what is wrong, by field: codes."""
    with pytest.raises(ValidationError) as error:
        load(stem, **given)
    return _codes(error.value.messages)


def _codes(messages: Any) -> Any:
    if isinstance(messages, dict):
        return {name: _codes(inner) for name, inner in messages.items()}
    return [message.code for message in messages]


# dates as exactly as they are known


@pytest.mark.parametrize("stem", ["deliverables", "feedback", "meetings"])
def test_a_date_without_a_precision_is_known_to_the_day(stem: str) -> None:
    assert load(stem, date="2012-01-16")["date_precision"] == "day"
    assert load(stem)["date_precision"] is None


def test_a_date_with_a_time_is_known_to_the_minute() -> None:
    told = load("meetings", date="2012-01-16", start_time="09:30")
    assert told["date_precision"] == "minute"


@pytest.mark.parametrize("precision", ["month", "day", "minute"])
def test_a_precision_needs_a_date(precision: str) -> None:
    found = faults("meetings", date_precision=precision, start_time="09:30")
    assert found["date"] == ["date_missing"]


def test_a_date_known_to_the_period_names_the_period_and_no_day() -> None:
    assert load("feedback", date_precision="period", period_id=KEY)["date"] is None
    assert faults("feedback", date_precision="period") == {"period_id": ["period_missing"]}
    found = faults("feedback", date_precision="period", period_id=KEY, date="2012-01-16")
    assert found == {"date": ["date_not_allowed"]}


def test_a_period_may_stand_beside_a_day() -> None:
    assert load("feedback", date="2012-01-16", period_id=KEY)["date_precision"] == "day"


def test_a_time_goes_with_the_precision_minute_and_only_with_it() -> None:
    at = {"date": "2012-01-16", "start_time": "09:30"}
    mismatch = {"date_precision": ["time_mismatch"]}
    assert faults("meetings", **at, date_precision="day") == mismatch
    assert faults("meetings", date="2012-01-16", date_precision="minute") == mismatch
    assert faults("feedback", date="2012-01-16", date_precision="minute") == mismatch


@pytest.mark.parametrize(
    "times", [{"end_time": "10:00"}, {"start_time": "10:00", "end_time": "09:59"}]
)
def test_a_meeting_ends_after_it_starts(times: dict[str, str]) -> None:
    assert faults("meetings", date="2012-01-16", **times) == {"end_time": ["before_start"]}


def test_a_meeting_may_end_in_the_minute_in_which_it_starts() -> None:
    assert load("meetings", date="2012-01-16", start_time="10:00", end_time="10:00")


# spans


SPANS = [
    ("periods", "first_day", "last_day"),
    ("programmes", "starts_on", "ends_on"),
    ("projects", "starts_on", "ends_on"),
    ("surveys", "opens_on", "closes_on"),
]


@pytest.mark.parametrize(("stem", "first", "last"), SPANS)
def test_a_span_does_not_end_before_it_begins(stem: str, first: str, last: str) -> None:
    found = faults(stem, **{first: "2012-01-02", last: "2012-01-01"})
    assert found == {last: ["before_start"]}
    assert load(stem, **{first: "2012-01-02", last: "2012-01-02"})


@pytest.mark.parametrize(("stem", "first", "last"), SPANS[1:])
def test_a_span_may_be_open(stem: str, first: str, last: str) -> None:
    assert load(stem, **{first: "2012-01-02"})[last] is None
    assert load(stem, **{last: "2012-01-02"})[first] is None


# one rule each


@pytest.mark.parametrize("kind", ["activity", "outcome"])
def test_a_result_has_a_text_and_no_reason(kind: str) -> None:
    assert load("results", kind=kind, text="Tehty")["reason"] is None
    assert faults("results", kind=kind) == {"text": ["missing_for_kind"]}
    found = faults("results", kind=kind, text="Tehty", reason="Siksi")
    assert found == {"reason": ["not_for_kind"]}


@pytest.mark.parametrize("kind", ["nothing_to_report", "not_applicable"])
def test_a_statement_about_an_empty_cell_has_a_reason_and_no_text(kind: str) -> None:
    assert load("results", kind=kind, reason="Siksi")["text"] is None
    assert faults("results", kind=kind) == {"reason": ["missing_for_kind"]}
    found = faults("results", kind=kind, text="Tehty", reason="Siksi")
    assert found == {"text": ["not_for_kind"]}


def test_no_more_answer_than_were_invited() -> None:
    def asked(**numbers: int) -> list[dict[str, Any]]:
        return [{"group": "students"}, {"group": "teachers", **numbers}]

    found = faults("surveys", respondent_groups=asked(invited=9, answered=10))
    assert found == {"respondent_groups": {1: {"answered": ["more_than_invited"]}}}
    for numbers in ({"invited": 10, "answered": 10}, {"answered": 10}, {"invited": 0}):
        assert load("surveys", respondent_groups=asked(**numbers))


def test_a_dissemination_is_of_one_survey_or_one_deliverable() -> None:
    assert load("disseminations", survey_id=KEY)
    assert load("disseminations", deliverable_id=KEY)
    assert faults("disseminations") == {"survey_id": ["one_subject"]}
    both = faults("disseminations", survey_id=KEY, deliverable_id=OTHER)
    assert both == {"survey_id": ["one_subject"]}


@pytest.mark.parametrize("role", ["viewer", "editor", "manager"])
def test_a_providers_roles_may_leave_out_the_provider_for_a_manager_has_one(role: str) -> None:
    """Who has none is refused where it is known who asks: see tests/resources/test_users.py."""
    assert load("users", role=role, provider_id=KEY)
    assert load("users", role=role)["provider_id"] is None


@pytest.mark.parametrize("role", ["reviewer", "admin"])
def test_the_ministrys_and_the_operators_roles_belong_to_no_provider(role: str) -> None:
    assert load("users", role=role)
    assert faults("users", role=role, provider_id=KEY) == {"role": ["role_mismatch"]}


def test_a_text_stands_in_at_least_one_language() -> None:
    schema = Languages()
    assert schema.load({"en": "Goal"}) == {"fi": None, "sv": None, "en": "Goal"}
    for empty in ({}, {"fi": None, "sv": None}):
        with pytest.raises(ValidationError) as error:
            schema.load(empty)
        assert _codes(error.value.messages) == {"_schema": ["no_language"]}


def test_what_is_left_out_gets_its_documented_default() -> None:
    assert load("meetings") == {
        **dict.fromkeys(("external_id", "project_meeting_id", "date", "date_precision")),
        **dict.fromkeys(("period_id", "date_note", "title", "mode", "platform", "place", "host")),
        **dict.fromkeys(("start_time", "end_time", "body", "field", "attendance", "reason")),
        **dict.fromkeys(("done_instead", "notes")),
        "sub_project_id": model_of("meetings").schema().fields["sub_project_id"].deserialize(KEY),
        "kind": "kick_off",
        "open_to_all": False,
        "status": "held",
        "participants": [],
        "goal_ids": [],
    }


def test_what_only_the_system_writes_is_refused_and_shown() -> None:
    schema = model_of("reports").schema
    system = {"id", "version", "created_at", "updated_at", "provider_id", "state"}
    assert system <= set(schema().dump_fields)
    with pytest.raises(ValidationError) as error:
        schema.writable().load({"sub_project_id": KEY} | dict.fromkeys(system, "x"))
    assert _codes(error.value.messages) == {name: ["read_only"] for name in system}


def test_a_password_is_taken_in_and_never_shown() -> None:
    schema = model_of("users").schema()
    assert "password" in schema.load_fields
    assert "password" not in schema.dump_fields


def test_an_import_document_is_bounded_and_says_what_is_missing() -> None:
    with pytest.raises(ValidationError) as error:
        ImportDocument().load({"goals": [{}] * 5_001, "results": {}, "meetings": [1]})
    assert _codes(error.value.messages) == {
        "project": ["required"],
        "sub_project": ["required"],
        "goals": ["too_long"],
        "results": ["wrong_type"],
        "meetings": {0: ["wrong_type"]},
    }
