"""The terminal: text of others made safe to print, an output that may fail, an input unseen.

Text of others is what a serial line says, or what a database holds. An output fails when it is
closed, full or has lost its reader. An input is unseen while a person types a passphrase.
"""

import contextlib
import errno
import io
import os
import select
import sys
from collections.abc import Iterator
from typing import BinaryIO

_HARMLESS = (0x0A,)
_DIRECTION = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_SHOWN = {
    code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    for code in (*range(0x20), *range(0x7F, 0xA0), *_DIRECTION)
    if code not in _HARMLESS
}


def printable(text: object) -> str:
    """Return `text` with its control characters written out: a terminal obeys none of them.

    Line ends stay. Half of a surrogate pair is written out too: it cannot be printed at all.
    """
    return str(text).translate(_SHOWN).encode("utf-8", "backslashreplace").decode("utf-8")


class OutputFault(OSError):
    """Standard output is closed, full or has lost its reader."""


def write(text: str) -> None:
    """Write `text` to standard output, and flush it.

    Characters that the output's encoding lacks are written as escapes. Blocks as long as the
    reader does. Raises OutputFault.
    """
    out = sys.stdout
    if out is None or out.closed:
        raise OutputFault(errno.EBADF, os.strerror(errno.EBADF))
    encoding = out.encoding or "ascii"
    try:
        out.write(text.encode(encoding, "backslashreplace").decode(encoding))
        out.flush()
    except OSError as error:
        raise OutputFault(*error.args) from None


def give_up() -> None:
    """Let what is left of a standard output that failed go nowhere, not out at Python's end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


@contextlib.contextmanager
def unseen(awaited: bool = True) -> Iterator[None]:
    """Let the terminal show nothing that is typed, if a passphrase is `awaited`.

    Without a terminal nothing happens. Somebody who knows that a passphrase comes types it before
    the question, and a terminal shows what is typed early. What is typed then is dropped when the
    question comes.
    """
    if not awaited or not is_typed_at():
        yield
        return
    import termios  # not on every system

    before = termios.tcgetattr(sys.stdin.fileno())
    quiet = [*before[:3], before[3] & ~termios.ECHO, *before[4:]]
    termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, before)


def is_typed_at() -> bool:
    """Say whether standard input is a terminal."""
    return sys.stdin is not None and sys.stdin.isatty()


def octets_in() -> BinaryIO:
    """Return standard input for reading bytes; one that is closed has none."""
    return io.BytesIO() if sys.stdin is None else sys.stdin.buffer


def ends_fault() -> str:
    """Return which of standard input and output is closed, "" if a program can serve on both."""
    closed = [name for name in ("stdin", "stdout") if getattr(sys, name) is None]
    return f"{' and '.join(closed)} closed" if closed else ""


def output_fault() -> str | None:
    """Return why standard output cannot take anything, as far as that shows before one writes."""
    if sys.stdout is None or sys.stdout.closed:
        return "it is closed"
    try:
        waiting = select.poll()
        waiting.register(sys.stdout.fileno(), 0)
        states = [state for _, state in waiting.poll(0)]
    except (AttributeError, OSError, ValueError):
        return None  # no poll here, or no descriptor behind it: writing will tell
    if any(state & select.POLLNVAL for state in states):
        return "it is closed"
    return "nobody reads it" if any(state & select.POLLERR for state in states) else None
