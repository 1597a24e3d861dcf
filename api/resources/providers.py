"""Education providers: the tenants."""

from typing import Any

from stdnum.exceptions import ValidationError
from stdnum.fi import ytunnus

from api.blueprint import Blueprint
from api.crud import register
from api.models.providers import Provider
from api.problems import Fault, Invalid

blp = Blueprint(
    "providers", access="providers", url_prefix="/api/v1/providers", description=__doc__
)


def _check_business_id(data: dict[str, Any], _: Provider | None) -> None:
    if data.get("business_id"):
        try:
            ytunnus.validate(data["business_id"])
        except ValidationError as error:
            fault = Fault("wrong_check_digit", "The check digit does not fit.", "/business_id")
            raise Invalid(faults=[fault]) from error


register(
    blp,
    Provider,
    filters=("business_id", "oid", "kind"),
    prepare=_check_business_id,
)
