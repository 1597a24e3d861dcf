"""Documentation for people: guides, and the reference drawn from the OpenAPI document. Nothing from a foreign host."""

from functools import cache
from pathlib import Path

import flask_swagger_ui
from flask import Response

from api.answers import public
from api.blueprint import Blueprint
from api.documents import guides
from api.problems import NotFound

PUBLIC = "The contract is public."
_OURS = Path(guides.__file__).with_name("static")
_SWAGGER = Path(flask_swagger_ui.__file__).with_name("dist")
_CLIENTS = guides.FOLDER.with_name("clients")
# Each file that a page asks for or links to, with its media type.
FILES = {
    "docs.css": (_OURS, "text/css"),
    "icon.svg": (_OURS, "image/svg+xml"),
    "lamppu.py": (_CLIENTS, "text/x-python"),
    "reference.js": (_OURS, "text/javascript"),
    "swagger-ui.css": (_SWAGGER, "text/css"),
    "swagger-ui-bundle.js": (_SWAGGER, "text/javascript"),
}
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

blp = Blueprint("docs", access="docs", url_prefix="/docs", description=__doc__)
front = Blueprint("front", access="docs")


@front.route("/", open_to_anyone=PUBLIC, produces=("text/html",))
def door() -> Response:
    """Where whoever knows only the host comes in"""
    return _to_index()


@blp.route("/", open_to_anyone=PUBLIC, produces=("text/html",))
def slash() -> Response:
    """The same as without the slash"""
    return _to_index()


@blp.route("", open_to_anyone=PUBLIC, produces=("text/html",))
def index() -> Response:
    """What there is to read"""
    return _answer(guides.page(guides.INDEX), "text/html")


@blp.route("/guides/<name>", open_to_anyone=PUBLIC, produces=("text/html",))
def guide(name: str) -> Response:
    """One guide"""
    if name not in guides.NAMES:
        raise NotFound
    return _answer(guides.page(name), "text/html")


@blp.route("/reference", open_to_anyone=PUBLIC, produces=("text/html",))
def reference() -> Response:
    """Every operation, to read and to try out"""
    # What swagger-ui needs beyond its own script and style: the document, the calls, and icons inside its style.
    scripted = _POLICY.replace(
        "img-src 'self'", "script-src 'self'; connect-src 'self'; img-src 'self' data:"
    )
    return _answer(guides.reference(), "text/html", scripted)


@blp.route(
    "/files/<name>",
    open_to_anyone=PUBLIC,
    produces=tuple(media_type for _, media_type in FILES.values()),
)
def file(name: str) -> Response:
    """A style, script or picture of these pages"""
    if name not in FILES:
        raise NotFound
    return _answer(_read(name), FILES[name][1])


def _to_index() -> Response:
    return Response(status=308, headers={"Location": guides.path_of(guides.INDEX)})


@cache
def _read(name: str) -> bytes:
    return (FILES[name][0] / name).read_bytes()


def _answer(content: str | bytes, media_type: str, policy: str = _POLICY) -> Response:
    response = Response(content, content_type=f"{media_type}; charset=utf-8")
    response.headers["Content-Security-Policy"] = policy
    return public(response)
