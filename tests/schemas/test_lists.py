"""Parameters of lists, made from the fields of a resource."""

import pytest

from schemas.base import Record
from schemas.fields import Flag, QueryFlag, Text, Whole
from schemas.lists import list_query


class Risk(Record):
    open = Flag(load_default=True)
    level = Whole(1, 5)
    owner = Text(40)


def test_a_filter_lets_in_what_its_field_may_hold_and_no_more() -> None:
    query = list_query(Risk, ("open", "owner"), ())
    assert isinstance(query.fields["open"], QueryFlag)
    assert query.load({"open": "true"})["open"] is True
    assert query.validate({"open": "banana"}).keys() == {"open"}
    assert query.validate({"owner": "x" * 41}).keys() == {"owner"}


def test_a_filter_of_a_kind_that_no_list_knows_fails_when_the_routes_are_made() -> None:
    with pytest.raises(TypeError, match="level"):
        list_query(Risk, ("level",), ())
