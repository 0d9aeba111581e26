"""Memory runs out at any line of the firmware: switch open, restart, nothing lost or doubled.

And time runs away: the watchdog waits out the slowest flash there is.
"""

import os
import sys
from pathlib import Path

import board
import pytest
from account.state import Identity
from body import SimBody
from data import meters
from flash_chip import RamImage
from parts import SimWatchdog

from meter20 import DEVICE_ROOT

#: Of so many lines that the scenario runs, one is hit: METER20_EVERY_LINE=1 hits every one.
EVERY = int(os.environ.get("METER20_EVERY_LINE", "23"))
FIRMWARE = str(DEVICE_ROOT / "firmware")
#: What catches a part's exceptions: the loop around it catches its own, see firmware/loop.py.
GUARD = {
    ("app.py", "step"),
    ("app.py", "fault"),
    ("supervisor.py", "__enter__"),
    ("supervisor.py", "__exit__"),
}
WORST_ERASE_MS, WORST_PROGRAM_MS = 843, 3


def provisioned_image():
    image = RamImage(board.FLASH_SIZE)
    body = SimBody(image)
    body.app.meter.provision(Identity(meters.DRN, 1000), meters.key(), meters.MANUFACTURED, 0)
    run(body.press(meters.TOKEN_100_WH[:19]))
    return image


def run(job):
    for _ in job:
        pass


class Lines:
    """Counts the lines of firmware that run, and raises MemoryError at one of them."""

    def __init__(self, hit_at=None):
        self.count = 0
        self._hit_at = hit_at

    def __enter__(self):
        sys.settrace(self._called)
        return self

    def __exit__(self, *_):
        sys.settrace(None)

    def _called(self, frame, _event, _argument):
        name = frame.f_code.co_filename
        if not name.startswith(FIRMWARE):
            return None
        return None if (Path(name).name, frame.f_code.co_name) in GUARD else self._line

    def _line(self, _frame, event, _argument):
        if event == "line":
            self.count += 1
            if self.count == self._hit_at:
                raise MemoryError
        return self._line


def body_before_the_last_digit(cells):
    """A meter in whose entry one digit of a token is missing, and pulses are under way."""
    image = RamImage(board.FLASH_SIZE)
    image.write(0, cells)
    body = SimBody(image)
    run(body.press(meters.TOKEN_100_WH[:19]))
    body.ports.pulses.train(30, 5000)
    return body


def play(body, hit_at=None):
    """The last digit, a second of consumption, a short code and a page about the meter."""
    with Lines(hit_at) as lines:
        run(body.press(meters.TOKEN_100_WH[19:]))
        run(body.advance(1000))
        run(body.press("#78#*"))
    return lines.count


@pytest.mark.parametrize("phase", range(2))
def test_memory_that_runs_out_at_any_line_loses_nothing(phase, note):
    image = provisioned_image()
    cells = image.read(0, image.size())
    lines = play(body_before_the_last_digit(cells))
    faults = 0
    for hit_at in range(1 + phase, lines, 2 * EVERY):
        body = body_before_the_last_digit(cells)
        play(body, hit_at)
        faults += check(body)
    hits = len(range(1 + phase, lines, 2 * EVERY))
    note(f"MemoryError at {hits} of {lines} lines: {faults} faults, nothing lost")
    assert faults > 10


def check(body):
    """Return whether the meter met a fault; either way its books must be right."""
    faulted = body.app.fault is not None
    if faulted:
        assert body.app.fault[1] == "MemoryError"
        assert not body.ports.load_switch.closed
        assert body.app.front.lines[0] == "FAULT"
    run(body.advance(9000))
    assert body.boots == 1 + faulted
    meter = body.app.meter
    credited = meters.TOKEN_100_WH_TID in meter.state.tids
    register = meter.state.register
    assert register.credit == (100 if credited else 0) - register.total_wh
    assert 0 <= register.total_wh <= 30
    result = meter.enter(meters.TOKEN_100_WH, 0).result
    assert result == ("UsedError" if credited else "Accept")
    return faulted


def test_the_watchdog_waits_for_the_slowest_flash(note):
    """A day of tokens, wrong tokens and consumption, each commit as slow as flash can be."""
    body = SimBody(RamImage(board.FLASH_SIZE))
    chip = body._chip
    program, erase = chip.program, chip.erase

    def slow_program(*arguments):
        program(*arguments)
        body._clock.now_ms += WORST_PROGRAM_MS

    def slow_erase(*arguments):
        erase(*arguments)
        body._clock.now_ms += WORST_ERASE_MS

    chip.program, chip.erase = slow_program, slow_erase
    body.app.meter.provision(Identity(meters.DRN, 1000), meters.key(), meters.MANUFACTURED, 0)
    longest_ms = 0
    for _ in range(40):
        body.ports.pulses.train(500, 60_000)
        run(body.press(meters.TOKEN_100_WH))
        run(body.press("#12330#"))
        run(body.advance(1_300_000))
        longest_ms = max(longest_ms, body.ports.watchdog.longest_ms)
    assert body.boots == 1
    assert min(chip.erases[:8]) > 0  # those of a meter without a network
    note(f"watchdog of {SimWatchdog.TIMEOUT_MS} ms, longest without food {longest_ms} ms")
    assert longest_ms < SimWatchdog.TIMEOUT_MS - 2 * WORST_ERASE_MS
