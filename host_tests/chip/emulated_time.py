"""MicroPython's tick functions on the emulated world's clock.

MicroPython finds them through `time.py` beside this file, which takes the place
of its own; on CPython, whose `time` cannot be replaced, `machine.py` adds them.
"""

from world import WORLD

_PERIOD = 1 << 30
_HALF = 1 << 29


def ticks_ms():
    """Return milliseconds, which wrap at 2**30 as on the boards."""
    return WORLD.now_ns // 1_000_000 & _PERIOD - 1


def ticks_us():
    """Return microseconds, which wrap at 2**30."""
    return WORLD.now_ns // 1000 & _PERIOD - 1


def ticks_diff(end, start):
    """Return `end` - `start` as a signed number, right across a wrap."""
    return (end - start + _HALF & _PERIOD - 1) - _HALF


def ticks_add(ticks, delta):
    """Return `ticks` + `delta`, wrapped."""
    return ticks + delta & _PERIOD - 1


def sleep_ms(duration_ms):
    """Let the world go on for `duration_ms`."""
    WORLD.advance_ms(duration_ms)


def sleep_us(duration_us):
    """Let the world go on for `duration_us`."""
    WORLD.advance_ns(duration_us * 1000)


NAMES = ("ticks_ms", "ticks_us", "ticks_diff", "ticks_add", "sleep_ms", "sleep_us")
