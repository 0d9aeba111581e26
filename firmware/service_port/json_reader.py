"""JSON as its standard has it, read alike by every interpreter.

*Why not the interpreter's own `json`*: MicroPython's takes `{"id":01}`, `{1:2}` and more that
is no JSON, and CPython's takes NaN: findings/micropython-json-takes-what-is-no-json.sh shows
the first. Read here, a line has one meaning on every body, or none.

Nothing here calls itself: lists within lists cost memory and no stack. The time that reading
takes grows with the length.
Source: RFC 8259, JSON grammar. Source: RFC 3629, UTF-8 definition.
"""

from micropython import const

_DEPTH_MAX = const(100)  # lists and objects within each other
_ESCAPES = {
    b'"': '"', b"\\": "\\", b"/": "/", b"b": "\b", b"f": "\f", b"n": "\n", b"r": "\r", b"t": "\t"
}  # fmt: skip
_BLANKS = b" \t\r\n"
_WORDS = ((b"true", True), (b"false", False), (b"null", None))
_FIRST_PRINTABLE = const(0x20)
_LAST_ASCII = const(0x7F)
_LAST_OF_TWO = const(0x7FF)  # characters up to here are two bytes of UTF-8, then come three
_LAST_OF_THREE = const(0xFFFF)
_LAST = const(0x10FFFF)
_HIGH, _LOW, _BEHIND_LOW = const(0xD800), const(0xDC00), const(0xE000)  # halves of a pair
_WRONG = "not a line of JSON in UTF-8"


class NotJson(Exception):
    """The text is no JSON, or says one thing twice. The message is for people."""


def read(data: bytes):
    """Return the value that `data` is: dict, list, str, int, True, False or None.

    A number with a fraction or an exponent is None: no request takes one. Raises NotJson, and
    MemoryError when the heap has no room.
    """
    reader = _Reader(data)
    holders = []  # of lists and objects that are not closed yet: [holder, name of next member]
    while True:
        value = reader.value()
        if isinstance(value, (list, dict)) and not reader.closes(value):
            if len(holders) == _DEPTH_MAX:
                raise NotJson("nested too deep")
            holders.append([value, reader.name(value)])
            continue
        while holders:
            holder, name = holders[-1]
            _put(holder, name, value)
            if reader.passes(b","):
                holders[-1][1] = reader.name(holder)
                break
            _need(reader.closes(holder))
            value = holders.pop()[0]
        else:
            reader.end()
            return value


class _Reader:
    """Reads the pieces of `data`, one after the other. Raises NotJson."""

    def __init__(self, data: bytes):
        self._data = data
        self._at = 0

    def value(self):
        """Return the next value; of a list or an object only the beginning, empty."""
        mark = self._next()
        if mark == b'"':
            self._at += 1
            return self._text()
        if mark == b"[":
            self._at += 1
            return []
        if mark == b"{":
            self._at += 1
            return {}
        for word, value in _WORDS:
            if self._skips(word):
                return value
        return self._number()

    def closes(self, holder) -> bool:
        """Return whether `holder` ends here, and if so pass its end."""
        return self.passes(b"]" if isinstance(holder, list) else b"}")

    def name(self, holder):
        """Return the name of the next member of `holder`; None in a list."""
        if isinstance(holder, list):
            return None
        _need(self.passes(b'"'))
        name = self._text()
        _need(self.passes(b":"))
        return name

    def passes(self, mark) -> bool:
        """Return whether `mark` comes next, blanks or not, and if so pass it."""
        if self._next() != mark:
            return False
        self._at += 1
        return True

    def end(self):
        """Pass the blanks at the end, with nothing behind them."""
        self._skip_any(_BLANKS)
        _need(self._at == len(self._data))

    def _next(self):
        """Pass blanks; return the next byte, or none at the end."""
        mark = self._data[self._at : self._at + 1]
        if mark and mark in _BLANKS:
            self._skip_any(_BLANKS)
            mark = self._data[self._at : self._at + 1]
        return mark

    def _skips(self, mark):
        if self._data[self._at : self._at + len(mark)] != mark:
            return False
        self._at += len(mark)
        return True

    def _skip_any(self, octets):
        """Pass all of `octets` that come next; return how many."""
        start = at = self._at
        while at < len(self._data) and self._data[at] in octets:
            at += 1
        self._at = at
        return at - start

    def _number(self):
        start = self._at
        self._skips(b"-")
        if not self._skips(b"0"):
            self._digits()
        whole = self._at
        if self._skips(b"."):
            self._digits()
        if self._skips(b"e") or self._skips(b"E"):
            if not self._skips(b"+"):
                self._skips(b"-")
            self._digits()
        return int(self._data[start:whole]) if self._at == whole else None

    def _digits(self):
        _need(self._skip_any(b"0123456789"))

    def _text(self):
        """Return the string whose first quote was passed, and pass the last."""
        parts = []
        quote = -1
        while True:
            if quote < self._at:
                quote = self._data.find(b'"', self._at)
                _need(quote >= 0)
            escape = self._data.find(b"\\", self._at, quote)
            end = quote if escape < 0 else escape
            if end > self._at:
                parts.append(_plain(self._data[self._at : end]))
            self._at = end + 1
            if escape < 0:
                return "".join(parts)
            parts.append(self._escaped())

    def _escaped(self):
        """Return the character that the rest of an escape stands for, and pass it."""
        char = _ESCAPES.get(self._data[self._at : self._at + 1])
        if char:
            self._at += 1
            return char
        code = self._code()
        behind = self._at
        if _HIGH <= code < _LOW and self._skips(b"\\u"):
            self._at -= 1
            low = self._code()
            if _LOW <= low < _BEHIND_LOW:
                return chr(_LAST_OF_THREE + 1 + ((code - _HIGH) << 10 | low - _LOW))
            self._at = behind  # half of a pair, and something else
        return chr(code)

    def _code(self):
        """Return the number behind a `u` and pass it."""
        _need(self._skips(b"u"))
        digits = self._data[self._at : self._at + 4]
        _need(len(digits) == 4 and not digits.strip(b"0123456789abcdefABCDEF"))
        self._at += 4
        return int(digits, 16)


def _plain(octets):
    """Return `octets`, one or more, as text. Raises NotJson for control characters, bad UTF-8."""
    _need(min(octets) >= _FIRST_PRINTABLE)
    try:
        text = str(octets, "utf-8")
    except ValueError:
        raise NotJson(_WRONG) from None
    if max(octets) > _LAST_ASCII:
        _check_utf8(text, len(octets))
    return text


def _check_utf8(text, size):
    """Raise NotJson unless `text` can be UTF-8 of `size` bytes: MicroPython does not look."""
    for char in text:
        code = ord(char)
        _need(code <= _LAST and not _HIGH <= code < _BEHIND_LOW)
        size -= 1 + (code > _LAST_ASCII) + (code > _LAST_OF_TWO) + (code > _LAST_OF_THREE)
    _need(size == 0)  # a character in more bytes than it needs is none


def _put(holder, name, value):
    if isinstance(holder, list):
        holder.append(value)
        return
    if name in holder:
        raise NotJson("a name stands twice")
    holder[name] = value


def _need(right):
    if not right:
        raise NotJson(_WRONG)
