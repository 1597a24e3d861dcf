"""Rules about accounts that no route shows."""

import pytest
from flask import Flask

from api.problems import Duplicate, Invalid
from api.services import users
from tests.accounts import ME, PASSWORD, Browser


def create_admin(app: Flask, email: str, password: str | None = None) -> str:
    with app.extensions["database"].session() as session:
        made = users.create_admin(session, email, "Operator", password)
        session.commit()
    return made


def test_the_first_admin_signs_in_with_the_random_password_he_is_shown(app: Flask) -> None:
    password = create_admin(app, "Operator@example.org")
    browser = Browser(app)
    assert browser.login("operator@example.org", password).status_code == 200
    assert browser.open(ME).get_json()["role"] == "admin"


def test_the_first_admin_may_choose_a_password(app: Flask) -> None:
    assert create_admin(app, "operator@example.org", PASSWORD) == PASSWORD
    assert Browser(app).login("operator@example.org").status_code == 200


def test_the_first_admin_may_not_choose_a_weak_one(app: Flask) -> None:
    with pytest.raises(Invalid):
        create_admin(app, "operator@example.org", "password1234")


def test_an_address_has_one_account(app: Flask) -> None:
    create_admin(app, "operator@example.org")
    with pytest.raises(Duplicate):
        create_admin(app, "OPERATOR@example.org")
