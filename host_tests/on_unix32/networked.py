"""The program of a board on its emulated chip, on a real network and in real time.

Runs on MicroPython's unix port only, see start.py. The service port is standard input and output,
the network that of this machine; chip, flash, display and key pad are emulated, and are weighed
apart from the meter, as month.py weighs them. With a fifth argument to start.py, the file
descriptor of a line that does not block, DLMS is served by HDLC there as well.

    {"do":"weigh"}   asked here, not of the meter: bytes in use, what the emulation has of them,
                     and the processor time of the loop's longest turn since it was asked last
"""

import json
import select
import sys

import about
import chips
import lcd_module
import micropython
import month
import network
import utime  # the real one: `time` is the emulated chip's
from key_pad import KeyPad
from rtc_chip import RtcChip
from world import WORLD, Level

_SLOW_MS = 2000  # the most that the emulated chip catches up with at once
_CLOCK = (0x68, (0x0F, 0x88))
_LOAD_ROWS, _FIRST_S, _PERIOD_S, _FIRST_WH = 1000, 820_454_400, 900, 1000  # 2026-01-01


class Outside:
    """Plays USB line and clock: what the process is sent is what the meter is asked."""

    def __init__(self, scale):
        self._scale = scale
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)
        self._then_ms = utime.ticks_ms()
        self._boot = self._emulation = 0
        self._woken_s = self._longest_s = 0.0

    def wait(self, duration_ms):
        """Let real time pass, `duration_ms` at most, and the chip's time as much."""
        if self._scale is not None:
            self._scale.away()
            self._boot, self._emulation = month.used(), self._scale.bytes
            self._scale = None
            micropython.qstr_info()
            print("boot", self._boot, self._emulation)
        self._longest_s = max(self._longest_s, utime.clock() - self._woken_s)
        data = self._awaited(duration_ms)
        self._woken_s = utime.clock()
        return data

    def _awaited(self, duration_ms):
        data = b""
        if self._poll.poll(min(duration_ms, _SLOW_MS)):
            data = sys.stdin.buffer.readline()
            if not data:
                raise KeyboardInterrupt
        now_ms = utime.ticks_ms()
        passed_ms = utime.ticks_diff(now_ms, self._then_ms)
        self._then_ms = now_ms
        WORLD.advance_ms(max(1, min(passed_ms, _SLOW_MS)))
        if b"weigh" in data:
            told = {"used": month.used(), "emulation": self._emulation}
            told["longest_ms"] = round(1000 * self._longest_s)
            print(json.dumps(told))
            self._longest_s = 0.0
            return b""
        return data

    def write(self, text):
        print(text, end="")


class Line:
    """The meter's serial line, see ports.serial_line; `number` is its file descriptor."""

    def __init__(self, number):
        self._file = open(number, "r+b")  # noqa: SIM115  open as long as the board runs

    def receive(self, most):
        return self._file.read(most) or b""

    def send(self, data):
        return self._file.write(data) or 0


def fill(board):
    """Give `board` a load profile, so that there is something to read."""
    rows = board.rows("load")
    for number in range(_LOAD_ROWS):
        row = (_FIRST_S + _PERIOD_S * number).to_bytes(4, "little")
        rows.append(row + (_FIRST_WH + number).to_bytes(4, "little"))


def run(story, flash, outside):
    """Boot the board; see start.py. story: "fill" to make a load profile first."""
    WORLD.start(chips.chip("rp2_pico", about.__dict__))
    WORLD.storage = outside(WORLD.chip.storage_bytes)
    was_used = month.read_flash(flash, WORLD.storage)
    network.around["here"] = "a word"
    scale = month.Scale()
    scale.bytes = month.used()
    micropython.qstr_info()
    import loop
    from board import Board

    sys.path.append("beside")  # in the working directory; carriers are files on every board
    Board.has_wifi, Board.clock_kind = True, "ds3231"
    if len(sys.argv) > 6:
        Board.serial_line = lambda _board: Line(int(sys.argv[6]))
    month.mount(Board, not was_used)
    if story == "fill":
        fill(Board())
        with open(flash, "wb") as file:
            file.write(WORLD.storage)
        return
    before = month.used()
    outer = Outside(scale)
    KeyPad(Board.pins["keypad_rows"], Board.pins["keypad_columns"], Board.keys)
    WORLD.connect(Board.pins["pulse_in"], Level(1))
    WORLD.devices[Board.lcd_address] = lcd_module.LcdModule()
    WORLD.devices[_CLOCK[0]] = RtcChip(_CLOCK[1])
    scale.bytes += month.used() - before
    loop.UsbLines = lambda: outer
    try:
        loop.run()
    except KeyboardInterrupt:
        with open(flash, "wb") as file:
            file.write(WORLD.storage)
