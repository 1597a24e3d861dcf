"""Settings, all from the environment. What is secret has no default: the application refuses to start without it."""

import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import click

DEFAULTS: Mapping[str, Any] = {
    "DATABASE_URL": "sqlite:///instance/lamppu.db",
    "PUBLIC_URL": "http://127.0.0.1:8000",
    "TRUSTED_PROXIES": 0,
    "MAX_BODY_BYTES": 1_000_000,
    "MAX_IMPORT_BYTES": 16_000_000,
    "MAX_TABLE_BYTES": 256_000_000,
    "ACCESS_TOKEN_SECONDS": 900,
    "REFRESH_TOKEN_DAYS": 14,
    "LOG_LEVEL": "INFO",
    "RATE_LIMIT": 1200,
    "MAX_WAITERS": 2,
    "WEBHOOKS_TO_PRIVATE": 0,
    "CORS_ORIGINS": "",
    "MAIL_URL": "",
    "MAIL_FROM": "",
    "REMIND_DAYS": "-14,-3,1,7",
}
_MAY_BE_ZERO = frozenset({"TRUSTED_PROXIES", "RATE_LIMIT", "MAX_WAITERS", "WEBHOOKS_TO_PRIVATE"})
REQUIRED: Mapping[str, str] = {
    "SECRET_KEY": "signs cursors and cookies, keys the throttle's hashes and webhooks' secrets; at least 32 characters",
    "JWT_KEYS_FILE": "the keys that sign tokens; `flask --app wsgi keys new` makes the file",
}
SECRET_LENGTH = 32


class ConfigError(click.ClickException):
    """A setting is missing or can't be used; the message says which and what it is for."""


def settings(overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The environment over the defaults, and `overrides` (of tests and commands) over both."""
    given = {name: os.environ[name] for name in (*DEFAULTS, *REQUIRED) if os.environ.get(name)}
    config: dict[str, Any] = {**DEFAULTS, **given, **(overrides or {})}
    missing = [f"{name} ({why})" for name, why in REQUIRED.items() if not config.get(name)]
    if missing:
        raise ConfigError("missing settings: " + "; ".join(missing))
    if len(config["SECRET_KEY"]) < SECRET_LENGTH:
        raise ConfigError(f"SECRET_KEY is shorter than {SECRET_LENGTH} characters")
    for name, default in DEFAULTS.items():
        if isinstance(default, int):
            config[name] = _whole(name, config[name], minimum=0 if name in _MAY_BE_ZERO else 1)
    if config["LOG_LEVEL"] not in logging.getLevelNamesMapping():
        raise ConfigError(f"LOG_LEVEL is no level: {config['LOG_LEVEL']!r}")
    config["CORS_ORIGINS"] = _origins(config["CORS_ORIGINS"])
    config["MAIL_URL"] = _mail_server(config["MAIL_URL"])
    config["REMIND_DAYS"] = _days(config["REMIND_DAYS"])
    if not _ADDRESS.fullmatch(config["MAIL_FROM"]) and (config["MAIL_FROM"] or config["MAIL_URL"]):
        raise ConfigError("MAIL_FROM is no address from which mails could come")
    return config


# No `*`: with credentials it would be anybody's page. No path, no wildcard, no IPv6 address.
_ORIGIN = re.compile(r"https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?")


def _origins(value: str) -> tuple[str, ...]:
    """Origins as browsers write them (RFC 6454 §6.2), parted by commas or blanks."""
    origins = tuple(re.findall(r"[^\s,]+", value))
    if wrong := [origin for origin in origins if not _ORIGIN.fullmatch(origin)]:
        raise ConfigError(
            f"CORS_ORIGINS: not an origin such as https://app.example: {', '.join(wrong)}"
        )
    return origins


@dataclass(frozen=True)
class MailServer:
    """Where mails are handed in (SMTP, RFC 5321), and whether in TLS from the start, after STARTTLS, or not at all."""

    host: str
    port: int
    tls: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)


_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
# By the scheme: the words that `tls` may have, the usual one first, and the port (RFC 6409 §3.1, RFC 8314 §7.3).
_MAIL_SCHEMES = {"smtp": (("starttls", "none"), 587), "smtps": (("implicit",), 465)}


def _mail_server(url: str) -> MailServer | None:
    """`smtp://user:password@host:587/?tls=starttls`, `…?tls=none` or `smtps://…`; without any, mails are kept.

    :raises ConfigError: which repeats nothing of it, for there may be a password in it
    """
    if not url:
        return None
    try:
        parts = urlsplit(url)
        words, usual = _MAIL_SCHEMES[parts.scheme]
        query = parse_qs(parts.query, strict_parsing=True) if parts.query else {}
        [tls] = query.pop("tls", [words[0]])
        port = parts.port or usual
    except (ValueError, KeyError):
        raise ConfigError(
            "MAIL_URL is neither smtp://… nor smtps://… as they are written"
        ) from None
    user, password = (unquote(one) if one else None for one in (parts.username, parts.password))
    if query or tls not in words or not parts.hostname or parts.path not in ("", "/"):
        raise ConfigError("MAIL_URL is not like smtp://user:password@host:587/?tls=starttls")
    if (user is None) != (password is None):
        raise ConfigError("MAIL_URL has a user without a password, or a password without a user")
    if user and tls == "none":
        raise ConfigError("MAIL_URL would send its password unencrypted")
    return MailServer(parts.hostname, port, tls, user, password)


DAYS_MOST = 365


def _days(value: str) -> tuple[int, ...]:
    """Days from a due date on, in their order; those before it are negative."""
    parts = re.findall(r"[^\s,]+", value)
    days = sorted({int(one) for one in parts if re.fullmatch("-?[0-9]{1,3}", one, re.ASCII)})
    if len(days) < len(parts) or any(abs(day) > DAYS_MOST for day in days):
        raise ConfigError(f"REMIND_DAYS: not days from a due date on, each once: {value!r}")
    return tuple(days)


def _whole(name: str, value: Any, minimum: int) -> int:
    if not re.fullmatch("[0-9]{1,12}", str(value), re.ASCII) or int(value) < minimum:
        raise ConfigError(f"{name} is not a whole number from {minimum} up: {value!r}")
    return int(value)
