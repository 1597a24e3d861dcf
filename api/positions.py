"""Places in the log of changes as callers hold them: opaque, signed, and of no use to anyone else."""

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

from api.context import caller
from api.problems import Fault, Invalid
from api.services.changes import Position


def written(position: Position) -> str:
    """As it stands in `next`, in `after`, and within the quotes of an ETag."""
    return str(_signer().dumps(position))


def read(text: str, parameter: str = "after") -> Position:
    """:raises Invalid: it was not written for this caller"""
    try:
        return Position(*_signer().loads(text))
    except BadSignature as error:
        fault = Fault("wrong_position", "Not a position of this caller's.", parameter=parameter)
        raise Invalid(faults=[fault]) from error


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=f"changes|{caller().id}")
