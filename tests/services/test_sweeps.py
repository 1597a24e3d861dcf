"""Sweeping takes no more rows than it should, however the database goes about it."""

import sqlalchemy as sa
from flask import Flask

from api.models.users import LoginFailure
from api.services import sweeps


def test_never_more_rows_than_asked_whatever_the_plan(app: Flask, engine: str) -> None:
    """A nested loop asks what stands on its inner side again for every row of the outer one."""
    with app.extensions["database"].session() as session:
        if engine == "postgresql":
            for other in ("hashagg", "hashjoin", "mergejoin", "sort", "material"):
                session.connection().exec_driver_sql(f"SET LOCAL enable_{other} = off")
        session.add_all(LoginFailure(bucket="x") for _ in range(3 * sweeps.AT_ONCE))
        session.flush()
        swept = sa.delete(LoginFailure).where(
            LoginFailure.id.in_(sweeps.some(LoginFailure.id, LoginFailure.bucket == "x"))
        )
        session.execute(swept, execution_options={"synchronize_session": False})
        left = session.scalar(sa.select(sa.func.count()).select_from(LoginFailure))
    assert left == 2 * sweeps.AT_ONCE
