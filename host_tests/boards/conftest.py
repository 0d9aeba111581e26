"""Boards on the emulated chip."""

import json
import sys
import traceback

import loop
import pytest
from models.pulses import MS
from rigs.board_bench import CHIPS, FIXTURES, METERS, Bench  # noqa: F401  for the tests beside
from world import WORLD

from meter20.board import packages, wiring


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The folder in which a board's files lie."""
    folder = tmp_path / "files"
    folder.mkdir()
    monkeypatch.setattr(Bench, "folder", str(folder))
    return folder


@pytest.fixture
def fresh_modules():
    """The modules of the firmware are read anew, as by a board that starts."""
    shared = ("reference_meter", "rp2_meter", "esp32_meter")
    rooms = (*packages.rooms(), *shared)
    kept = dict(sys.modules)
    for module in kept:
        if module.partition(".")[0] in rooms:
            del sys.modules[module]
    yield rooms
    sys.modules.clear()
    sys.modules.update(kept)


@pytest.fixture
def frozen(monkeypatch):
    """A frozen RP2040 build: `meter_flash` exists."""
    monkeypatch.syspath_prepend(str(wiring.BOARDS / "common" / "rp2_frozen"))
    yield
    monkeypatch.delitem(sys.modules, "meter_flash", raising=False)


class Script:
    """Plays the outside world in place of the USB line: what it yields goes in, time goes on."""

    def __init__(self, story):
        self._story = story(self)
        self.replies = []
        self._until_ns = 0

    def wait(self, duration_ms):
        """Let the meter's sleep pass; the story goes on once its own pause is over."""
        WORLD.advance_ms(duration_ms)
        if WORLD.now_ns < self._until_ns:
            return b""
        step = next(self._story, None)
        if step is None:
            raise KeyboardInterrupt
        if isinstance(step, int):
            self._until_ns = WORLD.now_ns + step * MS
            return b""
        return json.dumps(step).encode() + b"\n"

    def write(self, text):
        self.replies.append(json.loads(text))


def print_exception(fault, file):
    """As MicroPython's, which CPython lacks."""
    traceback.print_exception(fault, file=file)


@pytest.fixture
def play(monkeypatch):
    """Return a function that runs the loop of a bench until its story is over."""

    def play(bench, story, **how):
        script = Script(story)
        module = type(sys)("board")
        module.Board = lambda: bench.board
        monkeypatch.setitem(sys.modules, "board", module)
        monkeypatch.setattr(loop, "UsbLines", lambda: script)
        monkeypatch.setattr(sys, "print_exception", print_exception, raising=False)
        with pytest.raises(KeyboardInterrupt):
            loop.run(**how)
        return script

    return play
