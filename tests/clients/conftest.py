"""Generated from the committed document, as those who call the API would: a client in TypeScript, and code for it."""

import re
import shutil
from pathlib import Path

import pytest

from api.documents import guides
from tests import npm
from tests.contract import typescript

GUIDE = (guides.FOLDER / "browsers.md").read_text(encoding="utf-8")
HERE = Path(__file__).parent
PACKAGES = (*typescript.PACKAGES, "openapi-fetch@0.17.0")
TSC = (
    "--strict --noUncheckedIndexedAccess --exactOptionalPropertyTypes --noUnusedLocals --target es2022 --module esnext "
    "--moduleResolution bundler --rewriteRelativeImportExtensions --outDir ../built"
)
MODULE = re.compile(r"^```ts\n(// (\S+)\n.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page, the modules of the guide and the exercise, compiled as strictly as it goes."""
    workshop = npm.workshop(tmp_path_factory, "typescript", *PACKAGES)
    sources, made = workshop / "sources", workshop / "built"
    sources.mkdir()
    shutil.copytree(HERE / "page", made)
    for path in (HERE / "exercise.ts", HERE / "page" / "main.ts"):
        shutil.copy(path, sources)
    for text, name in MODULE.findall(GUIDE):
        (sources / name).write_text(text, encoding="utf-8")
    (sources / "lamppu.ts").write_text(typescript.generated(workshop), encoding="utf-8")
    done = npm.run(workshop, "sh", "-c", f"cd sources && tsc {TSC} *.ts")
    assert done.returncode == 0, done.stdout + done.stderr
    (made / "package.json").write_text('{"type": "module"}')
    shutil.copy(workshop / "node_modules/openapi-fetch/dist/index.mjs", made / "openapi-fetch.js")
    return made
