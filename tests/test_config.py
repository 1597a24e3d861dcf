"""Settings: what is missing or can't be used is named before anything starts."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from api.config import DEFAULTS, REQUIRED, ConfigError, MailServer, settings

ROOT = Path(__file__).parents[1]
ENOUGH = {"SECRET_KEY": "x" * 32, "JWT_KEYS_FILE": "keys.json"}


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*DEFAULTS, *REQUIRED):
        monkeypatch.delenv(name, raising=False)


def test_every_missing_secret_is_named_with_what_it_is_for() -> None:
    with pytest.raises(ConfigError) as refused:
        settings()
    for name, purpose in REQUIRED.items():
        assert f"{name} ({purpose})" in str(refused.value)


@pytest.mark.parametrize("name", REQUIRED)
def test_a_secret_has_no_default(name: str) -> None:
    assert name not in DEFAULTS
    for lacking in ({n: v for n, v in ENOUGH.items() if n != name}, ENOUGH | {name: ""}):
        with pytest.raises(ConfigError, match=f"missing settings: {name}"):
            settings(lacking)


def test_a_short_secret_is_refused_and_not_repeated() -> None:
    secret = "tell-nobody" * 2
    with pytest.raises(ConfigError, match="SECRET_KEY is shorter than 32") as refused:
        settings(ENOUGH | {"SECRET_KEY": secret})
    assert secret not in str(refused.value)
    assert settings(ENOUGH)["SECRET_KEY"] == "x" * 32


NUMBERS = [name for name, value in DEFAULTS.items() if isinstance(value, int)]


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_that_is_none_is_named(name: str) -> None:
    for value in ("many", "1.5", "-1", "1e3", "1_000", "٣", "0x10", " ", "9" * 13, None, True):
        with pytest.raises(ConfigError, match=f"{name} is not a whole number"):
            settings(ENOUGH | {name: value})


MAY_BE_ZERO = {"TRUSTED_PROXIES", "RATE_LIMIT", "MAX_WAITERS", "WEBHOOKS_TO_PRIVATE"}


def test_nothing_may_be_zero_but_a_count_of_proxies_and_limits_that_are_off() -> None:
    for name in set(NUMBERS) - MAY_BE_ZERO:
        with pytest.raises(ConfigError, match=f"{name} is not a whole number from 1 up"):
            settings(ENOUGH | {name: "0"})
        assert settings(ENOUGH | {name: "1"})[name] == 1
    for name in MAY_BE_ZERO:
        assert settings(ENOUGH | {name: "0"})[name] == 0


def test_a_log_level_that_there_is_not_is_named() -> None:
    with pytest.raises(ConfigError, match="LOG_LEVEL"):
        settings(ENOUGH | {"LOG_LEVEL": "LOUD"})


def test_the_environment_goes_before_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**ENOUGH, "MAX_BODY_BYTES": "2000", "LOG_LEVEL": ""}.items():
        monkeypatch.setenv(name, value)
    found = settings()
    assert (found["MAX_BODY_BYTES"], found["JWT_KEYS_FILE"]) == (2000, "keys.json")
    assert found["LOG_LEVEL"] == DEFAULTS["LOG_LEVEL"]  # empty is as good as not set
    assert settings({"MAX_BODY_BYTES": 3000})["MAX_BODY_BYTES"] == 3000


MAIL = ENOUGH | {"MAIL_FROM": "lamppu@ministry.example"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example", MailServer("mail.example", 587, "starttls")),
        ("smtp://mail.example/?tls=starttls", MailServer("mail.example", 587, "starttls")),
        ("smtp://127.0.0.1:25?tls=none", MailServer("127.0.0.1", 25, "none")),
        ("smtps://[::1]", MailServer("::1", 465, "implicit")),
        (
            "smtp://me%40here.example:a%2Fb%25@mail.example:2525/",
            MailServer("mail.example", 2525, "starttls", "me@here.example", "a/b%"),
        ),
    ],
)
def test_a_mail_server_is_told_by_its_address(url: str, expected: MailServer) -> None:
    assert settings(MAIL | {"MAIL_URL": url})["MAIL_URL"] == expected
    assert "a/b%" not in repr(expected)


@pytest.mark.parametrize(
    "url",
    [
        *("mail.example", "http://mail.example", "smtp://", "smtp://user:tell-nobody@"),
        *("smtp://user:tell-nobody@mail.example:tell-nobody", "smtp://mail.example:99999"),
        *("smtp://user:tell-nobody@mail.example?tls=none", "smtp://tell-nobody@mail.example"),
        *("smtp://mail.example?tls=maybe", "smtps://mail.example?tls=none"),
        *("smtp://mail.example?tls=none&tls=none", "smtp://mail.example?tsl=none"),
        *("smtp://mail.example/tell-nobody", "smtp://:tell-nobody@mail.example"),
    ],
)
def test_a_mail_server_that_is_none_is_refused_and_no_password_repeated(url: str) -> None:
    with pytest.raises(ConfigError, match="MAIL_URL") as refused:
        settings(MAIL | {"MAIL_URL": url})
    assert "tell-nobody" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_mails_come_from_an_address() -> None:
    for sender in ("", "LAMPPU", "a@b\r\nBcc: c@d", "LAMPPU <a@b.example>", "ä@b.example"):
        with pytest.raises(ConfigError, match="MAIL_FROM"):
            settings(ENOUGH | {"MAIL_URL": "smtp://mail.example", "MAIL_FROM": sender})
    assert settings(ENOUGH)["MAIL_URL"] is None


def test_the_days_of_reminders_come_in_their_order() -> None:
    assert settings(ENOUGH)["REMIND_DAYS"] == (-14, -3, 1, 7)
    assert settings(ENOUGH | {"REMIND_DAYS": "30, 0,-7"})["REMIND_DAYS"] == (-7, 0, 30)
    for days in ("soon", "1,1", "1.5", "366", "-0,0", "٣", "--1"):
        with pytest.raises(ConfigError, match="REMIND_DAYS"):
            settings(ENOUGH | {"REMIND_DAYS": days})


def started(environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
    return subprocess.run(
        [sys.executable, "-c", "import wsgi"],
        cwd=ROOT,
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_application_does_not_start_without_its_secrets() -> None:
    refused = started({})
    assert refused.returncode != 0
    assert "SECRET_KEY" in refused.stderr
    assert "JWT_KEYS_FILE" in refused.stderr
