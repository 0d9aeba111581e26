"""Looks for keys in what a program said, in every form in which one could get there.

| form | of |
| --- | --- |
| hex, also with separators; base64; escaped and raw bytes; one number | the key, and the key backwards |
| numbers in a row: bytes, and words of 16 and 32 bits in either order of bytes | two words, or 4 bytes |
| one word of 32 bits, decimal or hex: a section of a key change | a quarter of the key |

The keys that are looked for must have no pattern, or text would match by chance. CPython only.
"""

import base64
import json
import re
from collections.abc import Iterator

_SEPARATORS = re.compile(r"(0x|\\x|[\s:,;_.\-]|\b)+")
_NUMBER = re.compile(r"\d+")
_BYTES_IN_A_ROW = 4


def leaks(said: str | bytes, *keys: bytes) -> list[str]:
    """Return what of `keys` is to be found in `said`, a line of text for each finding.

    said: bytes are taken as latin-1. No line holds the key itself.
    """
    text = said.decode("latin-1") if isinstance(said, bytes) else said
    closed = _SEPARATORS.sub("", text.lower())
    numbers = [int(digits) for digits in _NUMBER.findall(text) if len(digits) < 60]
    return [
        f"{name} of key {number}"
        for number, key in enumerate(keys, 1)
        for name, found in (*_texts(key, text, closed), *_rows(key, numbers))
        if found
    ]


def _texts(key: bytes, text: str, closed: str) -> Iterator[tuple[str, bool]]:
    for way, octets in (("", key), (" backwards", key[::-1])):
        yield "hex" + way, octets.hex() in closed
        yield "base64" + way, any(form in text for form in _base64(octets))
        yield "raw bytes" + way, octets.decode("latin-1") in text
        escaped = {repr(octets)[2:-1], repr(octets.decode("latin-1"))[1:-1]}
        escaped.add(json.dumps(octets.decode("latin-1"))[1:-1])
        escaped.add("".join(f"\\x{octet:02x}" for octet in octets))
        yield "escaped bytes" + way, any(form in text for form in escaped)
    for at in range(0, len(key), 4):
        word = key[at : at + 4]
        yield f"word {at // 4} in hex", word.hex() in closed or word[::-1].hex() in closed


def _rows(key: bytes, numbers: list[int]) -> Iterator[tuple[str, bool]]:
    known = set(numbers)
    for way, order in (("", "big"), (" of the other order", "little")):
        yield "number" + way, int.from_bytes(key, order) in known
        for size, in_a_row in ((2, 2), (4, 1)):
            words = [int.from_bytes(key[at : at + size], order) for at in range(0, len(key), size)]
            name = f"words of {8 * size} bits{way}"
            yield (
                name,
                _any_row(words, numbers, in_a_row) or _any_row(words[::-1], numbers, in_a_row),
            )
    yield "list of bytes", _any_row(list(key), numbers, _BYTES_IN_A_ROW)
    yield "list of bytes backwards", _any_row(list(key[::-1]), numbers, _BYTES_IN_A_ROW)


def _any_row(words: list[int], numbers: list[int], length: int) -> bool:
    """Return whether any `length` words that follow each other do so in `numbers`."""
    rows = {tuple(words[at : at + length]) for at in range(len(words) - length + 1)}
    seen = zip(*[numbers[at:] for at in range(length)])
    return not rows.isdisjoint(seen)


def _base64(octets: bytes) -> Iterator[str]:
    """Return what base64 makes of `octets`, wherever they lie in a longer text of bytes."""
    for before in range(3):
        whole = base64.b64encode(bytes(before) + octets).decode()
        inner = whole[(0, 2, 3)[before] : len(whole.rstrip("=")) - 1]
        yield inner
        yield inner.translate(str.maketrans("+/", "-_"))
