"""Chromium without a window, for tests of pages; without it they skip aloud, but in CI."""

import contextlib
import shutil
from collections.abc import Iterator

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests import npm

# Without those about the network it looks for hosts of its own at every start.
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
# A machine that runs many tests at once is slow; what does come is not waited for.
expect.set_options(timeout=30_000)


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """The Chromium of this machine."""
    found = shutil.which("chromium") or npm.absent("no Chromium here")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS.split())
        yield browser
        browser.close()


class Watched:
    """A new page of its own context, and what it asked for and complained about."""

    def __init__(self, browser: Browser):
        self.page: Page = browser.new_context().new_page()
        self.requests: list[str] = []
        self.answers: list[tuple[str, str, int]] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda said: self._said(said.type, said.text))
        self.page.on("response", lambda r: self.answers.append((r.request.method, r.url, r.status)))

    def _said(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)
