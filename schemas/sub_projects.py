"""Sub-projects (osahanke): one provider's part of a project."""

from schemas.base import Record, optional_line, optional_text
from schemas.fields import Reference


class SubProject(Record):
    project_id = Reference("projects", required=True)
    contact_id = Reference("contacts", load_default=None, allow_none=True)
    name = optional_line()
    description = optional_text()
