"""Text that people give: names, references, reasons. It goes to receipts, terminals and databases.

This module refuses characters that do something there instead of being read: control characters
(a terminal obeys some of them, PostgreSQL keeps no NUL), line ends, and marks that turn the
direction of other text. It refuses halves of surrogate pairs too, which no database takes.
"""

import unicodedata

from meter20.vending import refusal
from meter20.vending.refusal import Refusal

LONGEST = 200
_REFUSED = ("Cc", "Zl", "Zp")
_DIRECTION = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def checked(text: str, what: str) -> str:
    """Return `text`, at most LONGEST characters; raises Refusal if it is not plain.

    what: its name, for the refusal.
    """
    if len(text) > LONGEST:
        raise Refusal(refusal.VALUE, f"{what}: {LONGEST} characters at most.")
    if any(unicodedata.category(char) == "Cs" for char in text):
        raise Refusal(refusal.VALUE, f"{what}: it is not text in the encoding of this terminal.")
    if any(unicodedata.category(char) in _REFUSED or char in _DIRECTION for char in text):
        raise Refusal(refusal.VALUE, f"{what}: there is a control character in it.")
    return text


def reason(text: str) -> str:
    """Return `text`, which says why something is done; raises Refusal if it says nothing."""
    if not text.strip():
        raise Refusal(refusal.VALUE, "reason: say why, for the audit log; it is empty.")
    return checked(text, "reason")
