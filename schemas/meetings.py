"""Meetings (kokous): who of the provider attended or was excused, and what was done instead."""

from schemas import vocabulary as v
from schemas.base import Record, Schema, optional_line, optional_text
from schemas.fields import Choice, Entries, Part, Reference, References, Text
from schemas.project_meetings import Occasion


class Participant(Schema):
    """One person's part in a meeting. Personal data."""

    contact_id = Reference("contacts", load_default=None, allow_none=True)
    name = Text(v.NAME_LENGTH, required=True)
    job_title = optional_line()
    attendance = Choice(v.Attendance, load_default=v.Attendance.ATTENDED.value)
    reason = optional_text()
    done_instead = optional_text()


class Meeting(Record, Occasion):
    sub_project_id = Reference("sub_projects", required=True)
    project_meeting_id = Reference("project_meetings", load_default=None, allow_none=True)
    body = optional_line()
    field = optional_line()
    attendance = Choice(v.Attendance, load_default=None, allow_none=True)
    reason = optional_text()
    done_instead = optional_text()
    notes = optional_text()
    participants = Entries(Part(Participant))
    goal_ids = References("goals")


class MeetingTakeOver(Schema):
    """Which of the plan's meetings to take over; all of the project's when none is named."""

    sub_project_id = Reference("sub_projects", required=True)
    project_meeting_ids = References("project_meetings", load_default=None, allow_none=True)


class MeetingsTaken(Schema):
    """The meetings that were taken over by this call."""

    items = Entries(Part(Meeting))
