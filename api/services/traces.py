"""What imports have written, row by row, kept for some days: by it one can be undone."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from api.base import now
from api.models.imports import Import, ImportRow
from api.scope import SCOPE_PROVIDER, Session, insert_all, scoped
from api.services import sweeps
from api.services.conflicts import flush
from api.services.elements import Element

KEPT = timedelta(days=30)
ROWS: Any = ImportRow.__table__


@dataclass
class Trace:
    """What one import writes, noted as it goes."""

    import_id: uuid.UUID = field(default_factory=uuid7)
    written: int = 0

    def note(self, session: Session, elements: Sequence[Element]) -> None:
        """Keep what was there before these elements, which have just been written in this order."""
        noted = [
            {
                "import_id": self.import_id,
                "position": position,
                "resource": element.stem,
                "row_id": element.key,
                "version": element.before["version"] + 1 if element.before else 1,
                "before": element.kept or None,
            }
            for position, element in enumerate(elements, self.written)
        ]
        insert_all(session, ROWS, noted)
        self.written += len(noted)

    def end(
        self,
        session: Session,
        counts: Mapping[str, Mapping[str, int]],
        sub_project_id: uuid.UUID | None = None,
    ) -> Import:
        """The import, when all of it is written. What is kept no longer goes, as fast as new rows come."""
        done = Import(id=self.import_id, sub_project_id=sub_project_id, counts=counts)
        session.add(done)
        flush(session)
        _sweep(session, self.written + sweeps.AT_ONCE)
        return done


def of(import_id: uuid.UUID, table: Any = ROWS) -> sa.ColumnElement[bool]:
    """The condition that holds the rows of an import."""
    return sa.and_(table.c.provider_id == SCOPE_PROVIDER, table.c.import_id == import_id)


def _sweep(session: Session, most: int) -> None:
    old = sa.select(ROWS.c.import_id, ROWS.c.position)
    old = old.where(ROWS.c.provider_id == SCOPE_PROVIDER, ROWS.c.import_id < _first(now() - KEPT))
    some = sa.select(old.limit(most).with_for_update(skip_locked=True).cte("some"))
    key = sa.tuple_(ROWS.c.import_id, ROWS.c.position)
    mine = ROWS.c.provider_id == SCOPE_PROVIDER
    session.execute(scoped(sa.delete(ROWS).where(mine, key.in_(some))), {})


def _first(moment: datetime) -> uuid.UUID:
    """Before every id of that moment (RFC 9562 §5.7)."""
    return uuid.UUID(int=int(moment.timestamp() * 1000) << 80)
