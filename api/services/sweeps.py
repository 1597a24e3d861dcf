"""What counts no more is deleted some rows at a time, by whoever writes next: no such table grows for ever."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

AT_ONCE = 100


def some(key: InstrumentedAttribute[Any], *past: Any) -> Any:
    """The keys of a few rows for the IN of a DELETE, without those that another transaction has locked.

    In a common table expression: PostgreSQL may ask a plain subquery once for every row of the table around it, and
    each time SKIP LOCKED finds others, so that LIMIT bounds nothing.

    :param past: which rows; without it the oldest, where the key is an id that begins with the time (RFC 9562 §5.7)
    """
    keys = sa.select(key).where(*past).limit(AT_ONCE).with_for_update(skip_locked=True)
    return sa.select((keys if past else keys.order_by(key)).cte("some"))
