"""Texts of the pages, a file for each language: names of texts and their words.

Every language has the same names, with the same {places}; a test looks for those that are missing
or not used.
"""

import json
from functools import cache
from pathlib import Path

LANGUAGES = ("en", "fr")
_FOLDER = Path(__file__).parent / "texts"
_COMMA = ("fr",)


@cache
def of(language: str) -> dict[str, str]:
    """Return the texts of one of LANGUAGES by their names."""
    return json.loads((_FOLDER / f"{language}.json").read_text(encoding="utf-8"))


def text(language: str, name: str, /, **values: object) -> str:
    """Return a text with `values` in its places."""
    words = of(language)[name]
    return words.format(**values) if values else words


def chosen(header: str) -> str:
    """Return the language of an Accept-Language header that we have; the first if none."""
    best, most = LANGUAGES[0], 0.0
    for part in header[:200].split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            weight = float(weight or 1)
        except ValueError:
            continue
        name = tag.strip().lower()[:2]
        if name in LANGUAGES and weight > most:
            best, most = name, weight
    return best


def written(language: str, decimals: str) -> str:
    """Return a text with decimals in it, such as `3600.00 ZAR`, as people of this language do."""
    return decimals.replace(".", ",") if language in _COMMA else decimals


def decimal(language: str, value: int, places: int) -> str:
    """Return a whole number of 10^-`places` in decimals, as people of this language write it."""
    sign, digits = "-" if value < 0 else "", f"{abs(value):0{places + 1}}"
    return written(language, f"{sign}{digits[:-places]}.{digits[-places:]}")
