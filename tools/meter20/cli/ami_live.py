"""What `meter20 ami run` shows: a picture on a terminal, elsewhere a line for each step."""

import contextlib
import json
import time
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from meter20 import terminal

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live

    from meter20.vending.storage import Storage

_LOOKS_S = 1.0  # between two looks at the database
_LINES = 6
_ROWS = 12
_OTHERS = 10  # lines of the picture beside rows and lines
_NUMBERS = ("purchase", "kwh", "sends")
_MONTH_TO_MINUTE = slice(5, 16)  # of a time, so that a row fits into 80 columns
_NAMES = ("purchase", "ordered", "meter", "kwh", "state", "outcome", "sends", "result")


class Voice:
    """Writes a line for each step."""

    def __init__(self, as_json: bool):
        self._as_json = as_json

    def say(self, line: str) -> None:
        """Tell of a step; `line` holds no token."""
        if self._as_json:
            terminal.write(json.dumps({"time": _now(), "line": line}) + "\n")
        else:
            terminal.write(f"{_now()} {terminal.printable(line)}\n")

    def look(self, storage: "Storage") -> None:
        """Look at the database, if that is worth while. Raises Refusal if it cannot be read."""


class Picture(Voice):
    """Draws on `live` the newest purchases, how many are due, and the latest steps."""

    def __init__(self, live: "Live", console: "Console"):
        super().__init__(False)
        self._live, self._console = live, console
        self._lines: deque[str] = deque(maxlen=_LINES)
        self._rows: list[dict] = []
        self._due: dict[str, int] = {}
        self._looks_at_s = 0.0

    def say(self, line: str) -> None:
        self._lines.append(f"{_now()} {terminal.printable(line)}")
        self._looks_at_s = 0.0  # what it tells of is in the database
        self._draw()

    def look(self, storage: "Storage") -> None:
        from meter20.ami import purchases

        if time.monotonic() < self._looks_at_s:
            return
        self._looks_at_s = time.monotonic() + _LOOKS_S
        most = max(1, min(_ROWS, self._console.height - _OTHERS - _LINES))
        with storage.reading() as session:
            newest = purchases.latest(session, None, most)
            self._rows = [purchases.facts(session, each) for each in newest]
            self._due = purchases.due(session)
        self._draw()

    def _draw(self) -> None:
        self._live.update(self._drawn(), refresh=True)

    def _drawn(self) -> "RenderableType":
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table(*_NAMES, title="meter20 ami run (Ctrl-C ends)", box=None, pad_edge=False)
        for column in table.columns:
            column.no_wrap = True
            column.justify = "right" if column.header in _NUMBERS else "left"
        for row in self._rows:
            shown = {**row, "ordered": row["ordered"][_MONTH_TO_MINUTE].replace("T", " ")}
            cells = ["" if shown[name] is None else str(shown[name]) for name in _NAMES]
            table.add_row(*[Text(terminal.printable(cell)) for cell in cells])
        open_now = ", ".join(f"{count} {state}" for state, count in sorted(self._due.items()))
        table.caption = f"due: {open_now or 'nothing'}"
        lines = [Text(line, no_wrap=True, overflow="ellipsis") for line in self._lines]
        return Group(table, *lines)


@contextlib.contextmanager
def voice(as_json: bool) -> Iterator[Voice]:
    """Return the form for this output. The last picture stays on the terminal."""
    from rich.console import Console

    console = Console()
    if as_json or not console.is_terminal:
        yield Voice(as_json)
        return
    from rich.live import Live

    with Live(console=console, auto_refresh=False) as live:
        yield Picture(live, console)


def _now() -> str:
    from meter20.vending.station import utc_now
    from meter20.vending.station_time import stamp

    return stamp(utc_now())
