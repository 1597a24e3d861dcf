"""A report's DOCX or workbook that somebody has edited by hand, read again: which texts stand in it, and where.

Texts are told apart by what the document itself carries: content controls with the names of fields as tags, or a hidden
column of such names. Nothing that the document says of itself is believed here; whose rows they are is for others.
"""

from collections.abc import Mapping
from typing import IO
from uuid import UUID

from api.documents import edited_sheets, manifest, workbooks
from api.documents.edited_docx import Document
from api.documents.edited_texts import Edited
from api.documents.texts import CATALOGUES
from api.problems import Fault, Invalid, TooLarge
from schemas.fields import Worded

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def read(media: str, file: IO[bytes], most: int) -> Edited | None:
    """:return: None where it is no report that we have given out
    :raises Invalid, TooLarge: it can't be read
    """
    made = _begun(workbooks.properties(file, most))
    if made is None:
        return None
    if media == DOCX:
        Document(made).read(file, most)
    else:
        edited_sheets.read(made, file, most)
    return made


def read_document(file: IO[bytes], most: int) -> Edited:
    """A DOCX, which can only be a report. :raises Invalid: it is none of ours"""
    try:
        if made := read(DOCX, file, most):
            return made
    except TooLarge as problem:
        raise TooLarge("The document is too large when it is unpacked.") from problem
    except Invalid as problem:
        if all(fault.code != "not_a_table" for fault in problem.faults):
            raise
        text = Worded("Not a document (DOCX) that can be read; perhaps one with a password.")
        raise Invalid(faults=[Fault("not_a_form", text)]) from problem
    text = Worded("Not a report of ours: it does not say which report it is.")
    raise Invalid(faults=[Fault("not_a_form", text)])


def _begun(properties: Mapping[str, str]) -> Edited | None:
    told = properties.get("lamppu_report")
    if told is None:
        return None
    try:
        key = UUID(told)
    except ValueError as error:
        text = Worded("Not a report of ours: it does not say which report it is.")
        raise Invalid(faults=[Fault("not_a_form", text)]) from error
    language = properties.get("lamppu_language", "")
    given_out, said = manifest.read(properties), manifest.read_said(properties)
    return Edited(key, language if language in CATALOGUES else "fi", given_out, said)
