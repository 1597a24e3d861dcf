"""The network's calendar: the meetings (kokous) that a project holds for all who take part."""

import typing as t

import marshmallow as ma

from schemas import vocabulary as v
from schemas.base import Dated, Row, optional_line, plan_code
from schemas.fields import Choice, Coded, Flag, Reference, Text


class Occasion(Dated):
    """What, where and when: the same for a meeting in the plan and in a provider's record."""

    kind = Choice(v.MeetingKind, required=True)
    title = optional_line()
    mode = Choice(v.MeetingMode, load_default=None, allow_none=True)
    platform = optional_line()
    place = optional_line()
    host = optional_line()
    open_to_all = Flag(load_default=False)
    status = Choice(v.MeetingStatus, load_default=v.MeetingStatus.HELD.value)
    start_time = Text(
        5, v.CLOCK_TIME, "Not a time of day, like 09:30.", load_default=None, allow_none=True
    )
    end_time = Text(
        5, v.CLOCK_TIME, "Not a time of day, like 09:30.", load_default=None, allow_none=True
    )

    @ma.validates_schema
    def _ends_after_it_starts(self, data: dict[str, t.Any], **_: t.Any) -> None:
        start, end = data.get("start_time"), data.get("end_time")
        if end and (not start or end < start):
            raise ma.ValidationError(
                [Coded("before_start", "Before {first}.", first="start_time")], "end_time"
            )


class ProjectMeeting(Row, Occasion):
    project_id = Reference("projects", required=True)
    code = plan_code()
