"""Reports (raportti): which periods a report covers, and the form compiled from the records."""

from enum import StrEnum

from schemas import vocabulary as v
from schemas.base import Record, Schema, optional_line
from schemas.contacts import Contact
from schemas.deliverables import Deliverable, Delivery
from schemas.disseminations import Dissemination
from schemas.feedback import Feedback
from schemas.fields import (
    Choice,
    Day,
    Entries,
    Part,
    QueryMoment,
    Reference,
    References,
    Text,
    Whole,
)
from schemas.goals import Goal
from schemas.indicators import Indicator
from schemas.measurements import Measurement
from schemas.meetings import Meeting
from schemas.periods import Period
from schemas.programmes import Programme
from schemas.projects import Project
from schemas.providers import Provider
from schemas.results import Result
from schemas.sub_projects import SubProject
from schemas.surveys import Survey
from schemas.versions import PreviouslyReported


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
    period_ids = References(
        "periods", metadata={"description": "Which periods it covers; all of them when empty."}
    )
    state = Choice(v.ReportState, dump_only=True)


class ReportFormat(StrEnum):
    JSON = "json"
    HTML = "html"
    PDF = "pdf"
    DOCX = "docx"
    XLSX = "xlsx"
    CSV = "csv"


class VersionQuery(Schema):
    format = Choice(ReportFormat, load_default=None)
    language = Choice(v.Language, load_default=None)


class ReportQuery(VersionQuery):
    as_of = QueryMoment(
        load_default=None,
        metadata={
            "description": "The version that stood at that moment, as it was frozen, not the report as it is now "
            "(RFC 3339; write `+` as `%2B`)"
        },
    )


class Placed(Schema):
    """Which period a record counts for: the one it names, or the one its day falls in."""

    cell_period_id = Reference("periods", dump_only=True, allow_none=True)


class CellMeasurement(Measurement):
    indicator = Part(Indicator, dump_only=True)


class CellDissemination(Dissemination, Placed):
    of = Text(v.LINE_LENGTH, dump_only=True, allow_none=True)


class CellMeeting(Meeting, Placed):
    """As its own resource shows it."""


class CellSurvey(Survey, Placed):
    """As its own resource shows it."""


class CellFeedback(Feedback, Placed):
    meeting = Part(CellMeeting, dump_only=True, allow_none=True)
    about_title = Text(v.LINE_LENGTH, dump_only=True, allow_none=True)


class CellDelivery(Delivery):
    meeting = Part(CellMeeting, dump_only=True, allow_none=True)


class CellDeliverable(Deliverable, Placed):
    based_on = Text(v.LINE_LENGTH, dump_only=True, allow_none=True)
    deliveries = Entries(Part(CellDelivery), dump_only=True)


class Cited(Schema):
    """Records that may cite several goals."""

    meetings = Entries(Part(CellMeeting), dump_only=True)
    surveys = Entries(Part(CellSurvey), dump_only=True)
    disseminations = Entries(Part(CellDissemination), dump_only=True)
    feedback = Entries(Part(CellFeedback), dump_only=True)
    deliverables = Entries(Part(CellDeliverable), dump_only=True)


class Cell(Cited):
    """What was reported for one goal in one period."""

    period_id = Reference("periods", dump_only=True)
    period_code = Text(v.CODE_LENGTH, dump_only=True)
    state = Choice(v.CellState, dump_only=True)
    results = Entries(Part(Result), dump_only=True)
    measurements = Entries(Part(CellMeasurement), dump_only=True)
    previously_reported = Part(
        PreviouslyReported,
        dump_only=True,
        allow_none=True,
        metadata={
            "description": "What an earlier report said, where that is something else; null where nothing differs."
        },
    )


class ReportFormGoal(Goal):
    cells = Entries(Part(Cell), dump_only=True)


class Unplaced(Cited):
    """Records that cite no goal, or whose day falls in no period."""


class Completeness(Schema):
    """How many cells are in which state."""

    cells = Whole(0, v.COUNT_MAX, dump_only=True)
    filled = Whole(0, v.COUNT_MAX, dump_only=True)
    nothing_to_report = Whole(0, v.COUNT_MAX, dump_only=True)
    not_applicable = Whole(0, v.COUNT_MAX, dump_only=True)
    missing = Whole(0, v.COUNT_MAX, dump_only=True)


class ReportForm(Schema):
    """The paper form's content: header, and the table of goals by periods."""

    programme = Part(Programme, dump_only=True)
    project = Part(Project, dump_only=True)
    provider = Part(Provider, dump_only=True)
    sub_project = Part(SubProject, dump_only=True)
    contact = Part(Contact, dump_only=True, allow_none=True)
    periods = Entries(Part(Period), dump_only=True)
    goals = Entries(Part(ReportFormGoal), dump_only=True)
    unplaced = Part(Unplaced, dump_only=True)
    completeness = Part(Completeness, dump_only=True)


class CompiledReport(Report):
    form = Part(ReportForm, dump_only=True)
