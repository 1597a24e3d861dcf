"""Which edition of the writers makes the documents: another one may write other bytes of the same report."""

import hashlib
from importlib.metadata import version
from pathlib import Path

_LIBRARIES = ("babel", "jinja2", "python-docx", "typst", "xlsxwriter")
_SOURCES = {".css", ".html", ".json", ".py", ".typ"}


def _edition() -> str:
    """Digits of a hash over all that takes part in it, so that nobody has to remember to count it up."""
    here = Path(__file__).parent
    labels = here.parent.parent / "schemas" / "labels"
    found = hashlib.sha256("".join(version(name) for name in _LIBRARIES).encode())
    for folder in (here, labels):
        for path in sorted(path for path in folder.rglob("*") if path.suffix in _SOURCES):
            found.update(path.read_bytes())
    return found.hexdigest()


EDITION = _edition()
