"""The WSGI entry point: `gunicorn wsgi:app`, `flask --app wsgi …`."""

import gc

from api.app import create_app
from api.cli import register_commands

app = create_app()
register_commands(app)
# All this stays for as long as the process does: who collects garbage need not look through it each time.
gc.collect()
gc.freeze()
