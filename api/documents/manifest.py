"""What the texts of a document said when it was given out, in few letters: for who reads it again when it was edited.

Of each text there is a hash of its field's name and one of what it said, in custom properties of 240 characters, which
every program keeps.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256

_LETTERS, _PIECE = 6, 240
_NAME, _SAID = "lamppu_texts_", "lamppu_said_"
_NO_XML = re.compile("[\ufffe\uffff]")
_BREAK = re.compile("\r\n?|[\u2028\u2029]")


def canonical(text: str) -> str:
    """A text as any program leaves it: which kind of a line break it has, none keeps."""
    return _NO_XML.sub("\ufffd", _BREAK.sub("\n", text))


def digest(text: str) -> str:
    """36 bits, in base64 (RFC 4648, §5)."""
    hashed = sha256(canonical(text).encode("utf-8", "surrogatepass")).digest()
    return urlsafe_b64encode(hashed).decode()[:_LETTERS]


def identity(field: str) -> str:
    """A field's name in a document, whatever the version: `results.AZQ…w.3.text` is `results.AZQ…w.text`."""
    resource, key, _, *path = field.split(".")
    return ".".join((resource, key, *path))


def written(texts: Mapping[str, str]) -> dict[str, str]:
    """The properties of a document. :param texts: by the identities of their fields"""
    return _pieces(_NAME, "".join(digest(name) + digest(text) for name, text in texts.items()))


def said(texts: Iterable[str]) -> dict[str, str]:
    """The same of texts that are our own words."""
    return _pieces(_SAID, "".join(dict.fromkeys(map(digest, texts))))


def _pieces(name: str, told: str) -> dict[str, str]:
    pieces = [told[begin : begin + _PIECE] for begin in range(0, len(told), _PIECE)]
    return {f"{name}{number}": piece for number, piece in enumerate(pieces, 1)}


def read(properties: Mapping[str, str]) -> dict[str, str]:
    """The hashes of what texts said by those of the identities of their fields."""
    parts = _parts(properties, _NAME)
    return dict(zip(parts[::2], parts[1::2], strict=False))


def read_said(properties: Mapping[str, str]) -> set[str]:
    """The hashes of our own words; none where a document does not tell of them."""
    return set(_parts(properties, _SAID))


def _parts(properties: Mapping[str, str], start: str) -> list[str]:
    mine = [(name, value) for name, value in properties.items() if name.startswith(start)]
    told = "".join(value for _, value in sorted(mine, key=lambda one: (len(one[0]), one[0])))
    return [told[begin : begin + _LETTERS] for begin in range(0, len(told), _LETTERS)]
