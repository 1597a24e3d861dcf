"""PDFs taken apart: what a reader's program finds in them."""

import io
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import pypdf


class Pdf:
    """:param data: the file"""

    def __init__(self, data: bytes):
        self.reader = pypdf.PdfReader(io.BytesIO(data))
        self.root: Any = self.reader.trailer["/Root"]

    @cached_property
    def pages(self) -> list[str]:
        """The text of each page, line by line."""
        return [page.extract_text() for page in self.reader.pages]

    @cached_property
    def text(self) -> str:
        return squeezed("\n".join(self.pages))

    @cached_property
    def fonts(self) -> set[str]:
        """The families of all fonts, without the mark of a subset."""
        found = {
            str(font.get_object()["/BaseFont"])
            for page in self.reader.pages
            for font in page["/Resources"]["/Font"].values()  # type: ignore[index]
        }
        return {re.sub(r"^/([A-Z]{6}\+)?([A-Za-z0-9]+).*", r"\2", name) for name in found}

    @cached_property
    def tags(self) -> list[str]:
        """The tags of its structure, in reading order."""
        return list(_tags(self.root["/StructTreeRoot"]))


def _tags(node: Any) -> Iterator[str]:
    node = node.get_object()
    if "/S" in node:
        yield str(node["/S"]).lstrip("/")
    children = node.get("/K", [])
    for child in children if isinstance(children, list) else [children]:
        if isinstance(child.get_object(), dict):
            yield from _tags(child)


def squeezed(text: str) -> str:
    """Without blanks and hyphens, which lines put in and take away, and the points of lists."""
    return re.sub(r"[\s\xad\u200b•-]", "", text)
