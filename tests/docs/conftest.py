from collections.abc import Iterator

import pytest

from tests import sample
from tests.sample import Sample


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    with sample.serving(tmp_path_factory.mktemp("sample")) as serving:
        yield serving
