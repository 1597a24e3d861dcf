"""The field's words, and the lengths and ranges that schemas and tables share."""

from datetime import date
from enum import StrEnum

NAME_LENGTH = 200
LINE_LENGTH = 500
TEXT_LENGTH = 10_000
EXTERNAL_ID_LENGTH = 200
HEADER_LENGTH = 8000  # of tags to compare; most servers take no longer line
CODE_LENGTH = 40
EMAIL_LENGTH = 254  # RFC 5321 §4.5.3.1.3, less the angle brackets
PASSWORD_MIN, PASSWORD_MAX = 12, 200

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 12, 31)
POSITION_MAX = 10_000
# Of where to go on: ours have some 70 or 150. Many more, percent-encoded, are past the request line that servers take.
POSITION_LENGTH = 300
COUNT_MAX = 1_000_000_000
# 11 digits before the point and 4 after it: a double holds every such number exactly as written.
NUMBER_LIMIT, NUMBER_DECIMALS = 99_999_999_999, 4
CHILDREN_MAX = 500

PERIOD_CODE = r"^[0-9]{4}-(spring|autumn|year)$"
CODE = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
CLOCK_TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
BUSINESS_ID = r"^[0-9]{7}-[0-9]$"
OID = r"^[0-2](\.(0|[1-9][0-9]*))+$"
# No \s and no dot in these: Python and the browser's ECMA-262 do not mean the same by them.
# No character belongs to two parts of it, so that no text makes the matching go back and forth.
EMAIL = r"^[^@\x00-\x20\x7f-\x9f]+@[^@.\x00-\x20\x7f-\x9f]+(\.[^@.\x00-\x20\x7f-\x9f]+)+$"
PASSWORD = rf"^[^\x00-\x08\x0a-\x1f\x7f-\x9f]{{{PASSWORD_MIN},}}$"
# What fields.Text, Day and Id let in, for those who read JSON Schema. Every part of TEXT stops where the next begins,
# so that no text takes a matcher more than one way through. Half a surrogate pair is no text, and no JSON.
_BLANKS = r"\t\n\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_CONTROLS = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f"
TEXT = rf"^[{_BLANKS}]*[^{_BLANKS}{_CONTROLS}][^{_CONTROLS}]*$"
# What base.own_name lets in, by how it begins: with blanks, with a dot, or with anything else but a slash.
# U+FFFD stands for bytes that were no UTF-8; in a path nobody could tell.
_UNFIT = r"\u0000-\u001f\u007f-\u009f\ufffd"
_SPACES = r" \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
EXTERNAL_ID = (
    rf"^([{_SPACES}]+[^{_SPACES}{_UNFIT}]|\.[^.{_UNFIT}]|\.\.[^{_UNFIT}]|[^{_SPACES}{_UNFIT}/.])"
    rf"[^{_UNFIT}]*$"
)
YEAR = "(19[0-9]{2}|2[01][0-9]{2}|2200)"
DAY = rf"^{YEAR}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
# RFC 3339 §5.6, with the capital letters that everybody writes; offsets as they are, seconds that every clock has.
MOMENT = (
    rf"^{YEAR}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
# RFC 9110 §13.1.1, in ASCII as ours are; a list may have empty places (§5.6.1.2).
_ETAG = r'(W/)?"[!#-~]*"'
ETAG_LIST = rf"^[ \t,]*{_ETAG}([ \t]*,[ \t,]*{_ETAG})*[ \t,]*$"
ETAGS = rf"^\*$|{ETAG_LIST}"
# RFC 3986 in ASCII: no user, no fragment, an international name as `xn--…`.
URL = (
    r"^https?://([A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?"
    r"([/?]([A-Za-z0-9._~!\x24&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?$"
)
UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"

LINES = rf"^[^{_CONTROLS}]*$"
STEM = r"^[a-z]+(_[a-z]+)*$"


class Language(StrEnum):
    FI = "fi"
    SV = "sv"
    EN = "en"


class ProviderKind(StrEnum):
    JOINT_MUNICIPAL_AUTHORITY = "joint_municipal_authority"
    MUNICIPALITY = "municipality"
    LIMITED_COMPANY = "limited_company"
    FOUNDATION = "foundation"
    STATE = "state"
    OTHER = "other"


class Role(StrEnum):
    VIEWER = "viewer"
    EDITOR = "editor"
    MANAGER = "manager"
    REVIEWER = "reviewer"
    ADMIN = "admin"


class Scope(StrEnum):
    """What an API client may be allowed (RFC 6749 §3.3)."""

    PLAN_READ = "plan:read"
    PLAN_WRITE = "plan:write"
    RECORDS_READ = "records:read"
    RECORDS_WRITE = "records:write"


class Progress(StrEnum):
    """Past facts and promises stand side by side in a report; this keeps which is which."""

    PLANNED = "planned"
    ONGOING = "ongoing"
    DONE = "done"


class ResultKind(StrEnum):
    ACTIVITY = "activity"
    OUTCOME = "outcome"
    NOTHING_TO_REPORT = "nothing_to_report"
    NOT_APPLICABLE = "not_applicable"


class CellState(StrEnum):
    FILLED = "filled"
    NOTHING_TO_REPORT = "nothing_to_report"
    NOT_APPLICABLE = "not_applicable"
    MISSING = "missing"


class Direction(StrEnum):
    """Which way an indicator ought to move."""

    INCREASE = "increase"
    DECREASE = "decrease"
    MAINTAIN = "maintain"


class MeetingKind(StrEnum):
    KICK_OFF = "kick_off"
    NETWORK_MEETING = "network_meeting"
    BENCHMARKING_VISIT = "benchmarking_visit"
    CLOSING_SEMINAR = "closing_seminar"
    ADVISORY_BOARD = "advisory_board"
    MANAGEMENT_TEAM = "management_team"
    OTHER = "other"


class MeetingMode(StrEnum):
    ON_SITE = "on_site"
    REMOTE = "remote"
    HYBRID = "hybrid"


class MeetingStatus(StrEnum):
    PLANNED = "planned"
    HELD = "held"
    CANCELLED = "cancelled"


class Attendance(StrEnum):
    EXPECTED = "expected"
    ATTENDED = "attended"
    EXCUSED = "excused"


class DatePrecision(StrEnum):
    """How exactly a date is known; `period` says only in which reporting period it fell."""

    PERIOD = "period"
    MONTH = "month"
    DAY = "day"
    MINUTE = "minute"


class Recurrence(StrEnum):
    ONCE = "once"
    HALF_YEARLY = "half_yearly"
    YEARLY = "yearly"
    CONTINUOUS = "continuous"


class RespondentGroup(StrEnum):
    STUDENTS = "students"
    TEACHERS = "teachers"
    WORKPLACE_REPRESENTATIVES = "workplace_representatives"
    EMPLOYERS = "employers"
    GUARDIANS = "guardians"
    STAFF = "staff"
    OTHER = "other"


class FeedbackSource(StrEnum):
    """The body or group that gave feedback."""

    ADVISORY_BOARD = "advisory_board"
    MANAGEMENT_TEAM = "management_team"
    STEERING_GROUP = "steering_group"
    STUDENTS = "students"
    TEACHERS = "teachers"
    WORKPLACE_REPRESENTATIVES = "workplace_representatives"
    STAKEHOLDERS = "stakeholders"
    OTHER = "other"


class ActionState(StrEnum):
    OPEN = "open"
    PLANNED = "planned"
    DONE = "done"
    DECLINED = "declined"


class DeliverableKind(StrEnum):
    MODEL = "model"
    DESCRIPTION = "description"
    PLAN = "plan"
    SURVEY = "survey"
    MATERIAL = "material"
    OTHER = "other"


class DeliverableStage(StrEnum):
    """A deliverable's way into use: to the management team, into the units, into the daily work."""

    HANDED_OVER = "handed_over"
    CONSIDERED = "considered"
    ROLLED_OUT = "rolled_out"
    EMBEDDED = "embedded"


class ReportKind(StrEnum):
    INTERIM = "interim"
    FINAL = "final"


class ReportState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    ACCEPTED = "accepted"


class ReportAction(StrEnum):
    """A step in the life of a report."""

    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    RETURN = "return"
    ACCEPT = "accept"
    REOPEN = "reopen"


class DisabledReason(StrEnum):
    """Why a webhook was set out of use."""

    GONE = "gone"
    FAILING = "failing"
    KEY_CHANGED = "key_changed"


class DeliveryError(StrEnum):
    """Why a webhook's receiver gave no answer."""

    UNRESOLVED = "unresolved"
    NOT_PUBLIC = "not_public"
    UNREACHABLE = "unreachable"
    UNTRUSTED = "untrusted"
    TIMED_OUT = "timed_out"
    NO_ANSWER = "no_answer"
