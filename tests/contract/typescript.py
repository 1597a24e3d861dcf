"""The TypeScript types of the contract, `openapi/lamppu.ts`: made from the document as openapi-typescript makes them.

The command is the one that `openapi/guides/browsers.md` tells. `python -m tests.contract.typescript` writes it.
"""

import tempfile
from pathlib import Path

from tests import npm
from tests.server import ROOT

DOCUMENT, TYPES = ROOT / "openapi" / "lamppu.json", ROOT / "openapi" / "lamppu.ts"
PACKAGES = ("openapi-typescript@7.13.0", "typescript@5.9.3")
OPTIONS = ("--default-non-nullable=false", "--root-types", "--root-types-no-schema-prefix")


def generated(workshop: Path) -> str:
    """The types of the committed document.

    :param workshop: a folder with the packages in it
    """
    done = npm.run(workshop, "openapi-typescript", DOCUMENT, *OPTIONS, "-o", "types.ts")
    assert done.returncode == 0, done.stdout + done.stderr
    return (workshop / "types.ts").read_text(encoding="utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        npm.run(Path(folder), "npm", "install", "--no-audit", "--no-fund", *PACKAGES)
        TYPES.write_text(generated(Path(folder)), encoding="utf-8")
