"""The application: the meter on the left, what the service port says on the right."""

import asyncio
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import ClassVar

from rich.traceback import Traceback
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Horizontal, Vertical
from textual.widgets import Footer, Static

from meter20 import samples
from meter20.failure import Failure
from meter20.sim.own_tokens import OwnTokens
from meter20.sim.widgets import (
    LOAD_STEP_W,
    CreditBar,
    Display,
    Key,
    Lamps,
    LoadBar,
    OwnTokenButton,
    PortView,
    TokenButton,
    key_id,
)
from meter20.sim.world import LOAD_MAX_W, World

SPEEDS = (1, 10, 60, 600)

_LEAST = "40x12"  # columns and rows; with the keypad 60x20, with everything 80x24
_TICK_S = 0.05
_TICK_MAX_S = 0.5  # a terminal that stood still is not caught up with
_TYPING_S = 0.07  # between two keys of a ready token
_CALM_S = 4.0  # after a key time runs at its own pace, so that one can type and read
_DARK_S = 0.8
_BLINK_S = 0.1
_NOTE_S = 0.25
_KEYPAD = "123A456B789C*0#D"

#: Keys of the keyboard that are not the meter's own; see on_key.
_KEYBOARD = {
    "enter": "#",
    "number_sign": "#",
    "backspace": "*",
    "asterisk": "*",
    "escape": "C",
}


class Sim(App[None]):
    """The meter on `world`, in real time. now: seconds, for tests that play the clock."""

    TITLE = "meter20"
    ENABLE_COMMAND_PALETTE = False
    #: Columns and rows from which more of the sim is shown.
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012  Textual's type
        (0, "-no-width"), (40, "-slim"), (60, "-keys"), (80, "-narrow"), (100, "-wide"),
    ]  # fmt: skip
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-no-height"), (12, "-flat"), (20, "-tight"), (24, "-low"), (32, "-high"),
    ]  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,minus", "load(-1)", "load", key_display="←→"),
        Binding("right,plus", "load(1)", show=False),
        Binding("space", "toggle_load", "on/off", key_display="space"),
        Binding("s", "speed", "speed"),
        Binding("p", "power_cut", "power cut"),
        Binding("q,ctrl+c", "quit", "quit", key_display="q"),
        *(
            Binding(f"f{number}", f"type_token({number})", show=False)
            for number in range(1, len(samples.ALL) + 1)
        ),
    ]
    CSS = """
    Screen { background: #14171b; layout: horizontal; align: center middle; }
    #meter { width: 47; height: 100%; background: #c8ccd2; color: #20242a; padding: 0 2; }
    #name { height: 1; margin-bottom: 1; text-style: bold; }
    #name Static { width: 1fr; }
    #name #test-keys { width: 9; color: #a01818; }
    #top { height: 6; margin-bottom: 1; }
    Display { width: 24; height: 6; }
    Lamps { width: 1fr; height: 6; margin-left: 2; }
    LoadBar, CreditBar { height: 1; margin-bottom: 1; }
    #keypad {
        grid-size: 4 4; grid-gutter: 1 2; width: 42; height: 7; grid-rows: 1; keyline: none;
    }
    Key {
        background: #3c434d; color: #f4f5f7; text-style: bold;
        content-align: center middle; width: 100%; height: 1;
    }
    Key:hover { background: #566070; }
    Key.letter { background: #46648a; }
    Key.pressed { background: #ffb224; color: #1a1200; }
    #hints { color: #5c636e; margin-top: 1; height: auto; }
    #side { width: 1fr; height: 100%; padding: 0 2; color: #c8ccd2; }
    .title { text-style: bold; color: #a9c938; }
    #tokens-title { margin-top: 1; }
    TokenButton, OwnTokenButton { height: 1; }
    TokenButton:hover, OwnTokenButton:hover { background: #2a2f37; }
    Footer { background: #23272e; }

    #too-small { display: none; width: 100%; height: 100%; content-align: center middle; }
    .-no-width #too-small, .-no-height #too-small { display: block; }
    .-no-width #meter, .-no-height #meter, .-no-width Footer, .-no-height Footer { display: none; }
    .-no-width #side, .-no-height #side, .-slim #side, .-keys #side { display: none; }
    .-slim #meter, .-keys #meter { width: 100%; }
    .-slim #meter { padding: 0 1; }
    .-slim #keypad, .-flat #keypad, .-slim #hints, .-flat #hints, .-tight #hints {
        display: none;
    }
    .-slim LoadBar, .-slim CreditBar, .-slim #top, .-flat #top, .-tight #top,
    .-flat LoadBar, .-tight LoadBar, .-flat CreditBar, .-tight CreditBar, .-slim #name,
    .-flat #name, .-tight #name { margin-bottom: 0; }
    .-slim LoadBar, .-slim CreditBar { display: none; }
    .-flat TokenButton, .-tight TokenButton { height: 1; }

    .-wide #meter { width: 60; padding: 1 5; }
    .-wide #keypad { width: 50; }
    .-wide #side { padding: 1 4; }
    .-high #top, .-high CreditBar { margin-bottom: 2; }
    .-high #keypad { height: 15; grid-rows: 3; }
    .-high Key { height: 3; }
    .-high TokenButton { height: 2; }
    OwnTokenButton { margin-bottom: 1; }
    .-high #hints { margin-top: 2; }
    """

    def __init__(
        self,
        world: World,
        now: Callable[[], float] = time.monotonic,
        tokens: OwnTokens | None = None,
    ):
        super().__init__()
        self._world, self._tokens = world, tokens
        self._samples = samples.ALL if tokens is None else samples.FOR_ANY_METER
        self._own_view = OwnTokenButton() if tokens else None
        self._lcd, self._lamps = Display(), Lamps()
        self._load_bar, self._credit_bar = LoadBar(), CreditBar()
        self._port_view = PortView()
        self._now = now
        self._ran_s = self._typed_s = now()
        self._calm_until_s = self._dark_until_s = self._blink_until_s = self._note_until_s = 0.0
        self._part_ms = 0.0
        self._pulses = 0
        self._hz = 0
        self._speed = SPEEDS[0]
        self._last_load_w = 2000
        self._to_type = ""
        self._shown: list[str] = []  # of the display, when the panel was drawn last

    def compose(self) -> ComposeResult:
        yield Static(f"too small: needs {_LEAST}", id="too-small")
        with Vertical(id="meter"):
            with Horizontal(id="name"):
                yield Static("meter20 [dim]simulated meter[/]")
                yield Static("TEST KEYS", id="test-keys")
            with Horizontal(id="top"):
                yield self._lcd
                yield self._lamps
            yield self._load_bar
            yield self._credit_bar
            with Grid(id="keypad"):
                for key in _KEYPAD:
                    yield Key(key)
            yield Static("digits  A-D  Enter #  Backspace *  Esc C", id="hints")
        with Vertical(id="side"):
            yield Static("Service port", classes="title")
            yield self._port_view
            yield Static("Tokens: click, or press", classes="title", id="tokens-title")
            if self._own_view is not None:
                yield self._own_view
            for number, sample in enumerate(self._samples, 1 + (self._tokens is not None)):
                yield TokenButton(number, sample)
        yield Footer()

    def _fatal_error(self) -> None:
        """Say what went wrong as Textual does, but without local variables: one may be a key."""
        self.panic(Traceback(show_locals=False))

    def on_mount(self) -> None:
        for number in (signal.SIGTERM, signal.SIGHUP):  # a closed window sends the latter
            asyncio.get_running_loop().add_signal_handler(number, self.exit)
        self._show_reading()
        self._show()
        self.set_interval(_TICK_S, self.tick)
        self.set_interval(0.25, self._show_reading)

    def on_key(self, event) -> None:
        """Keys of the meter: digits, letters A to D in either case, and _KEYBOARD."""
        name = event.character or event.key
        key = _KEYBOARD.get(event.key) or (name.upper() if name.upper() in _KEYPAD else None)
        if key and len(key) == 1:
            event.stop()
            self._to_type = ""
            self._press(key)

    def on_key_pressed(self, message: Key.Pressed) -> None:
        self._to_type = ""
        self._press(message.key)

    def on_load_bar_chosen(self, message: LoadBar.Chosen) -> None:
        self._set_load(message.watts)

    def on_token_button_chosen(self, message: TokenButton.Chosen) -> None:
        self._type(message.sample.digits)

    def on_own_token_button_chosen(self, _: OwnTokenButton.Chosen) -> None:
        self._type_own()

    def action_load(self, steps: int) -> None:
        """Change the load by `steps` kW."""
        self._set_load(self._world.load_w + steps * LOAD_STEP_W)

    def action_toggle_load(self) -> None:
        """Switch the load off, or on again as it was."""
        self._set_load(0 if self._world.load_w else self._last_load_w)

    def action_speed(self) -> None:
        """Take the next speed of SPEEDS."""
        self._speed = SPEEDS[(SPEEDS.index(self._speed) + 1) % len(SPEEDS)]
        self._calm_until_s = 0.0
        self._show()

    def action_power_cut(self) -> None:
        """Cut the mains for a moment."""
        self._to_type = ""
        self._world.power_cut()
        self._dark_until_s = self._now() + _DARK_S
        self._show()

    def action_type_token(self, number: int) -> None:
        """Type ready token `number`, from 1. With a station of one's own F1 is its last token."""
        ready = number - 1
        if self._tokens is not None:
            if number == 1:
                self._type_own()
                return
            ready -= 1
        if ready < len(self._samples):
            self._type(self._samples[ready].digits)

    def _type_own(self):
        """Type what the station sold last; say why if it gives nothing out."""
        assert self._tokens is not None
        try:
            digits = self._tokens.take()
        except Failure as why:
            self.notify(str(why), severity="error", markup=False)
            return
        if digits:
            self._type(digits)
        self._show_reading()

    def _type(self, digits):
        self._to_type = "C" + digits

    def _press(self, key):
        if self._is_dark:
            return
        self._world.press(key)
        self._calm_until_s = self._now() + _CALM_S
        self.query_one("#" + key_id(key), Key).flash()

    def _set_load(self, watts):
        self._world.load_w = max(0, min(LOAD_MAX_W, watts))
        self._last_load_w = self._world.load_w or self._last_load_w
        self._show()

    @property
    def _is_dark(self):
        return self._now() < self._dark_until_s

    @property
    def _pace(self):
        """How fast time runs now."""
        return 1 if self._now() < self._calm_until_s else self._speed

    def tick(self) -> None:
        """Let the time that has passed pass for the meter too, and show what came of it."""
        now = self._now()
        elapsed_s, self._ran_s = min(now - self._ran_s, _TICK_MAX_S), now
        if self._is_dark:
            return
        if self._to_type and now - self._typed_s >= _TYPING_S:
            self._typed_s = now
            key, self._to_type = self._to_type[0], self._to_type[1:]
            self._press(key)
        self._part_ms += elapsed_s * 1000 * self._pace
        whole_ms = int(self._part_ms)
        self._part_ms -= whole_ms
        self._world.run(whole_ms)
        self._notice(now)
        self._show()

    def _notice(self, now):
        """Keep a pulse and a tone in sight long enough to be seen."""
        if self._world.pulses != self._pulses:
            self._pulses = self._world.pulses
            self._blink_until_s = now + _BLINK_S
        if self._world.heard_hz:
            self._hz = self._world.heard_hz
            self._note_until_s = now + _NOTE_S

    def _show(self):
        now, world, lit = self._now(), self._world, not self._is_dark
        pulse = now < self._blink_until_s
        hz = self._hz if now < self._note_until_s else 0
        lines = world.lines
        if lines[:2] != self._shown:  # the panel says the same as the display, at once
            self._shown = lines[:2]
            self._show_reading()
        self._lcd.show(lines, lit)
        drawn_w = world.drawn_w if lit else 0
        self._lamps.show(world.closed, pulse, hz, drawn_w, self._pace, lit)
        self._load_bar.show(world.load_w, drawn_w > 0)

    def _show_reading(self):
        reading = self._world.reading()
        self._port_view.show(reading)
        self._credit_bar.show(reading["credit_wh"])
        if self._own_view is not None and self._tokens is not None:
            with suppress(Failure):  # a database that is busy is looked at again soon
                self._own_view.show(self._tokens.look())
