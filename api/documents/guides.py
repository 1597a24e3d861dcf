"""The guides under `openapi/guides/` as pages: Markdown in, HTML out, readable without any script."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

FOLDER = Path(__file__).parents[2] / "openapi" / "guides"
INDEX = "index"
# In the order in which a newcomer reads them.
NAMES = (
    "first-call",
    "browsers",
    "importing",
    "pulling",
    "concurrency",
    "reports",
    "deadlines",
    "overviews",
    "errors",
)

_LINK = re.compile(r"(?P<name>[a-z-]+)\.md(?P<fragment>#.*)?")
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True)
class Guide:
    """A guide: its headings as `(id, text)`, and its text as HTML."""

    name: str
    title: str
    headings: tuple[tuple[str, str], ...]
    html: Markup

    @property
    def path(self) -> str:
        return path_of(self.name)


def path_of(name: str) -> str:
    return "/docs" if name == INDEX else f"/docs/guides/{name}"


@cache
def page(name: str) -> str:
    """A guide as a page; `index` is the first one."""
    return _render("guide.html", here=guide(name))


@cache
def reference() -> str:
    """The page in which swagger-ui draws the OpenAPI document."""
    return _render("reference.html", here=None)


def _render(template: str, here: Guide | None) -> str:
    guides = [guide(name) for name in (INDEX, *NAMES)]
    return _ENVIRONMENT.get_template(template).render(guides=guides, here=here)


@cache
def guide(name: str) -> Guide:
    tokens = _MARKDOWN.parse((FOLDER / f"{name}.md").read_text(encoding="utf-8"))
    opening = [place for place, token in enumerate(tokens) if token.type == "heading_open"]
    texts = [tokens[place + 1].content.replace("`", "") for place in opening]
    for place, text in zip(opening, texts, strict=True):
        tokens[place].attrSet("id", _slug(text))
    _point_links_at_pages(tokens)
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    # What scrolls sideways on a narrow screen must be reached by the keyboard too.
    html = html.replace("<pre>", '<pre tabindex="0">')
    title, *others = texts
    headings = tuple((_slug(text), text) for text in others)
    return Guide(name, title, headings, Markup(html))  # noqa: S704 – our own text, HTML in it escaped


def _slug(text: str) -> str:
    return re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")


def _point_links_at_pages(tokens: Iterable[Token]) -> None:
    """A link to `errors.md` is right in the repository; among the pages it is `/docs/guides/errors`."""
    for token in tokens:
        for inner in token.children or ():
            found = _LINK.fullmatch(str(inner.attrGet("href") or ""))
            if found:
                inner.attrSet("href", path_of(found["name"]) + (found["fragment"] or ""))
