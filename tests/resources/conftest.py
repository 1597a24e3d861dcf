import pytest
from flask import Flask

from tests.examples import Bench


@pytest.fixture
def bench(app: Flask) -> Bench:
    return Bench(app)
