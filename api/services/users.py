"""Rules about accounts: nobody saws off the branch he sits on, and what a change takes away is gone at once."""

from typing import Any

from marshmallow import ValidationError

from api import wire
from api.access import Caller
from api.models.users import User, email_key
from api.problems import Fault, Invalid, Problem
from api.scope import Session
from api.services import logins, passwords
from api.services.conflicts import flush
from schemas import users as contract
from schemas import vocabulary as v
from schemas.fields import Worded


class OwnAccount(Problem):
    status, code, title = 409, "own_account", "You can't do this to your own account"


def prepare(session: Session, caller: Caller, data: dict[str, Any], user: User | None) -> None:
    """Before an account is made, changed or deleted (without data).

    What a manager may make of whom needs no rule here: his right ends at his provider, and its roles end at manager.

    :raises OwnAccount: one's own role, provider, account, or password past the question for the current one
    :raises Invalid: the password is weak, or the role has no provider
    """
    if data and data["role"] in contract.PROVIDER_ROLES:
        data["provider_id"] = data["provider_id"] or caller.provider_id
        if data["provider_id"] is None:
            mismatch = contract.ROLE_MISMATCH
            raise Invalid(faults=[Fault(mismatch.code, mismatch, "/role")])
    if user and user.id == caller.id:
        _spare_oneself(data, user)
    if not data:
        return
    if len(email_key(data["email"])) > v.EMAIL_LENGTH:  # folding can lengthen it: ß becomes ss
        text = Worded("Longer than {max}.", max=v.EMAIL_LENGTH)
        raise Invalid(faults=[Fault("too_long", text, "/email")])
    if password := data.pop("password", None):
        passwords.refuse_weak(password, data["email"], "/password")
        data["password_hash"] = passwords.hashed(password)
    if user and (password or not data["active"]):
        logins.end_all(session, user.id)


def _spare_oneself(data: dict[str, Any], user: User) -> None:
    if not data:
        raise OwnAccount("Somebody else has to delete it.")
    if data.get("password"):
        raise OwnAccount("POST /api/v1/auth/password changes your own password.")
    kept = {"role": user.role, "provider_id": user.provider_id, "active": user.active}
    if lost := [name for name, value in kept.items() if data[name] != value]:
        faults = [Fault("own_account", "Somebody else has to change this.", f"/{n}") for n in lost]
        raise OwnAccount(faults=faults)


def create_admin(session: Session, email: str, name: str, password: str | None = None) -> str:
    """Make an operator's account from the command line; give its password, a random one when none was given.

    :raises Duplicate: the address has an account
    :raises Invalid: this is no address or no name, or the password is weak
    """
    try:
        contract.User.writable().load({"email": email, "name": name, "role": v.Role.ADMIN.value})
    except ValidationError as error:
        raise Invalid(faults=wire.faults(error.messages)) from error
    if password:
        passwords.refuse_weak(password, email, "/password")
    password = password or passwords.random()
    kept = passwords.hashed(password)
    session.add(User(email=email, name=name, role="admin", active=True, password_hash=kept))
    flush(session)
    return password
