"""The codes of faults, which say what was wrong with one field, parameter or header."""

from enum import StrEnum

import marshmallow as ma


class FaultCode(StrEnum):
    """Tells faults apart, and never changes; new ones may come.

    `meaning` is a sentence for whoever programs against it; what people read is the fault's `detail`.
    """

    meaning: str

    def __new__(cls, code: str, meaning: str) -> "FaultCode":
        member = str.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    AMBIGUOUS = "ambiguous", "Several rows go by this name."
    BEFORE_START = "before_start", "An end comes before its beginning."
    BLANK = "blank", "A text without a visible character; send null for none."
    CHANGED_SINCE = "changed_since", "An import can't be undone: this row of it has changed since."
    CYCLE = "cycle", "By way of others the row would lead back to itself."
    DATE_MISSING = "date_missing", "The precision, or a start time, needs a date."
    DATE_NOT_ALLOWED = "date_not_allowed", "The precision `period` has no date."
    DUPLICATE = "duplicate", "Another row has this value, of which there may be one."
    ERROR_VALUE = "error_value", "A cell that shows an error of the spreadsheet."
    FILTER_REQUIRED = (
        "filter_required",
        "An order among siblings needs a filter by what they belong to.",
    )
    FORBIDDEN = "forbidden", "The caller may not do this."
    FORBIDDEN_CHARACTER = "forbidden_character", "A control character that texts may not have."
    FORMULA = "formula", "A formula, where a value has to be."
    GONE = "gone", "An import can't be undone: this row of it, or one to be referred to, is gone."
    IMMUTABLE = "immutable", "This can't be changed once the row is made."
    IN_USE = "in_use", "Other rows refer to this one."
    INVALID = "invalid", "Not valid, for a reason that has no code of its own."
    INVALID_JSON = "invalid_json", "A line that is not JSON."
    KEY_REUSED = "key_reused", "The Idempotency-Key was sent before with another request."
    LOCKED = "locked", "The row stands behind a report that is submitted or accepted."
    MERGED_CELLS = "merged_cells", "Cells that are merged, where each has to have its own value."
    MISMATCH = "mismatch", "The body says other than the path."
    MISSING_FOR_KIND = "missing_for_kind", "Required with this `kind`."
    MORE_THAN_INVITED = "more_than_invited", "More have answered than were invited."
    NO_FIELD = "no_field", "Text of an edited report that stands in none of its fields."
    NO_LANGUAGE = "no_language", "A text needs at least one language."
    NOT_A_FORM = "not_a_form", "No report of ours, or none that can be read."
    NOT_A_TABLE = "not_a_table", "No table, or none from here on."
    NOT_FOR_FORM = "not_for_form", "This means nothing in an export of this form."
    NOT_FOR_KIND = "not_for_kind", "Not allowed with this `kind`."
    NOT_FOR_METHOD = "not_for_method", "An operation of a batch with this method has no body."
    NOT_FOR_PAGES = "not_for_pages", "A report as a document takes neither `fields` nor `expand`."
    NOT_FOR_VERSIONS = (
        "not_for_versions",
        "A version comes whole: `as_of` goes with neither `fields` nor `expand`.",
    )
    NOT_FOUND = "not_found", "There is no such row, or none that the caller may refer to."
    NOT_IN_BATCH = "not_in_batch", "This operation must be sent by itself."
    NOT_LATER = "not_later", "An extension that extends nothing."
    NOT_NORMALISED = "not_normalised", "A name that is not in Unicode normal form C."
    NOT_PUBLIC = "not_public", "No webhook is sent there: only by https, and to public addresses."
    NOT_UTF8 = "not_utf8", "The percent-encoded bytes are not UTF-8."
    NULL = "null", "Null, where there has to be a value."
    ONE_SUBJECT = "one_subject", "Exactly one of two references has to be given."
    OTHER_PROJECT = "other_project", "Refers to a row of another project."
    OTHER_SUB_PROJECT = "other_sub_project", "Refers to a row of another sub-project."
    OUT_OF_RANGE = "out_of_range", "A number or a day outside its bounds."
    OWN_ACCOUNT = "own_account", "Nobody may change this in the account that they use."
    PERIOD_MISSING = "period_missing", "The precision `period` needs a period."
    READ_ONLY = "read_only", "The system writes this; leave it out."
    REFERRED_TO = "referred_to", "An import can't be undone: `by` refers to this row of it."
    REMOVED = (
        "removed",
        "Text of a record that an edited report no longer has; a document deletes nothing.",
    )
    REPEATED = "repeated", "Stands twice, where once is all it may."
    REQUIRED = "required", "Missing, and it has no default."
    ROLE_MISMATCH = "role_mismatch", "The role and the provider do not fit together."
    STALE = "stale", "The row has changed since it was read, and this field would change."
    TIME_MISMATCH = "time_mismatch", "A start time goes with the precision `minute`, and only so."
    TOO_LONG = "too_long", "Longer than its bound."
    TOO_LONG_FOR_CELL = "too_long_for_cell", "A value that no cell of a workbook holds."
    TOO_MANY_DECIMALS = "too_many_decimals", "More decimals than are kept."
    TOO_MANY_FIELDS = "too_many_fields", "An element with more members than one may have."
    TOO_MANY_ROWS = "too_many_rows", "More rows than there may be at once."
    TOO_MANY_TO_EXPAND = (
        "too_many_to_expand",
        "What is asked to be embedded is too much for one page.",
    )
    TOO_SHORT = "too_short", "Shorter than its bound."
    UNESCAPED_PLUS = "unescaped_plus", "A `+` in the query stands for a blank; write `%2B`."
    UNKNOWN_FIELD = "unknown_field", "There is no such field or parameter here."
    UNKNOWN_MEMBER = "unknown_member", "The answer that a batch refers to has no such member."
    UNKNOWN_NAME = "unknown_name", "No row, field or member goes by this name."
    UNKNOWN_OPERATION = "unknown_operation", "No earlier operation of the batch has this id."
    UNKNOWN_WORD = "unknown_word", "Not a word of the vocabulary."
    WEAK_PASSWORD = "weak_password", "A password that is easily guessed."
    WRONG_CHECK_DIGIT = "wrong_check_digit", "The check digit of a business ID does not fit."
    WRONG_CURSOR = "wrong_cursor", "Not a cursor of this list, these filters and this caller."
    WRONG_FORMAT = "wrong_format", "Not written as values of this kind are."
    WRONG_LENGTH = "wrong_length", "Fewer or more than there may be."
    WRONG_PASSWORD = "wrong_password", "Not the caller's present password."
    WRONG_POSITION = "wrong_position", "Not a position in the log that this caller was given."
    WRONG_REFERENCE = "wrong_reference", "No reference of a batch, or not where one may stand."
    WRONG_TYPE = "wrong_type", "Not of the JSON type that the field has."
    WRONG_WIDTH = "wrong_width", "More or fewer cells than the head of the table has."


class Fault(ma.Schema):
    """As the answers of imports have it, whose problem it is only in part; every problem has it too."""

    row = ma.fields.Integer()
    column = ma.fields.String()
    value = ma.fields.String()
    pointer = ma.fields.String()
    code = ma.fields.String(required=True)
    detail = ma.fields.String(required=True)
