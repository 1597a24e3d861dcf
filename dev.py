"""python3 dev.py serve [options of gunicorn]    starts the API; PORT=9000 moves it from port 8000
python3 dev.py test [options of pytest]       runs the tests; without options all, with coverage
python3 dev.py flask [command]                runs a command, such as migrate, keys new, openapi"""

import hashlib
import os
import secrets
import signal
import socket
import subprocess
import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036 - older ones come here to be told
    sys.exit("LAMPPU needs Python 3.11 or newer; this is Python " + sys.version.split()[0])

PYTHON, PORT = ".venv/bin/python", os.environ.get("PORT", "8000")
FLASK, TESTS = [PYTHON, "-m", "flask", "--app", "wsgi"], ["-n", "auto", "--cov"]


def run(*command: str, advice: str = "") -> None:
    print("·", *command, flush=True)
    if code := subprocess.run(command, check=False).returncode:
        sys.exit(advice or code)


def install(*locks: str) -> None:
    """Bring `.venv` to the first of these lock files, which includes the others."""
    hashes = [hashlib.sha256(Path(lock).read_bytes()).hexdigest() for lock in locks]
    if (installed := Path(".venv/installed")).exists() and hashes[0] in installed.read_text():
        return
    if not Path(".venv/bin/pip").exists():
        run(sys.executable, "-m", "venv", ".venv", advice="On Debian: apt install python3-venv")
    run(PYTHON, "-m", "pip", "install", "-q", "--require-hashes", "-r", locks[0])
    installed.write_text("\n".join(hashes))


os.chdir(Path(__file__).resolve().parent)
signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C needs no traceback
command, options = " ".join(sys.argv[1:2]), sys.argv[2:]
if command == "serve" and not socket.socket().connect_ex(("127.0.0.1", int(PORT))):
    sys.exit(f"Port {PORT} is in use; PORT=9000 python3 dev.py serve takes another.")
if command in ("serve", "flask"):
    install("requirements.txt")
    os.umask(0o077)  # secrets and database are for this user's eyes only
    (secret := Path("instance/secret-key")).parent.mkdir(exist_ok=True)
    secret.exists() or secret.write_text(secrets.token_urlsafe(48))
    made = {"SECRET_KEY": secret.read_text(), "JWT_KEYS_FILE": "instance/jwt-keys.json"}
    os.environ |= made | {"PUBLIC_URL": f"http://127.0.0.1:{PORT}"} | os.environ
    run(*FLASK, *(["sample"] if command == "serve" else options))
    if command == "serve":
        web = f"gunicorn -k gthread -w 2 --threads 4 --no-control-socket --limit-request-line 8190 -b 127.0.0.1:{PORT}"
        subprocess.Popen([*FLASK, "work", "--beside", str(os.getpid())])  # which gunicorn becomes
        os.execv(PYTHON, [PYTHON, "-m", *web.split(), "wsgi:app", *options])
elif command == "test":
    install("requirements-dev.txt", "requirements.txt")
    os.execv(PYTHON, [PYTHON, "-m", "pytest", *(options or TESTS)])
else:
    sys.exit(__doc__)
