"""Education providers (koulutuksen järjestäjä): the tenants."""

from schemas import vocabulary as v
from schemas.base import Row
from schemas.fields import Choice, Entries, Key, Text


class Provider(Row):
    name = Key(v.NAME_LENGTH, required=True)
    short_name = Key(v.CODE_LENGTH, load_default=None, allow_none=True)
    kind = Choice(v.ProviderKind, load_default=v.ProviderKind.OTHER.value)
    business_id = Text(
        9, v.BUSINESS_ID, "Not a business ID, like 1234567-1.", load_default=None, allow_none=True
    )
    oid = Text(100, v.OID, "Not an OID, like 1.2.246.562.10.1.", load_default=None, allow_none=True)
    colleges = Entries(Text(v.NAME_LENGTH))
