"""How far sub-projects have come, and what plan indicators come to over all providers: numbers, and nobody's words."""

from enum import StrEnum

from marshmallow import fields

from schemas import vocabulary as v
from schemas.base import Schema, words
from schemas.deadlines import DeadlineCounts
from schemas.fields import Choice, Number, Part, QueryWhole, Reference, Text, Whole
from schemas.reports import Completeness


class Aggregate(StrEnum):
    """How the values of several providers become one: percentages are never added up."""

    SUM = "sum"
    MEAN = "mean"


_CURSOR = {"description": "`next` of the page before, by the same caller and filters"}


class TotalsQuery(Schema):
    limit = QueryWhole(1, 20, load_default=10, metadata={"description": "Items a page"})
    cursor = Text(v.POSITION_LENGTH, load_default=None, metadata=_CURSOR)


class ProjectTotalsQuery(TotalsQuery):
    programme_id = Reference("programmes", load_default=None)


class OverviewQuery(Schema):
    limit = QueryWhole(1, 100, load_default=50, metadata={"description": "Items a page"})
    cursor = Text(v.POSITION_LENGTH, load_default=None, metadata=_CURSOR)
    project_id = Reference("projects", load_default=None)
    programme_id = Reference("programmes", load_default=None)


class IndicatorOverviewQuery(OverviewQuery):
    period_id = Reference("periods", load_default=None)


class PeriodCompleteness(Completeness):
    """The cells of one period: as many as there are goals."""

    period_id = Reference("periods", dump_only=True)
    period_code = Text(v.CODE_LENGTH, dump_only=True)


class ReportCounts(Schema):
    """How many reports are in which state."""

    draft = Whole(0, v.COUNT_MAX, dump_only=True)
    submitted = Whole(0, v.COUNT_MAX, dump_only=True)
    returned = Whole(0, v.COUNT_MAX, dump_only=True)
    accepted = Whole(0, v.COUNT_MAX, dump_only=True)


class SubProjectCompleteness(Schema):
    """How far a sub-project has come: its goals by all periods of its project, and its reports."""

    sub_project_id = Reference("sub_projects", dump_only=True)
    project_id = Reference("projects", dump_only=True)
    provider_id = Reference("providers", dump_only=True)
    provider_name = Text(
        v.NAME_LENGTH, dump_only=True, metadata={"description": "Whose it is, by name."}
    )
    goals = Whole(0, v.COUNT_MAX, dump_only=True, metadata={"description": "How many goals."})
    completeness = Part(Completeness, dump_only=True)
    periods = fields.List(Part(PeriodCompleteness), dump_only=True)
    reports = Part(ReportCounts, dump_only=True)


class _Totals(Schema):
    """What sub-projects come to together."""

    sub_projects = Whole(
        0, v.COUNT_MAX, dump_only=True, metadata={"description": "How many sub-projects."}
    )
    goals = Whole(0, v.COUNT_MAX, dump_only=True, metadata={"description": "How many goals."})
    completeness = Part(Completeness, dump_only=True)
    reports = Part(ReportCounts, dump_only=True)
    deadlines = Part(DeadlineCounts, dump_only=True)


class ProjectTotals(_Totals):
    """How far a project has come: all of its sub-projects together."""

    project_id = Reference("projects", dump_only=True)
    programme_id = Reference("programmes", dump_only=True)
    acronym = Text(v.CODE_LENGTH, dump_only=True)
    name = words(dump_only=True)
    periods = fields.List(Part(PeriodCompleteness), dump_only=True)


class ProgrammeTotals(_Totals):
    """How far a programme has come: all of its projects together."""

    programme_id = Reference("programmes", dump_only=True)
    name = words(dump_only=True)
    projects = Whole(0, v.COUNT_MAX, dump_only=True, metadata={"description": "How many projects."})


_NEXT = {"description": "The `cursor` of the page that follows; null on the last."}


class CompletenessOverviewPage(Schema):
    """Some of the sub-projects, in the order in which they were made."""

    items = fields.List(Part(SubProjectCompleteness), required=True)
    next = fields.String(required=True, allow_none=True, metadata=_NEXT)


class ProjectTotalsPage(Schema):
    """Some of the projects, in the order in which they were made."""

    items = fields.List(Part(ProjectTotals), required=True)
    next = fields.String(required=True, allow_none=True, metadata=_NEXT)


class ProgrammeTotalsPage(Schema):
    """Some of the programmes, in the order in which they were made."""

    items = fields.List(Part(ProgrammeTotals), required=True)
    next = fields.String(required=True, allow_none=True, metadata=_NEXT)


class PeriodSum(Schema):
    """What an indicator came to in a period, over all providers that measured it in the plan's unit."""

    period_id = Reference("periods", dump_only=True)
    period_code = Text(v.CODE_LENGTH, dump_only=True)
    providers = Whole(
        0,
        v.COUNT_MAX,
        dump_only=True,
        metadata={"description": "How many providers' values are in `actual`."},
    )
    measurements = Whole(
        0, v.COUNT_MAX, dump_only=True, metadata={"description": "How many values are in it."}
    )
    other_units = Whole(
        0,
        v.COUNT_MAX,
        dump_only=True,
        metadata={"description": "How many values are in none of this: they have another unit."},
    )
    baseline = Number(
        dump_only=True,
        allow_none=True,
        metadata={"description": "The providers' own, of those that measured and have one."},
    )
    baselines = Whole(
        0, v.COUNT_MAX, dump_only=True, metadata={"description": "How many are in `baseline`."}
    )
    target = Number(
        dump_only=True,
        allow_none=True,
        metadata={"description": "The providers' own, of those that measured and have one."},
    )
    targets = Whole(
        0, v.COUNT_MAX, dump_only=True, metadata={"description": "How many are in `target`."}
    )
    actual = Number(
        dump_only=True, allow_none=True, metadata={"description": "The measured values."}
    )
    share_of_target = Number(
        dump_only=True,
        allow_none=True,
        metadata={
            "description": "How much of the way from baseline to target has been gone: 1 is there. Of those that have "
            "both; of an indicator that shall grow, those without a baseline begin at 0."
        },
    )


class IndicatorOverview(Schema):
    """An indicator of the plan, and what it came to in each period in which somebody measured it."""

    project_indicator_id = Reference("project_indicators", dump_only=True)
    project_id = Reference("projects", dump_only=True)
    code = Text(v.CODE_LENGTH, dump_only=True)
    name = words(dump_only=True)
    unit = Text(v.CODE_LENGTH, dump_only=True, allow_none=True)
    direction = Choice(v.Direction, dump_only=True)
    baseline = Number(dump_only=True, allow_none=True, metadata={"description": "The plan's."})
    target = Number(dump_only=True, allow_none=True, metadata={"description": "The plan's."})
    aggregate = Choice(Aggregate, dump_only=True)
    periods = fields.List(Part(PeriodSum), dump_only=True)


class IndicatorOverviewPage(Schema):
    """Some of the plan's indicators, in the order in which they were made."""

    items = fields.List(Part(IndicatorOverview), required=True)
    next = fields.String(required=True, allow_none=True, metadata=_NEXT)
