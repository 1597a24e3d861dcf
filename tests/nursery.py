"""Web servers and workers as processes to kill: forked from one that has imported everything, so they come at once.

Each line of its standard input is what to start, `web <options of gunicorn>` or `worker`; it answers with a process id.
"""

import os
import signal
import sys

from gunicorn.app.wsgiapp import run as serve

from api import worker


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever is killed is gone
    for line in sys.stdin:
        kind, *options = line.split()
        if not (pid := os.fork()):
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setsid()
            sys.argv = ["gunicorn", *options]
            (serve if kind == "web" else worker.main)()
            sys.exit()
        print(pid, flush=True)


if __name__ == "__main__":
    main()
