"""What units of indicators are: they are free texts, of which these words are known."""

PERCENT = frozenset({"%", "prosentti", "prosenttia", "procent", "percent", "per cent"})
COUNTS = frozenset({"kpl", "hlö", "henkilöä", "st", "st.", "personer", "pcs", "people", "persons"})


def known(unit: str | None) -> str:
    """As the words above are written."""
    return (unit or "").strip().casefold()


def is_share(unit: str | None) -> bool:
    """Whether values are shares of a whole, which have no sum."""
    word = known(unit)
    return word in PERCENT or "%" in word or "‰" in word
