"""People and machines who sign in: their rows, and a browser that keeps cookies and comes from somewhere."""

import uuid
from typing import Any, TypeVar

from flask import Flask
from werkzeug.test import TestResponse

from api.base import Base
from api.context import database
from api.models.clients import Client
from api.models.providers import Provider
from api.models.users import User
from api.services import clients, passwords

PUBLIC_URL = "https://lamppu.test"
PASSWORD = "a lamp beside the harbour"
HASH = passwords.hashed(PASSWORD)
LOGIN, REFRESH, ME = "/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/auth/me"


Stored = TypeVar("Stored", bound=Base)


def stored(app: Flask, row: Stored) -> Stored:
    with app.app_context(), database().session() as session:
        session.add(row)
        session.commit()
    return row


def new_provider(app: Flask, **values: Any) -> uuid.UUID:
    given = {"name": "Satamaopisto", "kind": "foundation", "colleges": []} | values
    return stored(app, Provider(**given)).id


def new_user(app: Flask, email: str = "aino@example.org", **values: Any) -> User:
    """A manager of a provider of his own, or a reviewer or admin of none."""
    given = {"name": "Aino", "role": "admin", "active": True, "password_hash": HASH} | values
    if given["role"] not in ("reviewer", "admin"):
        given.setdefault("provider_id", new_provider(app))
    return stored(app, User(email=email, **given))


def new_client(app: Flask, scopes: list[str], **values: Any) -> tuple[str, str]:
    """A client, by its id and a secret."""
    client = Client(name="A script", scopes=scopes, active=True, **values)
    with app.app_context(), database().session() as session:
        session.add(client)
        session.flush()
        secret = clients.new_secret(session, client, 0, 365)
        session.commit()
    return str(client.id), secret


class Browser:
    """Keeps its cookies, comes from an address, and carries the access token it was given last."""

    def __init__(self, app: Flask, address: str = "192.0.2.1"):
        self.client, self.address, self.token = app.test_client(), address, ""

    def open(self, path: str, method: str = "GET", **kwargs: Any) -> TestResponse:
        kwargs.setdefault("headers", {"Authorization": f"Bearer {self.token}"})
        origin = {"base_url": PUBLIC_URL, "environ_base": {"REMOTE_ADDR": self.address}}
        return self.client.open(path, method=method, **origin, **kwargs)

    def login(self, email: str = "aino@example.org", password: str = PASSWORD) -> TestResponse:
        credentials = {"email": email, "password": password}
        return self._taken(self.open(LOGIN, "POST", headers={}, json=credentials))

    def refresh(self, headers: dict[str, str] | None = None) -> TestResponse:
        given = {"X-CSRF-TOKEN": self.cookie("csrf_refresh_token", "/")}
        return self._taken(
            self.open(REFRESH, "POST", headers=given if headers is None else headers)
        )

    def _taken(self, response: TestResponse) -> TestResponse:
        if response.status_code == 200:
            self.token = response.get_json()["access_token"]
        return response

    def cookie(self, name: str, path: str = "/api/v1/auth") -> str:
        found = self.client.get_cookie(name, "lamppu.test", path)
        return found.value if found else ""

    def keep(self, name: str, value: str) -> None:
        self.client.set_cookie(name, value, domain="lamppu.test", path="/api/v1/auth")


def signed_in(app: Flask, email: str = "aino@example.org", **values: Any) -> Browser:
    """The browser of a new user who has just signed in."""
    new_user(app, email, **values)
    browser = Browser(app)
    assert browser.login(email).status_code == 200
    return browser


def code(response: TestResponse) -> tuple[int, str]:
    """Status and code of a problem."""
    assert response.content_type == "application/problem+json"
    return response.status_code, response.get_json()["code"]
