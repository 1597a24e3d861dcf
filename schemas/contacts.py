"""Contact persons (yhteyshenkilö). Personal data: no more than the form needs."""

import typing as t

from schemas import vocabulary as v
from schemas.base import Record, optional_line
from schemas.fields import Key, Text


def email_address(**kwargs: t.Any) -> Key:
    return Key(v.EMAIL_LENGTH, v.EMAIL, "Not an email address.", **kwargs)


class Contact(Record):
    name = Text(v.NAME_LENGTH, required=True)
    job_title = optional_line()
    email = email_address(load_default=None, allow_none=True)
    phone = Text(v.CODE_LENGTH, load_default=None, allow_none=True)
    postal_address = optional_line()
