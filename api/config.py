"""Settings, all from the environment. What is secret has no default: the application refuses to start without it."""

import logging
import os
import re
from collections.abc import Mapping
from typing import Any

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


def _whole(name: str, value: Any, minimum: int) -> int:
    if not re.fullmatch("[0-9]{1,12}", str(value), re.ASCII) or int(value) < minimum:
        raise ConfigError(f"{name} is not a whole number from {minimum} up: {value!r}")
    return int(value)
