"""Reads text that people hand over, lines of an input and small files, up to a limit.

Editors of other systems save UTF-8 with a mark, UTF-16, and lines that end in CR or CR LF; some
old ones end a file with Ctrl-Z. All of it is read alike, from a file and from an input. What is
longer than any sensible line or file is refused before it fills the memory.
"""

import codecs
import json
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

#: Octets of a line, and of a file that is read as a whole.
LINE_MAX = 64 * 1024
FILE_MAX = 1024 * 1024
_CHUNK = 64 * 1024
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CTRL_Z = "\x1a"


class Unreadable(ValueError):
    """Text that cannot be read; the message says why, for people."""


def file_text(path: Path) -> str:
    """Return the text in the file `path`; raises Unreadable."""
    try:
        with path.open("rb") as file:
            return stream_text(file)
    except OSError as error:
        raise Unreadable(f"{path} cannot be read: {error.strerror}") from None
    except Unreadable as why:
        raise Unreadable(f"{path} {why}") from None


def file_json(path: Path) -> Any:
    """Return what the JSON file `path` says; raises Unreadable."""
    text = file_text(path)
    try:
        return json_value(text)
    except Unreadable as why:
        raise Unreadable(f"{path} {why}") from None


def json_value(text: str, **readers: Any) -> Any:
    """Return what a JSON `text` says; raises Unreadable, which says where it is none.

    readers: of numbers, as `json.loads` takes them.
    """
    try:
        if text[:1] == "{":
            value, end = _quick_json(**readers)(text)
            if end == len(text):
                return value
        return json.loads(text, **readers)
    except json.JSONDecodeError as wrong:
        line = f"line {wrong.lineno}, " if "\n" in wrong.doc.strip() else ""
        what = wrong.msg.removesuffix(" at")
        # Not raised from there: what json raises holds the text, and so a key.
        raise Unreadable(f"is no JSON: {what} at {line}character {wrong.colno}") from None
    except (ValueError, RecursionError):
        raise Unreadable("is no JSON that can be read: too deep, or a number too long") from None


@lru_cache
def _quick_json(**readers: Any) -> Callable[[str], tuple[Any, int]]:
    """Return what spares two thirds of the time of a short line."""
    return json.JSONDecoder(**readers).raw_decode


def stream_text(stream: BinaryIO) -> str:
    """Return all text of `stream`; raises Unreadable when it is too long or no text."""
    data = stream.read(FILE_MAX + 1)
    if len(data) > FILE_MAX:
        raise Unreadable(f"is too long: {FILE_MAX // 1024} kB is the most")
    mark, name = _encoding(data)
    try:
        return data[len(mark) :].decode(name).removesuffix(_CTRL_Z)
    except UnicodeDecodeError:
        raise Unreadable("is no text in UTF-8 or UTF-16") from None


def lines(stream: BinaryIO) -> Iterator[str | Unreadable]:
    """Yield the lines of `stream` as they come, without their ends.

    A line that is blank, too long or no text comes as an Unreadable, once, and the next line
    follows: so the answers stay beside their lines. Blank lines at the very end are no lines.
    Memory stays bounded. Blocks until a line has come.
    """
    for bunch in bunches(stream):
        yield from bunch


def bunches(stream: BinaryIO) -> Iterator[list[str | Unreadable]]:
    """Yield what `lines` yields in lists: the lines that have come, before more are waited for."""
    splitter = _Splitter()
    read = getattr(stream, "read1", None) or stream.read  # what has come, not a full buffer
    while data := read(_CHUNK):
        yield list(splitter.feed(data))
    yield list(splitter.end())


class _Splitter:
    """Cuts octets into lines."""

    def __init__(self):
        self._held = b""
        self._decoder: codecs.IncrementalDecoder | None = None
        self._begun = self._long = self._after_cr = False
        self._blank = 0  # lines, given when another follows

    def feed(self, data: bytes) -> Iterator[str | Unreadable]:
        """Yield the lines that end in `data`."""
        if not self._begun:
            self._held += data
            if len(self._held) < len(codecs.BOM_UTF8) and _may_be_mark(self._held):
                return
            data, self._held = self._begin(self._held), b""
        if self._decoder is not None:
            data = self._decoder.decode(data).encode("utf-8", "surrogatepass")
        if self._after_cr and data[:1] == b"\n":
            data = data[1:]
        self._after_cr = data.endswith(b"\r") or (self._after_cr and not data)
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *whole, rest = (self._held + data).split(b"\n")
        for line in whole:
            if self._long or self._blank or len(line) > LINE_MAX or not line.strip():
                yield from self._line(line)
            else:
                yield self._text(line)
        if len(rest) > LINE_MAX and not self._long:
            yield from self._blanks()
            yield _too_long()
            self._long = True
        self._held = b"" if self._long else rest

    def end(self) -> Iterator[str | Unreadable]:
        """Yield the last line, if the stream ended without an end of line."""
        if not self._begun:
            self._held = self._begin(self._held)
        yield from self._line(self._held.removesuffix(_CTRL_Z.encode()))

    def _begin(self, data: bytes) -> bytes:
        self._begun = True
        mark, name = _encoding(data)
        if name != "utf-8":
            self._decoder = codecs.getincrementaldecoder(name)("replace")
        return data[len(mark) :]

    def _line(self, line: bytes) -> Iterator[str | Unreadable]:
        if self._long:  # it was refused already
            self._long = False
        elif not line.strip():
            self._blank += 1
        else:
            yield from self._blanks()
            yield self._text(line) if len(line) <= LINE_MAX else _too_long()

    def _blanks(self) -> Iterator[Unreadable]:
        blank, self._blank = self._blank, 0
        for _ in range(blank):
            yield Unreadable("the line is blank")

    def _text(self, line: bytes) -> str | Unreadable:
        try:
            text = line.decode()
        except UnicodeDecodeError:
            return Unreadable("the line is no text in UTF-8 or UTF-16")
        if self._decoder is not None and "\ufffd" in text:  # what "replace" puts there
            return Unreadable("the line is no text in UTF-8 or UTF-16")
        return text


def _too_long() -> Unreadable:
    return Unreadable(f"the line is too long: {LINE_MAX // 1024} kB is the most")


def _may_be_mark(data: bytes) -> bool:
    return any(mark.startswith(data) for mark, _ in _MARKS)


def _encoding(data: bytes) -> tuple[bytes, str]:
    """Return (mark to take off, encoding) of a text that begins with `data`."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return mark, name
    return b"", "utf-8"
