"""What problems say, in Finnish and Swedish: gettext catalogues, whose source is the English in the code."""

from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po

from schemas.fields import Spoken, Worded
from schemas.vocabulary import Language


@cache
def catalogue(language: str) -> dict[str, str]:
    """Templates in a language by their English; for English none is needed."""
    if language == Language.EN:
        return {}
    with Path(__file__).with_name(f"{language}.po").open("rb") as file:
        read = read_po(file, locale=language, abort_invalid=True)
    return {str(message.id): str(message.string) for message in read if message.id}


def said(text: str, language: str) -> str:
    """A text in a language; what its catalogue does not have stays in English."""
    template, params = (text.template, text.params) if isinstance(text, Worded) else (text, {})
    translated = catalogue(language).get(template)
    if not translated:
        return str(text)
    spoken = {name: _spoken(value, language) for name, value in params.items()}
    return translated.format(**spoken) if spoken else translated


def _spoken(value: Any, language: str) -> Any:
    return value.words.get(language, value) if isinstance(value, Spoken) else value
