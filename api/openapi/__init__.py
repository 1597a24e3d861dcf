"""The OpenAPI document: made from the routes and schemas, so that it says what the code does.

`assembly` puts it together; `catalog` makes components of our schemas, `refusals` of our problems; `components` holds
what operations share; `operations` tells each what its route knows; `links`, `examples` and `wording` do as they are
called.
"""

from api.openapi.assembly import document

__all__ = ["document"]
