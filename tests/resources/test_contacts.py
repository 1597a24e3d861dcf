from tests.examples import Bench, places


def test_what_a_contact_gave_is_kept_as_written(bench: Bench) -> None:
    written = {
        "name": "Åsa  Ödman-Ähtäri",
        "email": "Asa.Odman+laatu@koulu.example",
        "phone": "puh. 050 000 0000",
        "postal_address": "Mallikatu 1.\n00000 Esimerkkilä",
    }
    made = bench.create("contacts", **written).get_json()
    assert {name: made[name] for name in written} == written


def test_an_email_address_has_the_form_of_one(bench: Bench) -> None:
    for email in ("ei osoite", "a@b", "@koulu.example", "a@koulu.example\n", "a b@koulu.example"):
        response = bench.create("contacts", email=email)
        assert {where for where, _ in places(response)} == {"/email"}, email
