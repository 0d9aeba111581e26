"""`meter20 board monitor`: shows a meter on this terminal as lines, JSON, or a live picture."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator

import typer
from rich.console import Console
from rich.live import Live

from meter20.board.service import ServicePort
from meter20.board.watching import View

Telling = Callable[[dict, list[str]], None]


def watch(
    meter: ServicePort, view: View, tell: Telling, every: float, seconds: float | None
) -> None:
    """Look at the meter again and again; `tell` what was before, and what happened since."""
    until_s = None if seconds is None else time.monotonic() + seconds
    while until_s is None or time.monotonic() < until_s:
        before = view.heard
        tell(before, view.hear(meter.request(do="read")))
        time.sleep(every)


@contextlib.contextmanager
def voice(view: View, as_json: bool) -> Iterator[Telling]:
    """Return the form for this terminal: lines of JSON, lines of text, or a picture that moves.

    The last picture stays on the terminal.
    """
    console = Console()
    if as_json:
        yield lambda before, new: _changed(view, before, new)
        return
    first: dict = {}
    try:
        if console.is_terminal:
            with Live(console=console, screen=True) as live:
                yield lambda _before, _new: live.update(view)
        else:
            yield lambda before, new: first.update(_plainly(console, view, before, new))
    finally:
        if view.heard not in ({}, first):
            console.print(view)


def _changed(view: View, before: dict, new: list[str]) -> None:
    changed = {name: value for name, value in view.heard.items() if before.get(name) != value}
    if changed.keys() - {"uptime_s", "ok"}:
        typer.echo(json.dumps({**changed, "events": new}))


def _plainly(console: Console, view: View, before: dict, new: list[str]) -> dict:
    """Print the picture once, then what happens; return what a picture showed."""
    for event in new:
        console.print(event, markup=False)
    if before:
        return {}
    console.print(view)
    return view.heard
