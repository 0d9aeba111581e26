"""The program of a board on its emulated chip, for as long as a story goes on.

Runs on MicroPython's unix port only, see start.py. What belongs to the emulation - the chip and
its pins, the key pad, the display module, this module - is weighed apart from the meter. The
story, the flash and the ROM images lie outside the heap.

A story has a deed on each line:

| deed | what happens |
| --- | --- |
| `wait S` | S seconds go by |
| `keys K` | each key of K is pressed on the pad |
| `say LINE` | LINE arrives at the service port, in pieces of 256 bytes at most |
| `long N` | a request arrives whose id has N such pieces |
| `load W` | the load takes W watts while the relay is closed; 0 to 65535 |
| `unplug`, `plug` | the display |
| `day N` | day N is over: the memory in use is told |
"""

import gc
import json

import about
import chips
import lcd_module
import machine
import micropython
import rp2
import vfs
from key_pad import KeyPad
from world import WORLD

_MS = 1_000_000
_COARSE_MS = 5500  # the meter is asked this seldom while nobody is near; its watchdog takes 8000
_PAUSE_MS = 14  # beside a collection of garbage: two waits in one step
_FINGER_MS = 80
_COLLECT_BYTES = 65_536  # most garbage is the emulation's; the meter's own limit is for its own
_CHUNK = 256  # as the loop takes it from USB
_BLOCK = 4096
_PAGE = 256
_WIDTH_NS = 30 * _MS  # of a pulse
_PULSE_NS = 36_000_000_000_000  # how long a watt takes for a pulse of 10 Wh
_INSTANCE = 32  # bytes of an object before its __init__
_PARTS = (
    machine.Pin, machine.I2C, machine.PWM, machine.Timer, machine.WDT, rp2.StateMachine
)  # fmt: skip


def used():
    """Return the bytes in use once all garbage is gone."""
    gc.collect()
    gc.collect()  # what only a dead object's finaliser held
    return gc.mem_alloc()


class Scale:
    """Weighs what the emulated chip makes while a board is built. bytes: so far.

    A chip has its pins and state machines in silicon, or in the interpreter's ROM.
    """

    def __init__(self):
        self.bytes = 0
        self._real = [kind.__init__ for kind in _PARTS]
        for kind, real in zip(_PARTS, self._real):
            kind.__init__ = self._weighing(real)
        self._asm_pio = rp2.asm_pio
        rp2.asm_pio = self._assembling

    def away(self):
        """Weigh no more."""
        for kind, real in zip(_PARTS, self._real):
            kind.__init__ = real
        rp2.asm_pio = self._asm_pio

    def _weighing(self, real):
        def init(part, *arguments, **named):
            before = used()
            real(part, *arguments, **named)
            self.bytes += used() - before + _INSTANCE

        return init

    def _assembling(self, **named):
        assembled = self._asm_pio(**named)

        def weighed(function):
            before = used()
            program = assembled(function)
            self.bytes += used() - before
            return program

        return weighed


class Load:
    """Pulses of what the load takes through the `relay`, a wire. watts: 0 for nothing."""

    def __init__(self, relay):
        self._relay = relay
        self._since_ns = 0
        self._period_ns = _PULSE_NS

    def take(self, watts):
        WORLD.settle()
        self._since_ns = WORLD.now_ns
        self._period_ns = _PULSE_NS // watts

    def level_at(self, _pin, time_ns):
        past_ns = time_ns - self._since_ns
        low = self._relay.output == 1 and past_ns % self._period_ns >= self._period_ns - _WIDTH_NS
        return 0 if low else 1

    def next_edge_ns(self, time_ns):
        past_ns = (time_ns - self._since_ns) % self._period_ns
        high_ns = self._period_ns - _WIDTH_NS
        return time_ns + (high_ns if past_ns < high_ns else self._period_ns) - past_ns


class Script:
    """Plays the outside world in place of the USB line, as the story in the file `name` says."""

    def __init__(self, name, board, scale):
        self._deeds = self._told(name)
        self._scale = scale
        self._usb = None
        self._pad = KeyPad(board.pins["keypad_rows"], board.pins["keypad_columns"], board.keys)
        self._used = Load(WORLD.wire(board.pins["relay"]))
        WORLD.connect(board.pins["pulse_in"], self._used)
        self._lcd = WORLD.devices[board.lcd_address] = lcd_module.LcdModule()
        self._address = board.lcd_address
        self._left_ms = 0
        self._coarse = False

    def instead_of(self, usb_lines):
        """Return a function that takes the place of the class `usb_lines`."""

        def made():
            self._usb = usb_lines()  # it is there, and nobody asks it
            return self

        return made

    def wait(self, duration_ms):
        """Let the meter's sleep pass, or more of it while nobody is near."""
        if self._scale is not None:
            print("boot", used(), self._scale.bytes)
            micropython.qstr_info()
            self._scale.away()
            gc.threshold(_COLLECT_BYTES)
            self._scale = None
        if self._left_ms <= 0:
            deed = next(self._deeds, None)
            if deed is None:
                raise KeyboardInterrupt
            if isinstance(deed, bytes):
                return deed
            self._left_ms, self._coarse = deed
        step_ms = _COARSE_MS if self._coarse and duration_ms > _PAUSE_MS else duration_ms
        step_ms = max(1, min(step_ms, self._left_ms))
        self._left_ms -= step_ms
        WORLD.advance_ms(step_ms)
        return b""

    def write(self, text):
        reply = json.loads(text)
        print("reply", reply.get("result") or reply.get("error") or "ok")
        if "tids" in reply:
            print("read", reply["credit_wh"], reply["total_wh"], reply["last_result"])

    def _told(self, name):
        """Yield what each deed takes: (milliseconds, whether nobody is near), or bytes."""
        with open(name) as story:
            for line in story:
                deed, _, what = line[:-1].partition(" ")
                taken = getattr(self, "_" + deed)(what)
                if taken is not None:
                    yield from taken

    def _wait(self, seconds):
        yield 1000 * int(seconds), True

    def _keys(self, keys):
        for key in keys:
            self._pad.press(key)
            yield _FINGER_MS, False
            self._pad.let_go(key)
            yield _FINGER_MS, False

    def _say(self, line):
        for at in range(0, len(line), _CHUNK):
            yield line[at : at + _CHUNK].encode()
        yield b"\n"

    def _long(self, pieces):
        yield b'{"do":"read","id":"'
        for _ in range(int(pieces)):
            yield b"x" * _CHUNK
        yield b'"}\n'

    def _load(self, watts):
        self._used.take(int(watts))

    def _unplug(self, _):
        del WORLD.devices[self._address]

    def _plug(self, _):
        self._lcd.power_up()
        WORLD.devices[self._address] = self._lcd

    def _day(self, number):
        print("day", number, used())


def mount(board, is_new):
    """Mount the flash's file system, made first if it `is_new`; `board` has its files there.

    A meter that is read in place is a frozen one: the last blocks are its own.
    """
    try:
        from meter_flash import start

        device = rp2.Flash(start=0, len=start())
    except ImportError:
        device = rp2.Flash()
    if is_new:
        vfs.VfsLfs2.mkfs(device, progsize=_PAGE)
    vfs.mount(vfs.VfsLfs2(device, progsize=_PAGE), "/flash")
    board.folder = "/flash/"


def read_flash(name, cells):
    """Fill `cells` with what the file `name` holds; return False if there is none."""
    try:
        with open(name, "rb") as file:
            return bool(file.readinto(cells))
    except OSError:
        for block in range(0, len(cells), _BLOCK):
            cells[block : block + _BLOCK] = b"\xff" * _BLOCK
        return False


def run(story, flash, outside):
    """Boot the board and play `story`; see start.py. Prints what is found."""
    WORLD.start(chips.chip("rp2_pico", about.__dict__))
    WORLD.storage = outside(WORLD.chip.storage_bytes)
    was_used = read_flash(flash, WORLD.storage)
    scale = Scale()
    scale.bytes = used()
    micropython.qstr_info()
    import loop
    from board import Board

    mount(Board, not was_used)
    before = used()
    script = Script(story, Board, scale)
    scale.bytes += used() - before
    loop.UsbLines = script.instead_of(loop.UsbLines)
    try:
        loop.run()
    except KeyboardInterrupt:
        print("end", used(), WORLD.level(Board.pins["relay"]))
    micropython.mem_info()
    with open(flash, "wb") as file:
        file.write(WORLD.storage)
