"""The TypeScript types of the contract, `openapi/lamppu.ts`: made from the document as openapi-typescript makes them.

Without the document's examples, which would fill a quarter of the file.
`python -m tests.contract.typescript` writes it.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

from tests import npm
from tests.server import ROOT

DOCUMENT, TYPES = ROOT / "openapi" / "lamppu.json", ROOT / "openapi" / "lamppu.ts"
PACKAGES = ("openapi-typescript@7.13.0", "typescript@5.9.3")
OPTIONS = ("--default-non-nullable=false", "--root-types", "--root-types-no-schema-prefix")


def generated(workshop: Path) -> str:
    """The types of the committed document.

    :param workshop: a folder with the packages in it
    """
    document = _without_examples(json.loads(DOCUMENT.read_text(encoding="utf-8")))
    (workshop / "bare.json").write_text(json.dumps(document), encoding="utf-8")
    done = npm.run(workshop, "openapi-typescript", "bare.json", *OPTIONS, "-o", "types.ts")
    assert done.returncode == 0, done.stdout + done.stderr
    return (workshop / "types.ts").read_text(encoding="utf-8")


def _without_examples(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_examples(one) for one in node]
    if isinstance(node, dict):
        return {name: _without_examples(one) for name, one in node.items() if name != "example"}
    return node


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        npm.run(Path(folder), "npm", "install", "--no-audit", "--no-fund", *PACKAGES)
        TYPES.write_text(generated(Path(folder)), encoding="utf-8")
