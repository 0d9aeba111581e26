"""What `meter20 board monitor` shows: the display, the registers, and what happened."""

import time
from collections import deque

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

_EVENTS = 8
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
    told = [
        f"{name}: {before.get(name)} -> {after.get(name)}"
        for name in _TELLING
        if before.get(name) != after.get(name)
    ]
    if after["credit_wh"] > before["credit_wh"]:
        told.append(f"credit: +{after['credit_wh'] - before['credit_wh']} Wh")
    if after["uptime_s"] < before["uptime_s"]:
        told.append("the meter restarted")
    return told


class View:
    """The picture of one meter. heard: the latest reply to `read`."""

    def __init__(self):
        self.heard: dict = {}
        self._events: deque[str] = deque(maxlen=_EVENTS)

    def hear(self, read: dict) -> list[str]:
        """Take the next reply; return what happened since the one before."""
        new = events(self.heard, read)
        self.heard = read
        clock = time.strftime("%H:%M:%S")
        self._events.extend(f"{clock} {event}" for event in new)
        return new

    def __rich__(self) -> RenderableType:
        return Group(
            Panel(Text("\n".join(self.heard["display"])), title="display", width=26),
            self._registers(),
            Panel(Text("\n".join(self._events) or "nothing yet"), title="events"),
        )

    def _registers(self):
        table = Table(show_header=False, title=f"meter {self.heard['drn'] or 'without a key'}")
        for words, name, unit in _REGISTERS:
            table.add_row(words, f"{self.heard[name]} {unit}".strip())
        return table
