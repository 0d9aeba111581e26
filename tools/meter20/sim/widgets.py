"""Parts of the sim's screen. Each shows what it is given and posts what was done to it."""

import json

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widgets import Static

from meter20.demo import drawing
from meter20.samples import Sample
from meter20.sim.world import LOAD_MAX_W

LOAD_STEP_W = 1000
_COLUMNS_A_STEP = 2
_BAR_COLUMNS = _COLUMNS_A_STEP * LOAD_MAX_W // LOAD_STEP_W
_LOAD_LABEL = "Load   "
_LOAD_DRAWN, _LOAD_PENDING = "on #3b6ea5", "on #8aa0b8"
_DARK = "on #23272e"
_CREDIT, _CREDIT_LOW = "on #3f8f2f", "on #d07a10"

#: Fields of `read` that the side pane shows, in order.
_FIELDS = (
    "drn",
    "credit_wh",
    "total_wh",
    "power_w",
    "relay",
    "relay_reason",
    "tids",
    "lockout_s",
    "last_result",
    "uptime_s",
)


class Part(Static):
    """A part of fixed size that is drawn again only when what it shows has changed."""

    _shown: object = None

    def changed_to(self, *shown: object) -> bool:
        """Return whether `shown` differs from the last time, and remember it."""
        changed = shown != self._shown
        self._shown = shown
        return changed

    def draw(self, text: Text) -> None:
        """Show `text`."""
        self.update(text, layout=False)


class Display(Part):
    """The meter's display in its bezel."""

    def show(self, lines: list[str], lit: bool) -> None:
        """Show `lines`; dark when not `lit`."""
        if self.changed_to(lines, lit):
            text = Text("\n").join(drawing.display(lines if lit else [""] * len(lines)))
            self.draw(text if lit else Text(text.plain, _DARK))


class Lamps(Part):
    """Load switch, pulse LED, buzzer, power and speed."""

    def show(self, closed: bool, pulse: bool, hz: int, watts: int, speed: int, lit: bool) -> None:
        if not self.changed_to(closed, pulse, hz, watts, speed, lit):
            return
        supply = ("SUPPLY ON", "#0c9a3e") if closed else ("SUPPLY OFF", "#d02020")
        if not lit:
            supply = ("NO MAINS", "#5c636e")
        text = Text.assemble(
            ("● ", f"bold {supply[1]}"),
            (supply[0] + "\n\n", "bold"),
            ("● ", "#d02020" if pulse else "#8e949d"),
            "pulse\n",
            ("♪ ", "bold #1f4f9c" if hz else "#8e949d"),
            (f"{hz} Hz\n" if hz else "silent\n", "" if hz else "#5c636e"),
            f"{watts / 1000:.1f} kW drawn\n",
            (f"time x{speed}", "bold #a04a00" if speed > 1 else ""),
        )
        self.draw(text)


def key_id(key: str) -> str:
    """Return the id of the widget of `key`."""
    return "key-" + {"*": "star", "#": "hash"}.get(key, key)


class Key(Static):
    """One key of the keypad; a click presses it."""

    class Pressed(Message):
        """key: the one pressed."""

        def __init__(self, key: str):
            super().__init__()
            self.key = key

    def __init__(self, key: str):
        super().__init__(key, id=key_id(key), classes="letter" if key in "ABCD" else "")
        self.key = key

    def on_mouse_down(self, event: events.MouseDown) -> None:
        event.stop()
        self.post_message(self.Pressed(self.key))

    def flash(self) -> None:
        """Look pressed for a moment."""
        self.add_class("pressed")
        self.set_timer(0.12, lambda: self.remove_class("pressed"))


class LoadBar(Part):
    """The load, 0 to 15 kW: a click sets it."""

    class Chosen(Message):
        """watts: the load chosen."""

        def __init__(self, watts: int):
            super().__init__()
            self.watts = watts

    def show(self, watts: int, drawn: bool) -> None:
        """Show a load of `watts`; pale while it draws nothing."""
        if not self.changed_to(watts, drawn):
            return
        style = _LOAD_DRAWN if drawn else _LOAD_PENDING
        bar = drawing.bar(watts, LOAD_MAX_W, _BAR_COLUMNS, style)
        self.draw(Text.assemble(_LOAD_LABEL, bar, f"{watts // 1000:>3} kW"))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self._choose(event.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if event.button:  # dragged
            self._choose(event.x)

    def _choose(self, column):
        steps = (column - len(_LOAD_LABEL) + _COLUMNS_A_STEP) // _COLUMNS_A_STEP
        self.post_message(self.Chosen(max(0, min(LOAD_MAX_W, steps * LOAD_STEP_W))))


class CreditBar(Part):
    """The credit; the bar is full at `full_wh`, the most seen so far."""

    full_wh = 25_600

    def show(self, credit_wh: int) -> None:
        self.full_wh = max(self.full_wh, credit_wh)
        """Show the credit; `full_wh` grows with it."""
        if not self.changed_to(credit_wh):
            return
        style = _CREDIT_LOW if credit_wh < drawing.LOW_CREDIT_WH else _CREDIT
        bar = drawing.bar(credit_wh, self.full_wh, _BAR_COLUMNS, style)
        self.draw(Text.assemble("Credit ", bar))


class PortView(Part):
    """What the service port says."""

    def show(self, reading: dict) -> None:
        if not self.changed_to(reading):
            return
        text = Text.assemble(("> ", "bold #ffb224"), ('{"do":"read"}\n', "#c8ccd2"))
        for name in _FIELDS:
            value = json.dumps(reading[name])
            text.append(f"  {name:<13}", "#8e949d")
            text.append(value + "\n", "bold #e8eaee")
        self.draw(text[:-1])


class TokenButton(Static):
    """A ready token, typed by a click or by its function key."""

    class Chosen(Message):
        """sample: the token chosen."""

        def __init__(self, sample: Sample):
            super().__init__()
            self.sample = sample

    def __init__(self, number: int, sample: Sample):
        digits = sample.digits
        grouped = " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))
        text = Text.assemble((f" F{number} ", "bold #1a1200 on #ffb224"), f" {sample.what}")
        super().__init__(Text.assemble(text, (f"\n     {grouped}", "#8e949d")))
        self._sample = sample

    def on_mouse_down(self, event: events.MouseDown) -> None:
        event.stop()
        self.post_message(self.Chosen(self._sample))


class OwnTokenButton(Part):
    """The last token of one's own station, typed by a click or by F1."""

    class Chosen(Message):
        """It was chosen."""

    def show(self, words: str) -> None:
        """Show which token that is."""
        if self.changed_to(words):
            self.draw(Text.assemble((" F1 ", "bold #1a1200 on #a9c938"), f" {words}"))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        event.stop()
        self.post_message(self.Chosen())
