"""The published contract: valid, current, and with a name for every operation."""

import ast
import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from api.app import create_app
from api.services import keys
from schemas.faults import FaultCode
from schemas.labels import vocabulary
from tests.routes import RECORD_STEMS

ROOT = Path(__file__).parents[1]
COMMITTED = ROOT / "openapi" / "lamppu.json"
MISSING = "01900000-0000-7000-8000-000000000000"
METHODS = {"get", "post", "put", "patch", "delete"}

Document = dict[str, Any]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Document:
    """The document as the application serves it, without a database."""
    keys.new(kept := tmp_path_factory.mktemp("keys") / "jwt-keys.json")
    url = f"sqlite:///{kept.with_name('never.db')}"
    settings = {"SECRET_KEY": "x" * 32, "JWT_KEYS_FILE": str(kept), "DATABASE_URL": url}
    app = create_app(settings)
    response = app.test_client().get("/api/v1/openapi.json")
    assert (response.status_code, response.mimetype) == (200, "application/json")
    document: Document = response.get_json()
    return document


def operations(document: Document) -> dict[str, Document]:
    return {
        f"{method.upper()} {path}": operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def resolved(document: Document, node: Document) -> Document:
    """What a reference stands for, under what stands beside it."""
    if "$ref" not in node:
        return node
    found: Any = document
    for step in node["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return {**found, **node}


def test_the_document_is_valid_openapi(served: Document) -> None:
    errors = list(OpenAPIV31SpecValidator(served).iter_errors())
    assert [f"{list(error.absolute_path)}: {error.message}" for error in errors] == []


def test_the_committed_document_is_the_one_that_is_served(served: Document) -> None:
    committed = json.loads(COMMITTED.read_text(encoding="utf-8"))
    assert committed["paths"].keys() == served["paths"].keys()
    assert committed == served


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does(served: Document) -> None:
    found = operations(served)
    names = [operation["operationId"] for operation in found.values()]
    assert len(names) == len(set(names)) > 100
    silent = [w for w, one in found.items() if not (one.get("summary") and one.get("description"))]
    assert silent == []


def test_every_tag_is_described_and_stands_in_one_plane(served: Document) -> None:
    tags = [tag["name"] for tag in served["tags"] if tag["description"]]
    planes = [tag for group in served["x-tagGroups"] for tag in group["tags"]]
    used = {tag for operation in operations(served).values() for tag in operation["tags"]}
    assert sorted(planes) == sorted(tags) == sorted(used)
    assert served["x-tagGroups"][2]["tags"][0] == "programmes"


def test_every_operation_says_who_may_and_how_far_it_reaches(served: Document) -> None:
    """Or, with an empty list, that anyone may."""
    for where, operation in operations(served).items():
        behind_the_gate = "x-allowed" in operation
        assert behind_the_gate == ({"bearer": []} in operation["security"]), where
    create = served["paths"]["/api/v1/goals"]["post"]
    assert create["security"] == [{"bearer": []}, {"clientCredentials": ["records:write"]}]
    assert {"ground": "editor", "reach": "own"} in create["x-allowed"]
    assert "editor, manager" in create["description"]


def test_refreshing_and_asking_for_a_token_have_ways_of_their_own(served: Document) -> None:
    paths = served["paths"]
    assert paths["/api/v1/auth/refresh"]["post"]["security"] == [{"refreshCookie": []}]
    assert paths["/api/v1/auth/token"]["post"]["security"] == [{"clientBasic": []}, {}]
    assert paths["/api/v1/auth/login"]["post"]["security"] == []


def test_every_status_that_is_refused_with_says_its_codes(served: Document) -> None:
    known = set(served["components"]["schemas"]["ProblemCode"]["enum"])
    for where, operation in operations(served).items():
        refusals = {status for status in operation["responses"] if status >= "400"}
        assert refusals == operation["x-codes"].keys(), where
        assert {"422", "429", "500", "503"} <= refusals, where
        for status, codes in operation["x-codes"].items():
            assert set(codes) <= known
            told = resolved(served, operation["responses"][status])["description"]
            assert set(re.findall("`(.*?)`", told)) == set(codes), (where, status)


def test_a_refusal_shows_an_example_of_each_code_that_the_operation_has_there(
    served: Document,
) -> None:
    for where, operation in operations(served).items():
        for status, codes in operation["x-codes"].items():
            (media,) = resolved(served, operation["responses"][status])["content"].values()
            shown = {name: each["value"] for name, each in media["examples"].items()}
            assert {name: value["code"] for name, value in shown.items()} == {c: c for c in codes}
            assert {value["status"] for value in shown.values()} == {int(status)}, where
            assert not [v["instance"] for v in shown.values() if "{" in v["instance"]], where


def test_the_first_example_of_a_refusal_is_what_any_route_may_answer(served: Document) -> None:
    for path, status, code in [
        ("/api/v1/goals", "401", "unauthenticated"),
        ("/api/v1/auth/refresh", "401", "unauthenticated"),
        ("/api/v1/auth/login", "401", "wrong_credentials"),
        ("/api/v1/goals", "409", "duplicate"),
        ("/api/v1/imports/goals", "429", "too_many_requests"),
    ]:
        response = resolved(served, served["paths"][path]["post"]["responses"][status])
        assert next(iter(response["content"]["application/problem+json"]["examples"])) == code


def test_a_refusal_that_is_as_its_component_says_is_not_described_again(served: Document) -> None:
    goal = served["paths"]["/api/v1/goals/{id}"]["get"]["responses"]
    assert goal["404"] == {"$ref": "#/components/responses/NotFound"}
    for where, operation in operations(served).items():
        for status, response in operation["responses"].items():
            if "$ref" in response and "description" in response:
                component = resolved(served, {"$ref": response["$ref"]})
                assert response["description"] != component["description"], (where, status)


def test_every_operation_behind_the_gate_documents_its_refusals(served: Document) -> None:
    for where, operation in operations(served).items():
        if "x-allowed" in operation:
            assert {"401", "403"} <= operation["responses"].keys(), where


def test_a_route_names_the_problems_that_only_it_has(served: Document) -> None:
    paths = served["paths"]
    assert paths["/api/v1/users/{id}"]["delete"]["x-codes"]["409"] == ["in_use", "own_account"]
    assert paths["/api/v1/auth/login"]["post"]["x-codes"]["401"] == ["wrong_credentials"]
    assert "invalid_scope" in paths["/api/v1/auth/token"]["post"]["x-codes"]["400"]
    assert "in_flight" in paths["/api/v1/goals"]["post"]["x-codes"]["409"]


def test_problems_are_components_and_tell_what_only_they_have(served: Document) -> None:
    schemas, responses = served["components"]["schemas"], served["components"]["responses"]
    for where, operation in operations(served).items():
        for status, response in operation["responses"].items():
            if status >= "400":
                assert response["$ref"].startswith("#/components/responses/"), where
    media = "application/problem+json"
    named = {
        name: one["content"][media]["schema"]["$ref"]
        for name, one in responses.items()
        if name != "NotModified"
    }
    assert named["NotFound"].endswith("/Problem")
    assert named["Stale"].endswith("/StaleProblem")
    assert {"current_version", "differences"} <= schemas["StaleProblem"]["properties"].keys()
    assert "referring" in schemas["ConflictProblem"]["properties"]
    assert "error_description" in schemas["TokenProblem"]["properties"]
    for name in {reference.rpartition("/")[2] for reference in named.values()}:
        assert schemas["Problem"]["properties"].items() <= schemas[name]["properties"].items()


def test_what_changes_a_row_asks_for_its_version(served: Document) -> None:
    for where, operation in operations(served).items():
        asked = {"$ref": "#/components/parameters/IfMatch"} in operation.get("parameters", [])
        assert asked == ("428" in operation["responses"]), where


def test_every_parameter_is_described(served: Document) -> None:
    inline = [
        (where, parameter)
        for where, operation in operations(served).items()
        for parameter in operation.get("parameters", [])
        if "$ref" not in parameter
    ]
    shared = served["components"]["parameters"].items()
    assert [(w, p["name"]) for w, p in [*inline, *shared] if not p.get("description")] == []


def test_every_answer_says_its_headers(served: Document) -> None:
    for where, operation in operations(served).items():
        for status, response in operation["responses"].items():
            headers = resolved(served, response).get("headers", {}).keys()
            if status < "400":
                assert {"X-Request-ID", "RateLimit", "RateLimit-Policy"} <= headers, where
    goals = served["paths"]["/api/v1/goals"]
    assert {"ETag", "Link"} <= goals["get"]["responses"]["200"]["headers"].keys()
    assert {"ETag", "Location"} <= goals["post"]["responses"]["201"]["headers"].keys()
    login = served["paths"]["/api/v1/auth/login"]["post"]
    assert "Set-Cookie" in login["responses"]["200"]["headers"]
    put = served["paths"]["/api/v1/goals/by-external-id/{external_id}"]["put"]["responses"]
    assert "ETag" in put["200"]["headers"]
    form = served["paths"]["/api/v1/schemas/{stem}"]["get"]["responses"]["200"]
    assert "Content-Language" in form["headers"]
    assert "Retry-After" in served["components"]["responses"]["TooManyRequests"]["headers"]


def test_links_lead_to_what_comes_next(served: Document) -> None:
    goals = served["paths"]["/api/v1/goals"]
    made = goals["post"]["responses"]["201"]["links"]
    assert made.keys() == {"getGoal", "replaceGoal", "patchGoal", "deleteGoal"}
    kept = served["components"]["links"]
    names = {operation["operationId"] for operation in operations(served).values()}
    assert {link["operationId"] for link in kept.values()} <= names
    assert kept["ListResultsOfGoal"]["parameters"] == {"goal_id": "$response.body#/id"}
    assert kept["PatchGoalThis"]["parameters"]["If-Match"] == "$response.header.ETag"


def test_what_an_import_or_a_job_is_answered_with_leads_to_it(served: Document) -> None:
    for path in ("/api/v1/imports", "/api/v1/imports/goals"):
        answers = served["paths"][path]["post"]["responses"]
        assert "links" not in answers["200"]  # a plan, which has no id
        assert answers["201"]["links"].keys() == {"getImport"}
        assert answers["202"]["links"].keys() == {"getJob"}


def test_a_template_is_a_file_of_its_own_kind(served: Document) -> None:
    path = "/api/v1/imports/goals/template.{extension}"
    answer = served["paths"][path]["get"]["responses"]["200"]
    assert "Content-Disposition" in answer["headers"]
    named = answer["content"]["text/csv"]["schema"]["$ref"].rpartition("/")[2]
    assert named == "TableTemplate"
    assert "semicolons" in served["components"]["schemas"][named]["description"]


def test_a_body_that_is_not_taken_is_told_what_is(served: Document) -> None:
    headers = served["components"]["responses"]["UnsupportedMediaType"]["headers"]
    assert {"Accept", "Accept-Encoding"} <= headers.keys()


def test_a_key_for_repeated_requests_is_taken_where_something_is_made(served: Document) -> None:
    key = {"$ref": "#/components/parameters/IdempotencyKey"}
    takes = {
        operation["operationId"]
        for operation in operations(served).values()
        if key in operation.get("parameters", [])
    }
    assert {"createGoal", "createImport", "takeOverGoals"} <= takes
    assert not takes & {"logIn", "getToken", "listGoals", "patchGoal", "rotateClientSecret"}


def test_what_goes_out_is_whole_and_open_and_what_comes_in_is_closed(served: Document) -> None:
    schemas = served["components"]["schemas"]
    goal, taken = schemas["Goal"], schemas["GoalInput"]
    embedded = {"provider", "sub_project", "project_goal", "results", "indicators"}
    assert set(goal["required"]) == set(goal["properties"]) - embedded
    assert "additionalProperties" not in goal
    assert set(taken["required"]) == {"sub_project_id", "text"}
    assert taken["additionalProperties"] is False
    assert "id" not in taken["properties"]
    assert "password" not in schemas["User"]["properties"]
    assert schemas["UserInput"]["properties"]["password"]["writeOnly"] is True
    assert {"Login", "Batch"} <= schemas.keys()  # what only comes in needs no suffix
    assert not {"LoginInput", "BatchInput"} & schemas.keys()


def test_a_patch_has_no_defaults_and_null_wherever_nothing_is_required(served: Document) -> None:
    schemas = served["components"]["schemas"]
    patches = {name: one for name, one in schemas.items() if name.endswith("Patch")}
    assert len(patches) > 20
    for name, schema in patches.items():
        assert "required" not in schema, name
        assert [f for f, each in schema["properties"].items() if "default" in each] == [], name
    goal, project = schemas["GoalPatch"]["properties"], schemas["ProjectPatch"]["properties"]
    assert goal["position"]["type"] == ["integer", "null"]
    assert goal["text"]["type"] == "string"
    assert project["name"]["$ref"].endswith("/LanguagesPatch")
    assert "if" not in schemas["ResultPatch"]  # its rules hold of what it is merged into


def test_rules_between_fields_hold_of_what_comes_in_without_an_all_of(served: Document) -> None:
    schemas = served["components"]["schemas"]
    assert [name for name, schema in schemas.items() if "allOf" in schema] == []
    check = Draft202012Validator(schemas["ResultInput"] | {"components": served["components"]})
    result = {"goal_id": MISSING, "period_id": MISSING, "kind": "outcome"}
    assert check.is_valid(result | {"text": "x"})
    assert not check.is_valid(result)
    assert not check.is_valid(result | {"text": "x", "kind": "not_applicable"})


def test_an_element_of_an_import_is_documented_as_it_is_taken(served: Document) -> None:
    schemas = served["components"]["schemas"]
    element = schemas["ImportResult"]
    assert element["required"] == ["external_id"]
    assert element["properties"]["external_id"]["type"] == "string"
    assert {"goal", "goal_id", "period", "period_id"} <= element["properties"].keys()
    assert "sub_project_id" not in element["properties"]  # a result is where its goal is
    assert element["additionalProperties"] is False
    assert schemas["ImportMeeting"]["properties"]["goals"]["items"]["type"] == "string"
    document = schemas["ImportDocument"]["properties"]
    assert document["results"]["items"] == {"$ref": "#/components/schemas/ImportResult"}
    assert "external_id" not in schemas["Import"]["properties"]


def test_a_table_says_which_schema_its_rows_are_held_to(served: Document) -> None:
    schemas = served["components"]["schemas"]
    results = {"$ref": "#/components/schemas/ImportResultRow"}
    for path in ("/api/v1/imports/results", "/api/v1/imports/results/refused"):
        body = served["paths"][path]["post"]["requestBody"]["content"]
        assert len(body) == 4
        assert all(media["x-line"] == results for media in body.values())
    whole = served["paths"]["/api/v1/imports"]["post"]["requestBody"]["content"]
    lines = [media["x-lines"] for media in whole.values() if "x-lines" in media]
    assert len(lines) == 2
    assert all(set(one) == set(RECORD_STEMS) and one["results"] == results for one in lines)
    row, element = schemas["ImportResultRow"], schemas["ImportResult"]
    assert {"id", "version", "created_at", "error"} <= row["properties"].keys()
    assert element["properties"].keys() <= row["properties"].keys()
    check = Draft202012Validator(row | {"components": served["components"]})
    assert check.is_valid({"external_id": "r1"})
    assert check.is_valid({"id": MISSING, "external_id": None, "version": 3})
    assert check.is_valid({"id": None, "external_id": "r1"})
    assert not check.is_valid({"text": "x"})
    assert not check.is_valid({"id": None, "external_id": None})
    assert not check.is_valid({"external_id": "r1", "colour": "red"})


def test_the_limit_of_a_body_is_said(served: Document) -> None:
    answers = served["paths"]["/api/v1/goals"]["post"]["responses"]
    assert "1,000,000 bytes" in answers["413"]["description"]
    assert answers["413"] != served["paths"]["/api/v1/imports"]["post"]["responses"]["413"]


def objects(node: Any) -> Iterator[Document]:
    if isinstance(node, dict):
        yield node
    for inner in (
        node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    ):
        yield from objects(inner)


def test_no_object_and_no_vocabulary_is_without_a_name(served: Document) -> None:
    for name, schema in served["components"]["schemas"].items():
        for each in schema.get("properties", {}).values():
            found = [n for n in objects(each) if "enum" in n or "object" in [n.get("type")]]
            assert found == [], name
    assert served["components"]["schemas"]["ResultKind"]["enum"][:2] == ["activity", "outcome"]
    assert served["components"]["schemas"]["DayPrecision"]["enum"] == ["period", "month", "day"]


@pytest.mark.parametrize("name", ["ProblemCode", "FaultCode", "MeetingStatus", "Role"])
def test_every_word_has_its_meaning(served: Document, name: str) -> None:
    """In words for people, and in the order of the words for generators of code."""
    vocabulary = served["components"]["schemas"][name]
    meanings = vocabulary["x-enum-descriptions"]
    assert len(meanings) == len(vocabulary["enum"])
    for word, meaning in zip(vocabulary["enum"], meanings, strict=True):
        assert meaning
        assert f"* `{word}`: {meaning}" in vocabulary["description"].splitlines()
    codes = name.endswith("Code")
    assert not codes or all(meaning.endswith(".") for meaning in meanings)
    assert not codes or len(set(meanings)) == len(meanings)


def test_every_vocabulary_that_has_labels_shows_them(served: Document) -> None:
    shown = {
        n for n, one in served["components"]["schemas"].items() if "x-enum-descriptions" in one
    }
    missing = {name for name in vocabulary("en") if _called(name) not in shown}
    assert missing <= {"date_precision"}  # of which each place knows a part


def _called(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def test_the_introduction_says_what_holds_of_every_operation(served: Document) -> None:
    text = served["info"]["description"]
    assert re.findall("^## (.*)$", text, re.MULTILINE) == [
        *(
            "Reading lists",
            "Exports",
            "Writing and conflicts",
            "Errors",
            "Limits",
            "Languages",
            "Browsers",
        ),
        "Changes to this contract",
    ]
    for word in (
        *("HEAD", "OPTIONS", "Allow", "Accept-Language", "gzip", ".gz", "Vary", "Cache-Control"),
        *("Deprecation", "Sunset", "If-Match", "405", "origin"),
    ):
        assert word in text, word
    assert re.fullmatch(r"\d+\.\d+\.\d+", served["info"]["version"])


def test_a_read_can_ask_for_one_version(served: Document) -> None:
    """Where 412 is documented, so is what leads to it."""
    for where, operation in operations(served).items():
        asked = [resolved(served, one)["name"] for one in operation.get("parameters", [])]
        assert ("If-Match" in asked) == ("412" in operation["responses"]), where


def test_an_answer_with_texts_takes_a_language_and_says_the_default(served: Document) -> None:
    taken = {
        operation["operationId"]: operation["description"]
        for operation in operations(served).values()
        for one in operation.get("parameters", [])
        if resolved(served, one)["name"] == "Accept-Language"
    }
    templates = {name for name in taken if name.endswith("Template")}
    assert len(templates) == len(RECORD_STEMS) + 1  # and one of all together
    assert taken.keys() - templates == {
        *("listForms", "getForm", "getReport", "getReportVersion", "getReportActions"),
        *("checkReport", "getProjectReport"),
    }
    for name in ("listForms", "getForm", *templates):
        assert "else Finnish" in taken[name]
        assert "Errors are English" in taken[name]


def test_a_right_to_what_has_no_rows_has_no_reach(served: Document) -> None:
    for path in ("/api/v1/auth/password", "/api/v1/batch"):
        operation = served["paths"][path]["post"]
        assert operation["x-allowed"]
        assert [one for one in operation["x-allowed"] if "reach" in one] == []
        assert "row" not in operation["description"].rpartition("Allowed")[2]
        assert "duplicate" not in operation["x-codes"].get("409", [])
    assert "409" not in served["paths"]["/api/v1/auth/password"]["post"]["responses"]


def test_the_id_comes_first(served: Document) -> None:
    for name, schema in served["components"]["schemas"].items():
        for words in (schema.get("enum", []), [*schema.get("properties", {})]):
            assert "id" not in words or words[0] == "id", name
    for each in objects(
        [[o["responses"] for o in operations(served).values()], served["components"]["examples"]]
    ):
        assert "id" not in each or next(iter(each)) == "id", each


def test_every_component_is_used(served: Document) -> None:
    """By `x-line` and the like too, which linters do not look at."""
    used = {one["$ref"] for one in objects(served) if isinstance(one.get("$ref"), str)}
    kinds = served["components"].items()
    known = {f"#/components/{kind}/{name}" for kind, named in kinds for name in named}
    assert {name for name in known - used if "/securitySchemes/" not in name} == set()


def test_paths_that_look_alike_are_told_apart_by_what_an_id_looks_like(served: Document) -> None:
    """Patterns count too, which linters do not look at."""
    an_id = re.compile(served["components"]["parameters"]["Id"]["schema"]["pattern"])

    def differ(one: str, other: str) -> bool:
        words = [step for step in (one, other) if not step.startswith("{")]
        if len(words) == 1 and "{id}" in (one, other):
            return not an_id.search(words[0])
        return len(words) == 2 and one != other

    for one, other in itertools.combinations([path.split("/") for path in served["paths"]], 2):
        if len(one) == len(other):
            assert any(map(differ, one, other)), (one, other)


def test_every_list_that_comes_in_is_bounded(served: Document) -> None:
    schemas = served["components"]["schemas"]
    asked = [o for o in operations(served).values() if "requestBody" in o]
    pending = {one["$ref"] for o in asked for one in objects(o["requestBody"]) if "$ref" in one}
    seen: set[str] = set()
    while pending:
        seen.add(reference := pending.pop())
        for each in objects(schemas.get(reference.rpartition("/")[2], {})):
            pending |= {each["$ref"]} - seen if isinstance(each.get("$ref"), str) else set()
            if "array" in str(each.get("type")):
                assert "maxItems" in each, (reference, each)
    assert len(seen) > 60


def test_no_bound_is_there_for_the_sake_of_a_linter(served: Document) -> None:
    """A bound is the one that is kept; where there is none, none is said."""
    for each in objects(served):
        for bound in ("maxItems", "maxLength"):
            assert not isinstance(each.get(bound), int) or each[bound] <= 10_000, each


def test_a_form_body_has_no_null(served: Document) -> None:
    asked = served["components"]["schemas"]["TokenRequest"]["properties"]
    assert "null" not in json.dumps(asked)
    assert served["components"]["schemas"]["GrantType"]["enum"] == ["client_credentials"]


def test_no_description_only_repeats_the_name(served: Document) -> None:
    for name, schema in served["components"]["schemas"].items():
        letters = re.sub("[^a-z]", "", schema.get("description", "").lower())
        assert letters != name.lower(), name


def test_the_codes_of_faults_are_those_that_the_code_tells(served: Document) -> None:
    told = {call.args[0].value for call in _faults() if isinstance(call.args[0], ast.Constant)}
    # Codes that are put together, or are a problem's and become a fault of an import.
    told |= {"other_sub_project", "other_project", "duplicate", "in_use", "forbidden"}
    told |= {"invalid", "key_reused", "wrong_format"}
    assert sorted(told) == sorted(code.value for code in FaultCode)
    assert served["components"]["schemas"]["FaultCode"]["enum"] == [c.value for c in FaultCode]


def _faults() -> Iterator[ast.Call]:
    for folder in ("api", "schemas"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and node.args and isinstance(node.func, ast.Name):
                    yield from [node] if node.func.id in ("Fault", "Coded") else []
