"""Target: text of strangers on people's terminals.

What a serial line says that is no meter, or a meter of bad will; what stands in a station's
database. A case is where the text comes from, and the text. Nothing raises but what is documented,
and no character goes to the terminal that it would obey.
"""

import contextlib
import io
import itertools
import json
import os
from unittest import mock

import typer
from fuzz import feed as feeds
from fuzz import port
from fuzz.feed import Feed
from rich.console import Console

from meter20.board import watching
from meter20.board.service import ServicePort
from meter20.cli import answers, board, board_monitor
from meter20.vending.refusal import Refusal

_LOOKS = 3


class _Terminal(io.StringIO):
    """What is printed; nobody leaves anything out because it is no terminal."""

    def isatty(self):
        return True


class _Stranger:
    """A serial line that says `data`, whatever it is asked. `{number}` in it becomes the id."""

    def __init__(self, data):
        self._data, self._number = data, b"0"

    def write(self, data):
        self._number = str(json.loads(data)["id"]).encode()

    def readline(self):
        if not self._data:
            raise OSError("no more")
        line, end, self._data = self._data.partition(b"\n")
        return (line + end).replace(b"{number}", self._number)


def case(data: bytes):
    """Show on a terminal what `data` says; raise AssertionError if the terminal would obey."""
    feed = Feed(data)
    show = feed.pick(_WAYS)
    output = _Terminal()
    with (
        mock.patch.dict(os.environ, TERM="dumb"),  # rich then sends no colours of its own
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output),
        contextlib.suppress(typer.Exit, typer.BadParameter),  # documented
    ):
        show(feed, Console(file=output, width=100))
    for char in output.getvalue():
        assert char == "\n" or ord(char) >= 0x20, "a control character: " + ascii(char)
        assert not 0x80 <= ord(char) <= 0x9F, "a control character: " + ascii(char)
    output.getvalue().encode()


def almost(chance) -> bytes:
    """Return what a meter might say, with some of it replaced."""
    way = chance.randrange(len(_WAYS))
    return bytes([way]) + _MADE[way](chance)


def _monitor(feed, console):
    """`board monitor`: each look at a reply of the stranger."""
    with answers.ending(None, feed.number() & 1 == 1):
        meter = _port(feed.rest())
        view = watching.View()
        for _ in range(_LOOKS):
            before = view.heard
            new = view.hear(meter.request(do="read"))
            console.print(view)
            board_monitor._plainly(console, view, before, new)
            board_monitor._changed(view, before, new)


def _ask(feed, _console):
    """`board ask` and `board provision`: one reply."""
    as_json = feed.number() & 1 == 1
    with answers.ending(None, as_json):
        reply = _port(feed.rest()).request(do="provision")
        answers.say(as_json, board._accepted(reply), f"Number {reply.get('drn')}")


def _table(feed, _console):
    """A list of `meter20 vend`: names of customers, tariffs and meters."""
    columns = ("drn", "customer", "tariff")
    rows = [{name: feed.text() for name in columns} for _ in range(1 + feed.number() % 4)]
    answers.show(feed.number() & 1 == 1, "meters", rows, "none")


def _words(feed, _console):
    """A receipt, or what else a command says."""
    as_json = feed.number() & 1 == 1
    answers.say(as_json, {"note": feed.text()}, feed.text() + "\n" + feed.text())


def _refusal(feed, _console):
    with answers.ending(None, feed.number() & 1 == 1):
        raise Refusal("value", feed.text())


def _port(data):
    made = ServicePort.__new__(ServicePort)
    made.port, made._line, made._timeout_s = "wire", _Stranger(data), 2
    made._numbers = itertools.count(1)
    return made


_WAYS = (_monitor, _monitor, _ask, _table, _words, _refusal)


# -- made for `almost` ---------------------------------------------------------------------------

_READ = json.loads(port._exchange(port._Meter(), b'{"do":"read"}\n'))
_AWKWARD = (
    "[/b]",
    "[red]",
    "[link=x]",
    "\x1b[2J",
    "\x9b2J",
    "\x07",
    "\r",
    "\ud800",
    "\x00",
    "%s",
    "{0}",
)


def _stranger_text(chance):
    return chance.choice((*_AWKWARD, feeds.awkward_text(chance), "a" * 300))


def _reply(chance):
    reply = dict(_READ)
    for _ in range(chance.choice((0, 1, 1, 2, 5))):
        name = chance.choice([*reply, "error", "message", "x", "uptime_s"])
        reply[name] = chance.choice((
            _stranger_text(chance), [_stranger_text(chance)] * 4, None, {}, [], 5, -1, 1.5, True,
            1 << 70, False,
        ))  # fmt: skip
    for _ in range(chance.choice((0, 0, 0, 1, 3))):
        reply.pop(chance.choice(list(reply)))
    line = json.dumps({**reply, "id": 0}, ensure_ascii=chance.random() < 0.5)
    return line.replace('"id": 0', '"id": {number}').encode("utf-8", "surrogatepass")


def _replies(chance):
    lines = [_reply(chance) for _ in range(_LOOKS)]
    if chance.random() < 0.3:
        lines.insert(0, chance.randbytes(chance.randrange(40)))
    said = b"\n".join(lines) + b"\n"
    return chance.randbytes(1) + (feeds.spoilt(said, chance) if chance.random() < 0.2 else said)


def _texts(count):
    def made(chance):
        return chance.randbytes(1) + b"".join(
            feeds.text(_stranger_text(chance)) for _ in range(count)
        )

    return made


_MADE = (_replies, _replies, _replies, _texts(12), _texts(3), _texts(1))
