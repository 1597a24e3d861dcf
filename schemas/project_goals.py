"""The goals (tavoite) that a project's condensed description sets for all who take part."""

from schemas.base import Row, ordinal, plan_code, words
from schemas.fields import Reference


class ProjectGoal(Row):
    project_id = Reference("projects", required=True)
    code = plan_code()
    position = ordinal()
    text = words(required=True)
