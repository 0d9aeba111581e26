"""Lines of JSON, in and out: how a serial port is talked to, whatever answers there.

Lines end in LF, CR or both, as terminals and programs send them, and have at most LINE_MAX
bytes. Replies are written by hand rather than by `json.dumps`, because MicroPython's dicts
have no order and its dumps no options: so every body answers with the same bytes.
"""

import json

from micropython import const
from ports.keypad import KEYS

from service_port import json_reader

LINE_MAX = const(4096)  # bytes
_KEYS_MAX = const(1000)
_ID_MAX = const(200)  # characters
_LF, _CR = b"\n", b"\r"
_FIRST_PRINTABLE = const(0x20)
_LAST_PRINTABLE = const(0x7E)
_DELETE = "\x7f"
_HOLDERS = (tuple, list)
_PAIRS = const(0x10000)  # from here on JSON escapes a character as two surrogates


class Refused(Exception):
    """A request that is not carried out. code: one word. message: for people."""

    def __init__(self, code: str, message: str):
        super().__init__(message)
        self.code = code
        self.message = message


class Lines:
    """Cuts bytes into lines; of one that is too long only the fact is kept."""

    def __init__(self):
        self._partial = b""
        self._overlong = False
        self._after_cr = False  # it ended a line, and an LF that comes next is part of that end

    def feed(self, data: bytes):
        """Take the next bytes; return the lines they complete, None for one too long."""
        if not data:
            return []
        lines = []
        pieces = self._with_lf(data).split(_LF)
        for piece in pieces[:-1]:
            self._add(piece)
            lines.append(None if self._overlong else self._partial)
            self._partial, self._overlong = b"", False
        self._add(pieces[-1])
        return lines

    def _with_lf(self, data):
        """Return `data` with LF for each end of a line."""
        if self._after_cr and data:
            self._after_cr = False
            if data[:1] == _LF:
                data = data[1:]
        if _CR not in data:
            return data
        self._after_cr = data[-1:] == _CR
        return data.replace(_CR + _LF, _LF).replace(_CR, _LF)

    def _add(self, piece):
        try:
            if not self._overlong and len(self._partial) + len(piece) <= LINE_MAX:
                self._partial += piece
                return
        except MemoryError:
            pass  # a small heap in pieces; the meter has better use for what is left
        self._partial, self._overlong = b"", True


def parse(line) -> dict:
    """Return the request in `line`, bytes or None for one too long. Raises Refused."""
    if line is None:
        raise Refused("line_too_long", "more than %d bytes" % LINE_MAX)
    try:
        request = json_reader.read(line)
    except json_reader.NotJson as wrong:
        raise Refused("bad_json", str(wrong)) from None
    except MemoryError:
        raise Refused("line_too_long", "more than the memory holds now") from None
    if not isinstance(request, dict):
        raise Refused("bad_request", "not a JSON object")
    return request


def handler(handlers: dict, request: dict):
    """Return what of `handlers`, by the names of requests, answers `request`. Raises Refused."""
    found = handlers.get(text(request, "do"))
    if found is None:
        raise Refused("unknown_request", 'no such request; {"do":"help"} lists them')
    return found


def port_shut(_request, _now_ms):
    """Stand in for a handler where the port is shut to a request. Raises Refused."""
    raise Refused("port_shut", "this board's service port is shut")


def listed(handlers: dict) -> list:
    """Return the reply to `help`: the requests that `handlers` answer, by name."""
    return [("requests", sorted([name for name in handlers if handlers[name] != port_shut]))]


def accepted(request: dict, fields) -> str:
    """Return the reply that carries `fields`, (name, value) pairs."""
    return _object([("ok", True)] + fields, request)


def refusal(request: dict, refused) -> str:
    """Return the reply for `refused`, a Refused."""
    return _object([("ok", False), ("error", refused.code), ("message", refused.message)], request)


def written(value) -> str:
    """Return `value` as JSON: None, bool, int, str, lists, and tuples of pairs for objects."""
    in_ascii = _joined(value, json.dumps)
    if "\\" in in_ascii or _DELETE in in_ascii or len(in_ascii.encode()) != len(in_ascii):
        return _joined(value, _escaped_dumps)  # rare
    return in_ascii


def text(request: dict, name: str) -> str:
    """Return the string `name` of `request`. Raises Refused."""
    value = request.get(name)
    if not isinstance(value, str):
        raise Refused("bad_request", name + ": a string is needed")
    return value


def integer(request: dict, name: str, low=0, high=0xFFFFFFFF, default=None) -> int:
    """Return the integer `name` of `request`, `low` to `high`. Raises Refused."""
    value = request.get(name, default)
    if type(value) is not int or not low <= value <= high:
        raise Refused(
            "bad_request", "%s: a whole number from %d to %d is needed" % (name, low, high)
        )
    return value


def boolean(request: dict, name: str) -> bool:
    """Return the truth value `name` of `request`, False if it has none. Raises Refused."""
    value = request.get(name, False)
    if value is not True and value is not False:
        raise Refused("bad_request", name + ": true or false is needed")
    return value


def keys(request: dict) -> str:
    """Return the keys to press. Raises Refused."""
    pressed = text(request, "keys")
    if len(pressed) > _KEYS_MAX:
        raise Refused("bad_request", "keys: more than %d" % _KEYS_MAX)
    for key in pressed:
        if key not in KEYS:
            raise Refused("bad_request", "keys: only " + KEYS)
    return pressed


def _object(fields, request):
    """Return `fields` as a JSON object, with the id of `request` if it has one."""
    identity = request.get("id")
    if type(identity) is int or (isinstance(identity, str) and len(identity) <= _ID_MAX):
        fields = [("id", identity)] + fields
    return written(tuple(fields))


def _joined(value, dumps):
    """Return `value` as JSON; `dumps` writes all but lists and objects."""
    parts = []
    _put(parts, value, dumps)
    return "".join(parts)


def _put(parts, value, dumps):
    """Add to `parts` what together is `value` as JSON: each text that is made costs a search."""
    if isinstance(value, tuple):  # pairs
        _put_members(parts, value, dumps)
    elif isinstance(value, list):
        before = "["
        for item in value:
            parts.append(before)
            _put(parts, item, dumps)
            before = ", "
        parts.append("]" if value else "[]")
    else:
        parts.append(dumps(value))


def _put_members(parts, fields, dumps):
    """Add (name, value) pairs as an object; names are plain words of the firmware's own."""
    before = '{"'
    for name, value in fields:
        parts += (before, name, '": ')
        if isinstance(value, _HOLDERS):
            _put(parts, value, dumps)
        else:
            parts.append(dumps(value))
        before = ', "'
    parts.append("}" if fields else "{}")


def _escaped_dumps(value):
    """Return `value`, no list or object, as JSON with each character escaped that needs it."""
    if not isinstance(value, str):
        return json.dumps(value)
    return '"' + "".join([_escaped(char) for char in value]) + '"'


def _escaped(char):
    """Return `char` in ASCII: what an id holds is a stranger's text, and goes to terminals.

    Half of a surrogate pair, which no UTF-8 can say, comes back as it came.
    """
    if char in '"\\':
        return "\\" + char
    code = ord(char)
    if _FIRST_PRINTABLE <= code <= _LAST_PRINTABLE:
        return char
    if code >= _PAIRS:
        code -= _PAIRS
        return "\\u%04x\\u%04x" % (0xD800 | code >> 10, 0xDC00 | code & 0x3FF)
    return "\\u%04x" % code
