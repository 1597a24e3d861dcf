"""A project's report: the accepted reports of all its sub-projects in one."""

from schemas import vocabulary as v
from schemas.base import Schema
from schemas.fields import Choice, Entries, Moment, Part, Reference, Text, Whole
from schemas.programmes import Programme
from schemas.projects import Project
from schemas.providers import Provider
from schemas.reports import CompiledReport


class JoinedReport(Schema):
    """An accepted report in the version that was accepted, as it was frozen."""

    number = Whole(1, v.COUNT_MAX, dump_only=True, metadata={"description": "Of the version."})
    submitted_at = Moment(metadata={"description": "When that version was submitted."})
    accepted_at = Moment(metadata={"description": "When it was accepted."})
    sha256 = Text(64, dump_only=True, metadata={"description": "In hexadecimal digits."})
    report = Part(CompiledReport, dump_only=True)


class JoinedSubProject(Schema):
    """A sub-project with its accepted reports: the final one, or else the interim ones."""

    sub_project_id = Reference("sub_projects", dump_only=True)
    provider_id = Reference("providers", dump_only=True)
    provider_name = Text(
        v.NAME_LENGTH, dump_only=True, metadata={"description": "Whose it is, by name."}
    )
    name = Text(v.LINE_LENGTH, dump_only=True, allow_none=True)
    state = Choice(
        v.ReportState,
        dump_only=True,
        allow_none=True,
        metadata={
            "description": "How far its reports have come: the state of the foremost; null without any."
        },
    )
    reports = Entries(Part(JoinedReport), dump_only=True)


class ProjectReport(Schema):
    """The reports of a project in one, sub-project by sub-project in the order of their providers' names."""

    programme = Part(Programme, dump_only=True)
    project = Part(Project, dump_only=True)
    coordinator = Part(Provider, dump_only=True)
    sub_projects = Entries(Part(JoinedSubProject), dump_only=True)
