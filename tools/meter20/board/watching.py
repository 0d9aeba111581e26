"""What `meter20 board monitor` shows: the display, the registers, and what happened."""

import time
from collections import deque

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from meter20.board.trouble import Code, Trouble
from meter20.terminal import printable

_EVENTS = 8
_MOST = 1 << 63
_REGISTERS = (
    ("credit", "credit_wh", "Wh"),
    ("total", "total_wh", "Wh"),
    ("power", "power_w", "W"),
    ("load switch", "relay", ""),
    ("because", "relay_reason", ""),
    ("last result", "last_result", ""),
    ("key revision", "krn", ""),
    ("lock-out", "lockout_s", "s"),
    ("cover open", "tamper", ""),
    ("up", "uptime_s", "s"),
)

#: Whose change is worth a line. credit_wh: only when it grows.
_TELLING = ("relay", "relay_reason", "last_result", "tamper", "krn", "sgc", "drn")


def events(before: dict, after: dict) -> list[str]:
    """Return in words what happened between two replies to `read`."""
    if not before:
        return []
    happened = [
        f"{name}: {before.get(name)} -> {after.get(name)}"
        for name in _TELLING
        if before.get(name) != after.get(name)
    ]
    if after["credit_wh"] > before["credit_wh"]:
        happened.append(f"credit: +{after['credit_wh'] - before['credit_wh']} Wh")
    if after["uptime_s"] < before["uptime_s"]:
        happened.append("the meter restarted")
    return [printable(event) for event in happened]


class View:
    """The picture of one meter. heard: the latest reply to `read`."""

    def __init__(self):
        self.heard: dict = {}
        self._events: deque[str] = deque(maxlen=_EVENTS)

    def hear(self, read: dict) -> list[str]:
        """Take the next reply; return what happened since the one before.

        Raises Trouble for a reply that is not a meter's.
        """
        _check(read)
        new = events(self.heard, read)
        self.heard = read
        clock = time.strftime("%H:%M:%S")
        self._events.extend(f"{clock} {event}" for event in new)
        return new

    def __rich__(self) -> RenderableType:
        shown = printable("\n".join(self.heard["display"]))
        beside = Table.grid(padding=(0, 2))  # so that all of it fits into 24 lines
        beside.add_row(
            Panel(Text(shown), title="display", width=26),
            self._registers(),
        )
        return Group(
            beside,
            Panel(Text("\n".join(self._events) or "nothing yet"), title="events"),
        )

    def _registers(self):
        title = f"meter {self.heard['drn'] or 'without a key'}"
        table = Table(show_header=False, title=Text(printable(title)))
        for words, name, unit in _REGISTERS:
            value = _words(self.heard[name])
            table.add_row(words, Text(printable(f"{value} {unit}").strip()))
        return table


def _check(read):
    """Raise Trouble unless `read` is a good reply to that request."""
    if not read["ok"]:
        raise Trouble(Code.REFUSED, f"the meter refused: {read.get('message')}")
    names = {name for _words, name, _unit in _REGISTERS}.union(_TELLING)
    numbers = [read.get(name) for name in ("credit_wh", "uptime_s")]
    whole = all(type(number) is int and -_MOST < number < _MOST for number in numbers)
    display = read.get("display")
    lines = isinstance(display, list) and all(isinstance(line, str) for line in display)
    if names - set(read) or not whole or not lines:
        raise Trouble(Code.NO_ANSWER, "what answers is no meter that this meter20 knows")


def _words(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "-" if value in (None, "") else value
