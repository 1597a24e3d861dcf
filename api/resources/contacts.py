"""Contact persons of a provider."""

from api.blueprint import Blueprint
from api.crud import register
from api.models.contacts import Contact

blp = Blueprint("contacts", access="contacts", url_prefix="/api/v1/contacts", description=__doc__)
register(blp, Contact, filters=("provider_id", "external_id"))
