"""Due dates: of a sub-project, period by period, and how many of a project were met."""

import uuid
from collections import defaultdict

from flask import Response

from api.access import Reach
from api.answers import conditional, json_response
from api.context import database, reach, session
from api.models.periods import Period
from api.problems import NotFound
from api.resources import projects as project_table
from api.resources import sub_projects as sub_project_table
from api.services import deadlines as service
from api.services.deadlines import Deadline
from api.view import view_of
from schemas import deadlines as contract

# At whose addresses they stand.
projects, sub_projects = project_table.resource, sub_project_table.resource
PERIODS = view_of(Period)


@sub_projects.blp.route("/<uuid:key>/deadlines", endpoint="deadlines")
@sub_projects.blp.doc(operationId="getSubProjectDeadlines")
@sub_projects.blp.response(200, contract.Deadlines)
def of_sub_project(key: uuid.UUID) -> Response:
    """Read when the reports of a sub-project are due, and which were in time

    A day ends at midnight in Finland. The first submission counts, unless it was withdrawn: a return takes nothing away
    from it.
    """
    with sub_projects.reading() as reader:
        if sub_projects.view.row(reader, reach(), key, frozenset({"id"})) is None:
            raise NotFound
        found = service.of_sub_project(reader, key)
    day = service.today()
    return conditional(json_response({"items": [one.told(day) for one in found]}))


@projects.blp.route("/<uuid:key>/deadlines", endpoint="deadlines", action="oversee")
@projects.blp.doc(operationId="getProjectDeadlines")
@projects.blp.response(200, contract.ProjectDeadlines)
def of_project(key: uuid.UUID) -> Response:
    """Read how many sub-projects of a project have reported in time

    For the ministry, and for the people of the provider that coordinates the project: numbers, and nobody's records.
    """
    project_table.must_reach(key)
    periods = PERIODS.rows(session(), Reach.EVERY, {"project_id": key})
    with database().all_providers() as everyones:
        found = service.of_project(everyones, key)
    day, by_period = service.today(), defaultdict[uuid.UUID, list[Deadline]](list)
    for one in found:
        by_period[one.period_id].append(one)
    told = [
        {"period_id": period["id"], "period_code": period["code"], "due_on": period["due_on"]}
        | service.counts(by_period[period["id"]], day)
        for period in sorted(periods, key=lambda period: (period["first_day"], period["id"]))
    ]
    return conditional(json_response({**service.counts(found, day), "periods": told}))
