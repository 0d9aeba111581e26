"""Pulse input on a PIO state machine: debounced, and counting whatever the processor does.

The line is sampled every 0.25 ms, 15 times after each edge. A level that lasts
less than 3.75 ms never counts; one that lasts 4 ms always does. So trains of up to 50 Hz
(10 ms on, 10 ms off, both with up to 5 ms of bounce) are counted exactly, also while a
flash sector is erased. *Why* no longer: of 10 ms with 5 ms of bounce only 5 are
steady. *Why* no shorter: a bounce counts twice only if it holds both levels so long, one
after the other, 7.5 ms in all.
"""
# The names inside the program are the assembler's.
# pyright: reportUndefinedVariable=false, reportCallIssue=false

import rp2
from micropython import const
from ports.pulse_source import PulseSource

_FREQ_HZ = const(8000)
#: in_(y, 30), assembled, as that takes 5 ms of a start. One instruction reads the running count:
#: with autopush, y goes to isr and on into the FIFO at once, so no pulse can come between two
#: halves of a reading.
READ_COUNT = const(0x405E)
_COUNT_MASK = const(0x3FFF_FFFF)  # 30 bits: a small int on the boards
_POLL_MS = const(150)  # 8 pulses of 50 Hz: at a cut 0.1 kWh at most is forgotten


@rp2.asm_pio(autopush=True, push_thresh=30)
def _debounce():
    wrap_target()
    label("high")
    wait(0, pin, 0)
    set(x, 14)
    label("falling")
    jmp(pin, "high")  # high again: that was bounce
    jmp(x_dec, "falling")
    jmp(y_dec, "low")  # a pulse: y counts down, on either way
    label("low")
    wait(1, pin, 0)
    set(x, 14)
    label("rising")
    jmp(pin, "steady")
    jmp("low")  # low again: bounce at its other end
    label("steady")
    jmp(x_dec, "rising")
    wrap()


class Rp2PulseCounter(PulseSource):
    """Counts pulses on `pin`, an input that a pulse pulls low.

    state_machine: its number, 0 to 7; 10 of the 32 instructions of its PIO block are used.
    program, freq: another one that counts y down on `pin`, and its cycles per second.
    The count wraps after 2**30 pulses, which `take` allows for. Called from the loop,
    never from an interrupt.
    """

    def __init__(self, state_machine: int, pin, program=_debounce, freq: int = _FREQ_HZ):
        self._machine = rp2.StateMachine(
            state_machine, program, freq=freq, in_base=pin, jmp_pin=pin
        )
        self._machine.active(1)
        self._seen = self._count()

    def take(self):
        now = self._count()
        new = (self._seen - now) & _COUNT_MASK
        self._seen = now
        return new

    def due_ms(self):
        return _POLL_MS

    def _count(self):
        """Return the lower 30 bits of y, which goes down by one for each pulse."""
        self._machine.exec(READ_COUNT)
        return self._machine.get()
