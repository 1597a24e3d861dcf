"""Passwords: hashed with argon2id, checked in the same time whether or not there is anything to check."""

import re
import secrets
import unicodedata

import argon2

from api.problems import Fault, Invalid
from schemas.fields import Worded

# OWASP's smaller setting (Password Storage Cheat Sheet): 19 MiB, two passes; 0.02 s of one core.
_HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_NOBODY = _HASHER.hash(secrets.token_urlsafe())

# What is long enough and still guessed first. With it go repetitions, and the owner's own address.
_COMMON = re.compile(
    r"(password|passw0rd|salasana|lösenord|qwerty\w*|welcome|lamppu)[\d\W_]*|[\d\W_]+"
)
_SHORTEST_NAME = 4


def hashed(password: str) -> str:
    return _HASHER.hash(_normal(password))


def verified(password: str, kept: str | None) -> bool:
    """Whether it is the password; without a hash to compare with, the same work is done for nobody."""
    try:
        _HASHER.verify(kept or _NOBODY, _normal(password))
    except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
        return False
    return kept is not None


def outdated(kept: str) -> bool:
    """Whether it was hashed with other parameters than today's."""
    return _HASHER.check_needs_rehash(kept)


def random() -> str:
    return secrets.token_urlsafe(18)


def refuse_weak(password: str, email: str, pointer: str) -> None:
    """NIST SP 800-63B §3.1.1.2: refuse what is common or expected. :raises Invalid:"""
    plain = _normal(password).casefold()
    name = email.partition("@")[0].casefold()
    repeats = re.fullmatch(r"(.{1,8}?)\1+.{0,3}", plain)
    named = len(name) >= _SHORTEST_NAME and name in plain
    if _COMMON.fullmatch(plain) or repeats or named:
        text = Worded("Too easily guessed: a common password, a repetition, or your own address.")
        raise Invalid(faults=[Fault("weak_password", text, pointer)])


def _normal(password: str) -> str:
    """The same characters make the same password, however a keyboard composes them (NIST SP 800-63B §3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)
