"""The report as one HTML page that prints like the form: no script, no other file, one style."""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from api.documents.charts import HEIGHT, WIDTH
from api.documents.form import Form
from api.documents.joined import Joined

_TEMPLATES = Path(__file__).with_name("templates")
STYLE = (_TEMPLATES / "report.css").read_text(encoding="utf-8")
# The style is the same text on every page, so that `style-src '<STYLE_HASH>'` allows it and nothing else.
STYLE_HASH = "sha256-" + b64encode(sha256(STYLE.encode()).digest()).decode()

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(_TEMPLATES),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.globals["chart_size"] = (WIDTH, HEIGHT)
_ENVIRONMENT.globals["style"] = Markup(STYLE)  # noqa: S704 – our own file, nobody's input


def render(form: Form) -> str:
    """The page of a report."""
    return _ENVIRONMENT.get_template("report.html").render(form=form)


def render_joined(joined: Joined) -> str:
    """The page of a project's report."""
    return _ENVIRONMENT.get_template("project.html").render(joined=joined)
