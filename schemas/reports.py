"""Reports (raportti): which periods a report covers, and the form compiled from the records."""

from schemas import vocabulary as v
from schemas.base import Record, optional_line
from schemas.fields import Choice, Day, Reference, References


class Report(Record):
    sub_project_id = Reference("sub_projects", required=True)
    kind = Choice(v.ReportKind, load_default=v.ReportKind.FINAL.value)
    title = optional_line()
    language = Choice(v.Language, load_default=v.Language.FI.value)
    report_date = Day(
        load_default=None,
        allow_none=True,
        metadata={"description": "The date the author gives; not the time of submission."},
    )
    contact_id = Reference("contacts", load_default=None, allow_none=True)
    period_ids = References("periods")
    state = Choice(v.ReportState, dump_only=True)
