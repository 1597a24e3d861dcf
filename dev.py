"""python3 dev.py serve [options of gunicorn]    starts the API; PORT=9000 moves it from port 8000
python3 dev.py test [options of pytest]       runs the tests; without options all, with coverage"""

import hashlib
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - older ones come here to be told
    sys.exit("LAMPPU needs Python 3.11 or newer; this is Python " + sys.version.split()[0])

PYTHON = ".venv/bin/python"


def run(*command: str, advice: str = "") -> None:
    print("·", *command, flush=True)
    if subprocess.run(command, check=False).returncode:
        sys.exit(advice or 1)


def install(*locks: str) -> None:
    """Bring `.venv` to the first of these lock files, which includes the others."""
    hashes = [hashlib.sha256(Path(lock).read_bytes()).hexdigest() for lock in locks]
    if (installed := Path(".venv/installed")).exists() and hashes[0] in installed.read_text():
        return
    if not Path(".venv/bin/pip").exists():
        run(sys.executable, "-m", "venv", ".venv", advice="On Debian: apt install python3-venv")
    run(PYTHON, "-m", "pip", "install", "-q", "--require-hashes", "-r", locks[0])
    installed.write_text("\n".join(hashes))


def prepare(secret: Path, port: str) -> None:
    """Make the secrets and the database where they are missing, for this user's eyes only."""
    os.umask(0o077)
    secret.parent.mkdir(exist_ok=True)
    if not secret.exists():
        secret.write_text(secrets.token_urlsafe(48))
    os.environ.setdefault("SECRET_KEY", secret.read_text())
    os.environ.setdefault("PUBLIC_URL", f"http://127.0.0.1:{port}")
    keys = Path(os.environ.setdefault("JWT_KEYS_FILE", "instance/jwt-keys.json"))
    for command in ([] if keys.exists() else ["keys new"]) + ["sample"]:
        run(PYTHON, "-m", "flask", "--app", "wsgi", *command.split())


os.chdir(Path(__file__).resolve().parent)
signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C needs no traceback
if sys.argv[1:2] == ["serve"]:
    install("requirements.txt")
    prepare(Path("instance/secret-key"), port := os.environ.get("PORT", "8000"))
    server = f"-k gthread --workers 2 --threads 4 --no-control-socket --bind 127.0.0.1:{port}"
    os.execv(PYTHON, [PYTHON, "-m", "gunicorn", *server.split(), "wsgi:app", *sys.argv[2:]])
elif sys.argv[1:2] == ["test"]:
    install("requirements-dev.txt", "requirements.txt")
    tests = sys.argv[2:] or ["-n", "auto", "--maxprocesses", "4", "--cov"]
    os.execv(PYTHON, [PYTHON, "-m", "pytest", *tests])
sys.exit(__doc__)
