"""Which providers take part in which project."""

from schemas.base import Row
from schemas.fields import Day, Reference


class Participation(Row):
    project_id = Reference("projects", required=True)
    provider_id = Reference("providers", required=True)
    joined_on = Day(load_default=None, allow_none=True)
