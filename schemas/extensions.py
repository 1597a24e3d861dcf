"""Extensions: a later due date of a period for one provider, with the reason."""

from schemas import vocabulary as v
from schemas.base import Row
from schemas.fields import Day, Reference, Text


class Extension(Row):
    project_id = Reference("projects", dump_only=True)
    period_id = Reference("periods", required=True)
    provider_id = Reference("providers", required=True)
    due_on = Day(required=True, metadata={"description": "Later than the period's own due date."})
    reason = Text(
        v.TEXT_LENGTH,
        required=True,
        metadata={"description": "All who take part in the project may read it: name nobody."},
    )
