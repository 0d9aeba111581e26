"""Looks for keys in what a program said, in every form in which one could get there.

| form | of |
| --- | --- |
| hex, with separators too; base64; raw, escaped bytes; one number | the key, either way round |
| numbers in a row: bytes; words of 16 bits, in either order of bytes | 4 bytes; two words |
| one word of 32 bits, decimal or hex: a section of a key change | a quarter of the key |

The keys that are looked for must have no pattern, or text would match by chance. CPython only.
"""

import base64
import gc
import json
import re
import traceback
from collections.abc import Iterator
from types import FunctionType, ModuleType

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
    for at in range(0, len(key) - 3, 4):
        word = key[at : at + 4]
        yield f"word {at // 4} in hex", word.hex() in closed or word[::-1].hex() in closed


def _rows(key: bytes, numbers: list[int]) -> Iterator[tuple[str, bool]]:
    known = set(numbers)
    for way, order in (("", "big"), (" of the other order", "little")):
        yield "number" + way, int.from_bytes(key, order) in known
        for size, in_a_row in ((2, 2), (4, 1)):
            words = [
                int.from_bytes(key[at : at + size], order)
                for at in range(0, len(key) - size + 1, size)
            ]
            found = any(_any_row(row, numbers, in_a_row) for row in (words, words[::-1]))
            yield f"words of {8 * size} bits{way}", found
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


def told_by(root: object, *packages: str) -> Iterator[tuple[str, str]]:
    """Yield (name, text) of whatever prints an object of `packages` that `root` leads to.

    text: its repr, its str, and what `vars` tells of it.
    """
    seen, waiting = {id(root)}, [root]
    while waiting:
        one = waiting.pop()
        name = f"{type(one).__module__}.{type(one).__qualname__}"
        if name.partition(".")[0] in packages:
            yield (
                name,
                "\n".join([repr(one), str(one), f"{one}", repr(getattr(one, "__dict__", ""))]),
            )
        for other in _led_to(one):
            if id(other) not in seen and not isinstance(other, (type, ModuleType)):
                seen.add(id(other))
                waiting.append(other)


def _led_to(one: object) -> list:
    """Return what `one` holds; of a function only what it closes over, not its module."""
    if isinstance(one, FunctionType):
        return [cell.cell_contents for cell in one.__closure__ or ()]
    return gc.get_referents(one)


def told_of(error: BaseException) -> str:
    """Return all that is printed of an exception and of those that led to it, hidden ones too."""
    chain, told = [error], []
    while chain:
        one = chain.pop()
        told += [*traceback.format_exception(one), repr(one), str(one), repr(one.args)]
        told.append(repr(getattr(one, "__dict__", "")))
        chain += [other for other in (one.__cause__, one.__context__) if other is not None]
    return "\n".join(told)
