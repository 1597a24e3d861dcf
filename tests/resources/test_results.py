from tests.examples import Bench, places


def test_a_result_says_what_was_done_and_a_statement_why_there_is_nothing(bench: Bench) -> None:
    words = {
        "activity": ("text", "reason"),
        "outcome": ("text", "reason"),
        "nothing_to_report": ("reason", "text"),
        "not_applicable": ("reason", "text"),
    }
    for kind, (wanted, unwanted) in words.items():
        right = {"kind": kind, wanted: "Näin", unwanted: None}
        key, etag = bench.created("results", **right)
        missing, unfit = (f"/{wanted}", "missing_for_kind"), (f"/{unwanted}", "not_for_kind")
        assert places(bench.create("results", **right | {wanted: None})) == [missing]
        assert places(bench.create("results", **right | {unwanted: "Näin"})) == [unfit]
        assert places(bench.change("results", key, etag, json={wanted: None})) == [missing]


def test_a_statement_becomes_a_result_in_one_patch(bench: Bench) -> None:
    key, etag = bench.created("results", kind="nothing_to_report", text=None, reason="Tauko")
    change = {"kind": "outcome", "text": "Malli valmis", "reason": None}
    made = bench.change("results", key, etag, json=change).get_json()
    assert {name: made[name] for name in change} == change


def test_a_cell_holds_several_results(bench: Bench) -> None:
    for position in (2, 1, 1):
        bench.created("results", position=position)
    goal = {"goal_id": bench.world.a.ids["goals"]}
    assert len(bench.open("results", query_string=goal).get_json()["items"]) == 4


def test_a_result_belongs_to_the_sub_project_of_its_goal(bench: Bench) -> None:
    made = bench.create("results").get_json()
    assert made["sub_project_id"] == str(bench.world.a.ids["sub_projects"])
