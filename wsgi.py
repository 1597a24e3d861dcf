"""The WSGI entry point: `gunicorn wsgi:app`, `flask --app wsgi …`."""

from api.app import create_app
from api.cli import register_commands

app = create_app()
register_commands(app)
