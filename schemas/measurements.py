"""Measurements: the actual value of an indicator for a period."""

from schemas.base import Record, optional_text
from schemas.fields import Day, Number, Reference


class Measurement(Record):
    sub_project_id = Reference("sub_projects", dump_only=True)
    indicator_id = Reference("indicators", required=True)
    period_id = Reference("periods", required=True)
    value = Number(required=True)
    measured_on = Day(load_default=None, allow_none=True)
    note = optional_text()
