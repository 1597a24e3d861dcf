"""python3 benchmarks/run.py [--help]         how fast LAMPPU is, beside a floor and beside its peers
python3 benchmarks/run.py bulk [--help]    the same of exports and imports
python3 benchmarks/run.py documents [--help]    what documents of reports cost

Sets up `benchmarks/.venv`, which is its own, and measures; the tables it prints are Markdown."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PYTHON, LOCK, INSTALLED = (
    HERE / name for name in (".venv/bin/python", "requirements.txt", ".venv/installed")
)

os.chdir(HERE.parent)
lock = hashlib.sha256(LOCK.read_bytes()).hexdigest()
if not INSTALLED.exists() or INSTALLED.read_text() != lock:
    subprocess.run([sys.executable, "-m", "venv", PYTHON.parents[1]], check=True)
    subprocess.run(
        [PYTHON, "-m", "pip", "install", "-q", "--require-hashes", "-r", LOCK], check=True
    )
    INSTALLED.write_text(lock)
options = sys.argv[1:]
named = options[:1] in (["bulk"], ["documents"])
module = options[0] if named else "measure"
os.execv(PYTHON, [PYTHON, "-m", f"benchmarks.{module}", *options[named:]])
