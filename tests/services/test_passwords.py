"""Passwords."""

import argon2
import pytest

from api.problems import Invalid
from api.services import passwords


def test_a_password_is_kept_as_argon2id_with_owasps_parameters() -> None:
    assert passwords.hashed("a lamp beside the harbour").startswith(
        "$argon2id$v=19$m=19456,t=2,p=1$"
    )


def test_only_the_password_itself_is_verified() -> None:
    kept = passwords.hashed("a lamp beside the harbour")
    assert passwords.verified("a lamp beside the harbour", kept)
    assert not passwords.verified("a lamp beside the harbor", kept)


def test_a_password_is_the_same_however_its_characters_were_composed() -> None:
    assert passwords.verified(
        "pa\u0308iva\u0308 paistaa", passwords.hashed("p\u00e4iv\u00e4 paistaa")
    )


def test_nobody_has_no_password_but_costs_as_much_to_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[str] = []

    class Watched:
        def verify(self, kept: str, password: str) -> bool:
            seen.append(kept)
            return True  # even a lucky guess of nobody's password opens nothing

    monkeypatch.setattr(passwords, "_HASHER", Watched())
    assert not passwords.verified("a lamp beside the harbour", None)
    assert [argon2.extract_parameters(kept).memory_cost for kept in seen] == [19_456]


@pytest.mark.parametrize(
    "broken", ["", "plain text", "$argon2id$v=19$m=19456,t=2,p=1$", "$2b$12$x"]
)
def test_a_broken_hash_opens_nothing(broken: str) -> None:
    assert not passwords.verified(broken, broken)


def test_a_hash_with_other_parameters_is_outdated() -> None:
    assert passwords.outdated(argon2.PasswordHasher(time_cost=1).hash("x"))
    assert not passwords.outdated(passwords.hashed("x"))


@pytest.mark.parametrize(
    "weak",
    [
        "password1234",
        "Salasana2026!",
        "lösenord!!!!",
        "qwertyuiop123",
        "lamppulamppu",
        "123456789012",
        "aaaaaaaaaaaa",
        "abcabcabcabc",
        "xx aino.virtanen xx",
        "AINO.VIRTANEN26",
    ],
)
def test_what_is_guessed_first_is_refused(weak: str) -> None:
    with pytest.raises(Invalid) as refused:
        passwords.refuse_weak(weak, "Aino.Virtanen@example.org", "/password")
    (fault,) = refused.value.faults
    assert (fault.code, fault.pointer) == ("weak_password", "/password")


@pytest.mark.parametrize("strong", ["a lamp beside the harbour", "password of the ferryman"])
def test_what_is_long_and_odd_is_taken(strong: str) -> None:
    passwords.refuse_weak(strong, "al@example.org", "/password")


def test_a_random_password_is_taken_too() -> None:
    passwords.refuse_weak(passwords.random(), "a@example.org", "/password")
