"""People signing in. A sign-in is a family of refresh tokens, each good for one use; one used twice ends the family."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from uuid_utils.compat import uuid4

from api.access import Caller
from api.base import Identifier, Moment, now
from api.lane import Lane
from api.models.users import LoginSession, User, email_key
from api.problems import Fault, Invalid, Unauthenticated
from api.scope import Session
from api.services import passwords, sweeps

# One statement on each request: built once, and of columns, which cost less than classes.
_user, _session = User.__table__.c, LoginSession.__table__.c
_SIGNED_IN = sa.select(
    _user.id, _user.name, _user.role, _user.provider_id, _session.id.label("session_id")
).where(
    _session.id == sa.bindparam("sid", type_=Identifier()),
    _session.user_id == _user.id,
    _session.revoked_at.is_(None),
    _session.expires_at > sa.bindparam("now", type_=Moment()),
    _user.id == sa.bindparam("sub", type_=Identifier()),
    _user.active,
)


@dataclass(frozen=True)
class Login:
    """A family of refresh tokens as it stands: `jti` names the one that may be used next."""

    caller: Caller
    jti: uuid.UUID
    expires_at: datetime


class WrongCredentials(Unauthenticated):
    """One answer for a wrong password, no such account and one not in use."""

    code, title = "wrong_credentials", "Email or password is wrong"
    keeps_writes = True  # the failure counts

    def __init__(self) -> None:
        super().__init__(given=False)


class WrongPassword(Invalid):
    keeps_writes = True  # the failure counts


class Reused(Unauthenticated):
    """Two hold the same refresh token, one of them a thief; nobody knows which, so both must sign in again."""

    code, title = "refresh_token_reused", "This refresh token has been used before; sign in again"
    keeps_writes = True  # the family is revoked


def find(session: Session, email: str) -> User | None:
    return session.scalar(sa.select(User).where(User.email_key == email_key(email)))


def proven(user: User | None, password: str) -> bool:
    """Whether this password opens this account; takes the same time when there is no account to open."""
    return passwords.verified(password, user.password_hash if user and user.active else None)


def begin(session: Session, user: User, password: str, days: int) -> Login:
    """Start a family for a user whose password has just been proven.

    :param user: as read when the password was proven
    :param days: how long until the password is asked for again, however often tokens are refreshed
    :raises WrongCredentials: password or account have changed since then
    """
    kept = user.password_hash or ""
    changed = {"password_hash": passwords.hashed(password)} if passwords.outdated(kept) else {}
    touched = sa.update(User).where(User.id == user.id, User.password_hash == kept, User.active)
    # Not through the object: a sign-in is no version of the account, and no conflict for who edits it.
    touched = touched.values(last_login_at=now(), **changed)
    if not session.scalar(touched.returning(User.id)):
        raise WrongCredentials
    _sweep(session)
    family = LoginSession(
        user_id=user.id, refresh_jti=uuid4(), expires_at=now() + timedelta(days=days)
    )
    session.add(family)
    session.flush()
    person = Caller(user.id, "user", user.name, user.role, frozenset(), user.provider_id, family.id)
    return Login(person, family.refresh_jti, family.expires_at)


def _sweep(session: Session) -> None:
    """Delete some families that have run out; the oldest come first by id, so there is little to look through."""
    session.execute(
        sa.delete(LoginSession).where(
            LoginSession.id.in_(sweeps.some(LoginSession.id)), LoginSession.expires_at <= now()
        ),
        execution_options={"synchronize_session": False},
    )


def caller(reader: Lane, sub: uuid.UUID, sid: uuid.UUID) -> Caller | None:
    """The person behind a token, when account and sign-in still stand."""
    found = reader.mappings(_SIGNED_IN, {"sub": sub, "sid": sid, "now": now()})
    return Caller(kind="user", scopes=frozenset(), **found[0]) if found else None


def refresh(session: Session, person: Caller, jti: uuid.UUID) -> Login:
    """Change this refresh token for the next.

    :raises Reused: it had been used already; its family is revoked
    """
    family = sa.update(LoginSession).where(
        LoginSession.id == person.session_id, LoginSession.revoked_at.is_(None)
    )
    following = uuid4()
    # Check and change in one statement: of two who come at once, the second finds another jti.
    taken = family.where(LoginSession.refresh_jti == jti).values(refresh_jti=following)
    expires_at = session.scalar(taken.returning(LoginSession.expires_at))
    if expires_at is None:
        session.execute(family.values(revoked_at=now()))
        raise Reused("This refresh token has been used before; sign in again.")
    return Login(person, following, expires_at)


def end(session: Session, session_id: uuid.UUID) -> None:
    _revoke(session, LoginSession.id == session_id)


def end_all(session: Session, user_id: uuid.UUID) -> None:
    """Sign a user out everywhere, from the next request on."""
    _revoke(session, LoginSession.user_id == user_id)


def _revoke(session: Session, which: sa.ColumnElement[bool]) -> None:
    revoked = sa.update(LoginSession).where(which, LoginSession.revoked_at.is_(None))
    session.execute(revoked.values(revoked_at=now()))


def change_password(session: Session, user: User, current: str, new: str) -> None:
    """Set a user's own new password, and sign him out everywhere.

    :raises WrongPassword: the current one is another
    :raises Invalid: the new one is weak
    """
    if not passwords.verified(current, user.password_hash):
        raise WrongPassword(
            faults=[Fault("wrong_password", "Not your password.", "/current_password")]
        )
    passwords.refuse_weak(new, user.email, "/new_password")
    user.password_hash = passwords.hashed(new)
    user.updated_at = now()
    session.flush()  # the row first: a sign-in at this moment waits for it, then finds another password
    end_all(session, user.id)
