from tests.accounts import code
from tests.examples import Bench, places, url


def test_a_business_id_needs_the_right_check_digit(bench: Bench) -> None:
    wrong = bench.create("providers", business_id="1234567-2")
    assert places(wrong) == [("/business_id", "wrong_check_digit")]
    key, etag = bench.created("providers", business_id="1234567-1")
    patched = bench.change("providers", key, etag, json={"business_id": "1234567-2"})
    assert places(patched) == [("/business_id", "wrong_check_digit")]
    assert bench.open("providers", key).get_json()["business_id"] == "1234567-1"


def test_a_business_id_is_written_in_one_way(bench: Bench) -> None:
    for written in ("12345671", "FI12345671", "1234567-10", "１234567-1", " 1234567-1"):
        response = bench.create("providers", business_id=written)
        assert response.status_code == 422
        assert {where for where, _ in places(response)} == {"/business_id"}, written


def test_a_provider_may_have_neither_business_id_nor_oid(bench: Bench) -> None:
    for _ in range(2):
        bench.created("providers", business_id=None, oid=None)


def test_everyone_signed_in_reads_providers_and_only_the_operator_writes_them(
    bench: Bench,
) -> None:
    listed = bench.open("providers", by=bench.manager).get_json()["items"]
    assert {row["id"] for row in listed} >= {str(bench.world.b.provider_id)}
    body = bench.body("providers")
    for by in (bench.manager, bench.ministry):
        made = bench.client.post(url("providers"), json=body, headers=by)
        assert code(made) == (403, "forbidden")
