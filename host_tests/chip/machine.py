"""Emulated `machine`: what the drivers use, with the limits of the chip in `WORLD`.

Runs on CPython and on MicroPython. What is not here the drivers may not use;
what a chip cannot do raises ValueError, as near to the real port's words as helps.
"""

import array  # noqa: F401  built into a chip's MicroPython; `loop` looks for no file of CPython's
import time

import emulated_time
from world import FLOATING, WORLD, Reset

if not hasattr(time, "ticks_ms"):  # CPython
    for _name in emulated_time.NAMES:
        setattr(time, _name, getattr(emulated_time, _name))

_ENODEV = 19
_BITS_A_BYTE = 9  # eight and an acknowledge


class Pin:
    """One pin. Making a second Pin of the same number is refused."""

    IN = 0
    OUT = 1
    OPEN_DRAIN = 2
    PULL_UP = 1
    PULL_DOWN = 2
    IRQ_FALLING = 1
    IRQ_RISING = 2

    def __init__(self, id, mode=-1, pull=None, *, value=None):
        self.id = WORLD.chip.named.get(id, id)
        WORLD.claim(self.id, "a pin")
        self._wire = WORLD.wire(self.id)
        self._mode = self.IN
        self._value = 0
        self.init(mode, pull, value=value)

    def init(self, mode=-1, pull=None, *, value=None):
        if mode not in (-1, self.IN, self.OUT, self.OPEN_DRAIN):
            raise ValueError("no such mode")
        if self.id in WORLD.chip.input_only:
            if mode in (self.OUT, self.OPEN_DRAIN):
                raise ValueError("pin %s can only be input" % self.id)
            if pull is not None:
                raise ValueError("pin %s has no pull resistor" % self.id)
        if mode != -1:
            self._mode = mode
        if pull is not None:
            self._wire.pull = 1 if pull == self.PULL_UP else 0
        if value is not None:
            self._value = int(bool(value))
        self._drive()

    def value(self, value=None):
        if value is None:
            return self._wire.level_at(WORLD.now_ns)
        if self._mode == self.IN:
            raise ValueError("pin %s is an input" % self.id)
        self._value = int(bool(value))
        self._drive()

    def __call__(self, value=None):
        return self.value(value)

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    def toggle(self):
        self.value(1 - self._value)

    def irq(self, handler=None, trigger=IRQ_FALLING | IRQ_RISING, *, hard=False):
        if hard and not WORLD.chip.hard_irq:
            raise TypeError("extra keyword arguments given")
        self._wire.handler = lambda: handler(self)
        self._wire.trigger = trigger
        if self._wire not in WORLD.interrupting:
            WORLD.interrupting.append(self._wire)

    def _drive(self):
        output = self._value
        if self._mode == self.IN or (self._mode == self.OPEN_DRAIN and self._value):
            output = FLOATING
        self._wire.drive(output, WORLD.now_ns)


class I2C:
    """A bus. Its transfers take their time; WORLD.devices answer by address."""

    def __init__(self, id, *, scl, sda, freq=400_000):
        for pins, pin in zip(_i2c_pins(id), (sda, scl)):
            if pins is not None and pin.id not in pins:
                raise ValueError("I2C(%s) cannot use pin %s" % (id, pin.id))
            if pin.id in WORLD.chip.input_only:
                raise ValueError("pin %s can only be input" % pin.id)
        self._freq = freq

    def scan(self):
        return sorted(WORLD.devices)

    def writeto(self, addr, buf, stop=True):
        self._device(addr, len(buf)).written(bytes(buf), WORLD.now_ns)
        return len(buf)

    def writevto(self, addr, vector, stop=True):
        return self.writeto(addr, b"".join([bytes(part) for part in vector]), stop)

    def readfrom_mem(self, addr, memaddr, nbytes):
        return self._device(addr, nbytes + 3).read_memory(memaddr, nbytes)

    def writeto_mem(self, addr, memaddr, buf):
        self.writeto(addr, bytes([memaddr]) + bytes(buf))

    def _device(self, addr, nbytes):
        if addr not in WORLD.devices:
            self._pass_bytes(1)
            raise OSError(_ENODEV)
        self._pass_bytes(nbytes + 1)
        return WORLD.devices[addr]

    def _pass_bytes(self, nbytes):
        WORLD.advance_ns(nbytes * _BITS_A_BYTE * 1_000_000_000 // self._freq)


def _i2c_pins(bus):
    if WORLD.chip.i2c is None:
        if bus not in (0, 1):
            raise ValueError("no such I2C")
        return None, None
    return WORLD.chip.i2c[bus]


class UART:
    """A line of octets that takes no time. came: what the meter has yet to read. sent: its own.

    made: each by its number; a test plays the other side.
    """

    made = {}

    def __init__(self, id, baudrate=9600, *, tx, rx, timeout=0):
        if id not in (0, 1) or timeout:
            raise ValueError("UART(%s): no such one, or it waits" % id)
        self.came, self.sent = bytearray(), bytearray()
        UART.made[id] = self

    def read(self, most):
        data = bytes(self.came[:most])
        self.came = self.came[most:]
        return data or None

    def write(self, data):
        self.sent += data
        return len(data)


class PWM:
    """A square wave. hz and duty: what is heard."""

    _FREQ_MIN = 8  # of an RP2040 at 125 MHz; an RP2350 begins a little higher

    def __init__(self, pin, *, freq=None, duty_u16=None):
        if pin.id in WORLD.chip.input_only:
            raise ValueError("pin %s can only be input" % pin.id)
        self.hz = self.duty = 0
        if freq is not None:
            self.freq(freq)
        if duty_u16 is not None:
            self.duty_u16(duty_u16)

    def freq(self, hz):
        if hz < self._FREQ_MIN:
            raise ValueError("freq too small")
        self.hz = hz

    def duty_u16(self, duty):
        if not 0 <= duty <= 65535:
            raise ValueError("duty must be 0..65535")
        self.duty = duty


class ADC:
    """An analogue input. level_u16: what a test puts on it."""

    def __init__(self, pin):
        if pin.id not in WORLD.chip.adc:
            raise ValueError("pin %s has no ADC" % pin.id)
        self.level_u16 = 65535

    def read_u16(self):
        return self.level_u16


class Timer:
    """A timer that calls back between two bytecodes."""

    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, id=-1, **settings):
        if id not in WORLD.chip.timers:
            raise ValueError("no timer %s" % id)
        if settings:
            self.init(**settings)

    def init(self, *, mode=PERIODIC, period, callback):
        self._mode, self._period_ns, self._callback = mode, period * 1_000_000, callback
        self.due_ns = WORLD.now_ns + self._period_ns
        if self not in WORLD.timers:
            WORLD.timers.append(self)

    def deinit(self):
        if self in WORLD.timers:
            WORLD.timers.remove(self)

    def fire(self):
        """Call back. A timer that is late does not make up for it."""
        if self._mode == self.ONE_SHOT:
            self.deinit()
        while self.due_ns <= WORLD.now_ns:
            self.due_ns += self._period_ns
        self._callback(self)


class WDT:
    """The watchdog: raises world.WatchdogReset where the chip would restart."""

    def __init__(self, id=0, timeout=5000):
        if not 0 < timeout <= WORLD.chip.wdt_max_ms:
            raise ValueError("timeout exceeds %d" % WORLD.chip.wdt_max_ms)
        WORLD.watchdog_ms = timeout
        self.feed()

    def feed(self):
        WORLD.watchdog_ns = WORLD.now_ns


class Counter:
    """The pulse counter of an ESP32: it counts edges, whatever the interpreter does."""

    RISING = 1
    FALLING = 2

    def __init__(self, id, src=None, *, edge=RISING, filter_ns=0):
        if WORLD.chip.family != "esp32":
            raise ValueError("no machine.Counter on this port")
        self._wire = WORLD.wire(src.id)
        self._wanted = 1 if edge == self.RISING else 0
        self._filter_ns = min(filter_ns, 1023 * 1000 // 80)
        self._count = 0

    def value(self, value=None):
        self._catch_up()
        count = self._count
        if value is not None:
            self._count = value
        return count

    def _catch_up(self):
        """Count the edges on the pin that are over by now."""
        count_edges = getattr(self._wire.outside, "count_edges", None)
        if count_edges is not None:
            self._count += count_edges(WORLD.now_ns, self._wanted, self._filter_ns)


def reset():
    """Restart the chip: raises world.Reset."""
    raise Reset


def unique_id():
    """Return the chip's serial number."""
    return b"\x00\x11\x22\x33\x44\x55\x66\x77"
