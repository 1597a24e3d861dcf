"""What stands against a report before it is submitted."""

import uuid

from flask import Response

from api.answers import conditional, json_response
from api.context import language, reach
from api.resources import life
from api.services import checks
from api.services.deadlines import today
from api.translations import said
from schemas import checks as contract
from schemas.vocabulary import Language

blp = life.blp


@blp.route("/<uuid:key>/check")
@blp.doc(operationId="checkReport")
@blp.response(200, contract.ReportCheck)
def check(key: uuid.UUID) -> Response:
    """Check a report: what is missing, and what does not fit together

    A blocker refuses the submission: `submit` answers 409 `incomplete` with the same pointers. A warning is for people
    to judge. Each finding says where the report shows it (`pointer`), and which row and field to mend; what is missing
    is to be made, in the goal and period that it names. `detail` is in the language that Accept-Language asks for, or
    else in English.
    """
    with life.of_report(key) as (reader, row):
        found = checks.check(reader, reach(), row, today()).shown()
    spoken = language() or Language.EN.value
    for one in found["items"]:
        one["detail"] = said(one["detail"], spoken)
    response = json_response(found)
    response.headers["Content-Language"] = spoken
    response.vary.add("Accept-Language")
    return conditional(response)
