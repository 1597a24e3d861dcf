from collections.abc import Iterator

import pytest

from tests import sample
from tests.sample import Sample


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    """With a worker, which some of the guides' commands need."""
    folder = tmp_path_factory.mktemp("sample")
    with sample.serving(folder) as serving, sample.working(folder):
        yield serving
