"""By how much the server grows while it works."""

import contextlib
import threading
from collections.abc import Iterator

import psutil


class Grown:
    """The most that the processes of the server have grown by so far."""

    def __init__(self) -> None:
        self._processes = psutil.Process().children(recursive=True)
        self._before, self.megabytes = self._resident(), 0.0

    def look(self) -> None:
        self.megabytes = max(self.megabytes, (self._resident() - self._before) / 1e6)

    def _resident(self) -> int:
        total = 0
        for process in self._processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                if "python" in process.name():
                    total += process.memory_info().rss
        return total


@contextlib.contextmanager
def growing() -> Iterator[Grown]:
    grown, over = Grown(), threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            grown.look()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield grown
    finally:
        over.set()
        watcher.join()
