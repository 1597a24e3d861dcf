"""Problems in Finnish, Swedish and English: the catalogues have every text, and answers speak the reader's language."""

import ast
import copy
import inspect
import pickle
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from babel.messages.pofile import read_po
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api import app as application
from api import translations
from api.problems import Problem
from schemas.fields import Coded, Worded
from tests.examples import Bench

ROOT = Path(__file__).parents[1]
TRANSLATED = ("fi", "sv")


# what the code says


def kinds(kind: type[Problem] = Problem) -> Iterator[type[Problem]]:
    """Every kind of problem that the application, which is loaded, knows."""
    assert application
    yield kind
    for inner in kind.__subclasses__():
        yield from kinds(inner)


def text_places() -> dict[str, int]:
    """Where among its arguments each of our functions takes a text."""
    places = {"Worded": 0, "Coded": 1, "Fault": 1, "pattern": 1, "Text": 2, "Key": 2}
    for kind in kinds():
        parameters = list(inspect.signature(kind).parameters)
        if "detail" in parameters:
            places[kind.__name__] = parameters.index("detail")
    return places


def texts_of(call: ast.Call, place: int) -> Iterator[ast.expr]:
    given = call.args[place : place + 1]
    given += [one.value for one in call.keywords if one.arg in ("detail", "wording")]
    for one in given:
        yield from (one.body, one.orelse) if isinstance(one, ast.IfExp) else (one,)


def is_bare(node: ast.expr) -> bool:
    """A text that is put together where it stands, or kept under a name: no catalogue would know of it."""
    return isinstance(node, ast.JoinedStr | ast.BinOp) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def bare_names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and is_bare(node.value):
            yield from (name.id for name in node.targets if isinstance(name, ast.Name))


def calls() -> Iterator[tuple[str, ast.expr, set[str]]]:
    """Each text that a call gives: its place, itself, and the names of bare texts in that module."""
    places = text_places()
    for path in sorted(path for room in ("api", "schemas") for path in (ROOT / room).rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        bare = set(bare_names(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                for text in texts_of(node, places[name]) if name in places else ():
                    yield f"{path.relative_to(ROOT)}:{text.lineno}", text, bare


def templates() -> set[str]:
    """Every text that a problem may have, as the code has it in English."""
    constants = {text.value for _, text, _ in calls() if isinstance(text, ast.Constant)}
    return {text for text in constants if isinstance(text, str)} | {kind.title for kind in kinds()}


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


# the catalogues


def test_no_text_of_a_problem_is_put_together_where_no_catalogue_can_know_it() -> None:
    unknown = [
        place
        for place, text, bare in calls()
        if isinstance(text, ast.JoinedStr | ast.BinOp) or getattr(text, "id", None) in bare
    ]
    assert unknown == [], "say Worded('… {name} …', name=…)"


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_catalogue_has_every_text_and_no_other(language: str) -> None:
    known, wanted = set(translations.catalogue(language)), templates()
    assert len(wanted) > 100, "the texts were found"
    assert sorted(wanted - known) == [], f"to add to api/translations/{language}.po"
    assert sorted(known - wanted) == [], f"to drop from api/translations/{language}.po"


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_the_placeholders_and_the_full_stop_of_its_source(language: str) -> None:
    for template, translated in translations.catalogue(language).items():
        assert translated.strip() == translated != "", template
        assert translated != template
        assert placeholders(translated) == placeholders(template), template
        assert translated.endswith(".") == template.endswith("."), template


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_is_in_order_and_holds_nothing_old(language: str) -> None:
    with (ROOT / f"api/translations/{language}.po").open("rb") as file:
        read = read_po(file, abort_invalid=True)
    assert str(read.locale) == language
    assert not read.obsolete
    assert not [message.id for message in read if message.id and message.fuzzy]
    ids = [str(message.id) for message in read if message.id]
    assert ids == sorted(ids)


def test_finnish_and_swedish_say_it_in_words_of_their_own() -> None:
    finnish, swedish = map(translations.catalogue, TRANSLATED)
    assert [text for text in finnish if finnish[text] == swedish[text]] == []


# texts that remember what they were made of


def test_a_worded_text_is_its_english_and_can_be_said_in_another_language() -> None:
    text = Worded("Not between {min} and {max}.", min=1, max=5)
    assert text == translations.said(text, "en") == "Not between 1 and 5."
    assert translations.said(text, "fi") == "Ei välillä 1–5."
    assert translations.said(text, "sv") == "Inte mellan 1 och 5."


def test_a_text_that_no_catalogue_has_stays_in_english() -> None:
    assert translations.said(Worded("Not {this}.", this="so"), "fi") == "Not so."
    assert translations.said("Nothing of ours", "sv") == "Nothing of ours"


def test_a_caller_can_fill_in_no_text_of_his_own() -> None:
    text = Worded("The name {name} stands twice in one object.", name="{max} {0}")
    assert text == "The name {max} {0} stands twice in one object."
    assert translations.said(text, "sv") == "Namnet {max} {0} står två gånger i samma objekt."


@pytest.mark.parametrize(
    "text", [Worded("Longer than {max}.", max=5), Coded("too_long", "Longer than {max}.", max=5)]
)
def test_a_text_survives_copying(text: Worded) -> None:
    for again in (copy.deepcopy(text), pickle.loads(pickle.dumps(text))):
        assert (type(again), again, vars(again)) == (type(text), text, vars(text))


def test_a_coded_text_keeps_what_it_was_filled_with_before() -> None:
    text = Coded("weak", Worded("Shorter than {min} characters.", min=12)).format(input="x")
    assert (text, text.code) == ("Shorter than 12 characters.", "weak")
    assert translations.said(text, "fi") == "Lyhyempi kuin 12 merkkiä."


# the answers


@pytest.fixture
def bench(app: Flask) -> Bench:
    return Bench(app)


def told(response: TestResponse, status: int, language: str) -> dict[str, Any]:
    """A problem in the language that was asked for."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Language"] == language
    assert "Accept-Language" in response.headers["Vary"]
    body: dict[str, Any] = response.get_json()
    return body


def in_each(language: str, fi: str, sv: str, en: str) -> str:
    return {"fi": fi, "sv": sv, "en": en}[language]


OLD = {"If-Match": '"0"'}
JSON = {"Content-Type": "application/json"}
EACH = pytest.mark.parametrize("language", [*TRANSLATED, "en"])


@EACH
def test_a_stranger_is_refused_in_his_language(client: FlaskClient, language: str) -> None:
    response = client.get("/api/v1/goals", headers={"Accept-Language": language})
    body = told(response, 401, language)
    assert body["code"] == "unauthenticated"
    assert body["title"] == in_each(
        language, "Kirjaudu ensin sisään", "Logga först in", "Sign in first"
    )
    assert body["detail"] == in_each(
        language, "Lähetä Bearer-tunniste.", "Skicka en Bearer-token.", "Send a bearer token."
    )


@EACH
def test_a_fault_deep_in_a_body_is_told_in_the_callers_language(
    bench: Bench, language: str
) -> None:
    body = bench.body("meetings") | {"participants": [{"name": "x" * 501, "attendance": "late"}]}
    response = bench.open(
        "meetings", method="POST", json=body, headers={"Accept-Language": language}
    )
    body = told(response, 422, language)
    assert body["title"] == in_each(
        language,
        "Osa syötteestä ei kelpaa",
        "En del av det inmatade är inte giltigt",
        "Some of the input is not valid",
    )
    name, attendance = sorted(body["errors"], key=lambda fault: fault["code"])
    assert (name["pointer"], name["code"]) == ("/participants/0/name", "too_long")
    assert name["detail"] == in_each(
        language, "Pitempi kuin 200.", "Längre än 200.", "Longer than 200."
    )
    assert (attendance["pointer"], attendance["code"]) == (
        "/participants/0/attendance",
        "unknown_word",
    )
    words = "expected, attended, excused"
    assert attendance["detail"] == in_each(
        language,
        f"Ei mikään näistä: {words}.",
        f"Inget av dessa: {words}.",
        f"Not one of: {words}.",
    )


@EACH
def test_what_the_frame_refuses_is_told_in_the_callers_language(
    bench: Bench, client: FlaskClient, language: str
) -> None:
    spoken = {"Accept-Language": language}
    gone = told(client.get("/api/v1/nothing", headers=spoken), 404, language)
    assert gone["title"] == in_each(
        language, "Täällä ei ole mitään", "Här finns ingenting", "There is nothing here"
    )
    wrong = told(client.delete("/api/v1/goals", headers=spoken), 405, language)
    assert wrong["title"] == in_each(
        language,
        "Tällä resurssilla ei ole tällaista metodia",
        "Denna resurs har ingen sådan metod",
        "This resource has no such method",
    )
    stale = bench.open("goals", bench.world.a.ids["goals"], "DELETE", headers=spoken | OLD)
    assert told(stale, 412, language)["title"] == in_each(
        language,
        "Tieto on muuttunut sen jälkeen, kun luit sen",
        "Uppgiften har ändrats sedan du läste den",
        "The row has changed since you read it",
    )
    response = bench.open("goals", method="POST", data=b'{"a":}', headers=spoken | JSON)
    assert told(response, 400, language)["detail"] == in_each(
        language,
        "Tästä alkaen ei JSONia: rivi 1, sarake 6.",
        "Inte JSON härifrån: rad 1, kolumn 6.",
        "No JSON from here on: line 1, column 6.",
    )


@EACH
def test_too_many_attempts_are_refused_in_the_callers_language(
    client: FlaskClient, language: str
) -> None:
    wrong = {"email": "nobody@koulu.example", "password": "not the one"}

    def attempt() -> TestResponse:
        return client.post("/api/v1/auth/login", json=wrong, headers={"Accept-Language": language})

    refused = attempt()
    while refused.status_code == 401:
        refused = attempt()
    assert told(refused, 429, language)["title"] == in_each(
        language,
        "Liian monta yritystä; odota hetki",
        "För många försök; vänta en stund",
        "Too many attempts; wait a little",
    )


@EACH
def test_oauth_hears_english_in_ascii_beside_the_callers_language(
    client: FlaskClient, language: str
) -> None:
    """RFC 6749 §5.2 has no other letters in error_description."""
    response = client.post(
        "/api/v1/auth/token", data={"client_id": "x"}, headers={"Accept-Language": language}
    )
    body = told(response, 400, language)
    assert (body["code"], body["error"]) == ("invalid_request", "invalid_request")
    assert body["error_description"] == "Missing or malformed: grant_type."
    assert body["detail"] == in_each(
        language,
        "Puuttuu tai on väärää muotoa: grant_type.",
        "Saknas eller har fel form: grant_type.",
        "Missing or malformed: grant_type.",
    )


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("de", "en"),
        ("*", "en"),
        ("sv-FI, fi;q=0.8", "sv"),
        ("de, fi;q=0.5, en;q=0.1", "fi"),
        ("fi;q=0, sv;q=0.1", "sv"),
        ("\N{LATIN SMALL LETTER A WITH DIAERESIS};;q=x,,", "en"),
    ],
)
def test_the_language_is_the_first_of_ours_that_is_asked_for_or_else_english(
    client: FlaskClient, accepted: str | None, language: str
) -> None:
    headers = {} if accepted is None else {"Accept-Language": accepted.encode().decode("latin-1")}
    told(client.get("/api/v1/goals", headers=headers), 401, language)
