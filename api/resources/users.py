"""People who sign in."""

from typing import Any

from api.blueprint import Blueprint
from api.context import caller, session
from api.crud import register
from api.models.users import User
from api.services import users

blp = Blueprint("users", access="users", url_prefix="/api/v1/users", description=__doc__)


def _prepare(data: dict[str, Any], user: User | None) -> None:
    users.prepare(session(), caller(), data, user)


register(
    blp,
    User,
    filters=("provider_id", "role", "email"),
    prepare=_prepare,
    refuses=(users.OwnAccount,),
)
