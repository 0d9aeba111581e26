"""Three ways to tell a story: the drawn meter, plain lines, lines of JSON.

A voice hears every event in turn and then the end.
"""

import json
import time
from collections.abc import Sequence
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.padding import Padding
from rich.text import Text
from sts.digits import grouped

from meter20.demo import drawing
from meter20.demo.telling import Event, Press

#: Seconds that each kind of event stays, at the usual speed.
_PAUSES = {"begin": 0.3, "key": 0.015, "taken": 0.3, "draw": 0.02, "end": 0.42}
_FIRST_KEYS_S = 0.05  # the first token is typed slowly enough to follow
_SLOW_STEPS = 2
_FOUR_KEYS_S = 0.035
FAST = 0.15  # of the usual pauses


class Voice(Protocol):
    """Tells a story to somebody."""

    def hear(self, event: Event) -> None: ...

    def end(self, wrong: int, seconds: float) -> None:
        """The story is over. wrong: steps that were not as expected. seconds: it took."""
        ...


class Plain:
    """Lines of text without any control codes, ASCII only."""

    def hear(self, event: Event) -> None:
        if event.kind == "begin":
            print(f"\n{event.number}. {event.step.title}\n   {event.step.say}")
            if event.step.receipt:
                print(*(f"   : {line} :" for line in drawing.slip(event.step.receipt)), sep="\n")
            if isinstance(event.step.action, Press):
                print("   keys: " + grouped(event.step.action.keys))
        elif event.kind == "taken":
            print("   then: " + " | ".join(line for line in event.meter["display"] if line))
        elif event.kind == "end":
            self._show(event)

    def end(self, wrong: int, seconds: float) -> None:
        print("\n" + summary(wrong, seconds))

    def _show(self, event):
        meter = event.meter
        beside = (
            f"credit  {drawing.kwh(meter['credit_wh'])}",
            f"supply  {'on' if meter['relay'] == 'closed' else 'off'}",
            f"clock   {meter['uptime_s']} s",
            "as expected" if not event.wrong else "WRONG",
        )
        print(f"   +{'-' * 22}+")
        for line, text in zip(meter["display"], beside, strict=False):
            print(f"   | {line:<20} |   {text}")
        print(f"   +{'-' * 22}+")
        for difference in event.wrong:
            print(f"   WRONG: {difference}")


class JsonLines:
    """A JSON object a line: every event, and the end."""

    def hear(self, event: Event) -> None:
        fields: dict[str, object] = {"event": event.kind, "step": event.step.name}
        if event.kind == "begin":
            fields |= {"number": event.number, "title": event.step.title, "say": event.step.say}
            if event.step.receipt:
                fields["receipt"] = event.step.receipt.data()
        if event.kind == "key":
            fields["key"] = event.key
        if event.kind == "draw":
            fields["load_w"] = event.load_w
        if event.kind == "end":
            fields |= {"ok": not event.wrong, "wrong": list(event.wrong), "meter": event.meter}
        else:
            fields |= {name: event.meter[name] for name in ("credit_wh", "relay", "display")}
        self._print(fields)

    def end(self, wrong: int, seconds: float) -> None:
        self._print({"event": "over", "ok": wrong == 0, "seconds": round(seconds, 3)})

    def _print(self, fields):
        print(json.dumps(fields), flush=True)


class Drawn:
    """The meter drawn in the terminal, live. pace: of the usual pauses; 0 for none.

    acts: how many steps each has. A context manager.
    """

    def __init__(self, console: Console, acts: Sequence[int], pace: float = 1.0):
        self._frame = Frame(acts)
        self._pace = pace
        self._due_s = 0.0
        self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")

    def __enter__(self):
        self._live.start()
        self._due_s = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def hear(self, event: Event) -> None:
        self._live.update(self._frame.after(event), refresh=True)
        self._wait(self._pace * _pause_s(event))

    def end(self, wrong: int, seconds: float) -> None:
        self._live.stop()  # what is printed while it runs lands above the picture
        self._live.console.print(Text("\n  " + summary(wrong, seconds), "bold"))

    def _wait(self, pause_s):
        """Wait until `pause_s` after the last wait; what was done meanwhile counts."""
        self._due_s = max(time.monotonic(), self._due_s + pause_s)
        time.sleep(max(0.0, self._due_s - time.monotonic()))


class Frame:
    """Draws one event after the other; remembers what is ticked off. acts: the steps of each."""

    def __init__(self, acts: Sequence[int]):
        self._acts = acts
        self._results: list[tuple[str, bool]] = []
        self._key: str | None = None
        self._lit = False

    def after(self, event: Event) -> Padding:
        """Return the picture after `event`."""
        if event.kind == "begin":
            self._key = None
        self._key = event.key[-1] if event.key else self._key
        self._lit = event.load_w > 0 and not self._lit
        if event.kind == "end":
            self._results.append((event.step.done, not event.wrong))
        meter = event.meter
        face = drawing.Face(
            meter["display"],
            meter["relay"] == "closed",
            meter["credit_wh"],
            meter["uptime_s"],
            event.load_w,
            self._lit,
            self._key,
            max(drawing.Face.full_wh, meter["credit_wh"]),
        )
        step, steps = event.step, sum(self._acts)
        drawn = Group(
            drawing.meter(face),
            Text(""),
            drawing.narration(event.number, steps, step.title, step.say, bool(event.wrong)),
            self._below(event),
            *(Text(difference, "bold red") for difference in event.wrong),
        )
        return Padding(drawn, (0, 0, 0, 1))

    def _below(self, event):
        """Return the ticks of the present act, and the receipt if there is one."""
        before = steps = 0
        for steps in self._acts:
            if event.number <= before + steps:
                break
            before += steps
        results = self._results[before:]
        if event.step.receipt:
            return drawing.ticks_and_slip(results, steps, event.step.receipt)
        return drawing.ticks(results, steps)


def _pause_s(event):
    if event.kind == "key" and event.number <= _SLOW_STEPS:
        return _FIRST_KEYS_S
    return _FOUR_KEYS_S if len(event.key or "") > 1 else _PAUSES[event.kind]


def summary(wrong: int, seconds: float) -> str:
    """Return the last line of the story."""
    if wrong:
        return f"{wrong} step(s) did not go as expected, in {seconds:.1f} s."
    return f"Every step went as expected, in {seconds:.1f} s."
