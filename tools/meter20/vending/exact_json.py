"""JSON that is sealed, digested or kept: the octets that Python's `json` writes, by msgspec.

What an earlier meter20 sealed holds for the same octets only. Both libraries write the same of
texts in ASCII, whole numbers, lists and objects, and msgspec takes a tenth of the time. Where it
does not write the same, `json` does it. There are no floats in what a station keeps.
"""

import json
from collections.abc import Callable
from typing import Any

import msgspec

_DELETE = 0x7F  # the only character of ASCII that `json` escapes and msgspec does not


def _writer(sort_keys: bool) -> Callable[[Any], bytes]:
    plain = json.JSONEncoder(separators=(",", ":"), sort_keys=sort_keys).encode
    quick = msgspec.json.Encoder(order="sorted" if sort_keys else None).encode

    def written(value: Any) -> bytes:
        octets = quick(value)
        if octets.isascii() and _DELETE not in octets:
            return octets
        return plain(msgspec.to_builtins(value)).encode()

    return written


#: Return a value as JSON, without spaces: as it comes, and with the names of objects in order.
written, written_in_order = _writer(sort_keys=False), _writer(sort_keys=True)


def text(value: Any) -> str:
    """Return a value as `written` does, for a column of the database."""
    return written(value).decode()
