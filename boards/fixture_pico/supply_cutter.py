"""Cuts the meter's supply, by PIO: so many microseconds after a pulse or a key, or at once."""
# The names inside the program are the assembler's.
# pyright: reportUndefinedVariable=false, reportCallIssue=false

import rp2
from micropython import const

_FREQ_HZ = const(1_000_000)  # a cycle is a microsecond
_DELAY_CYCLES = const(3)  # from an edge to the cut, beside those of the delay itself
_DARK_CYCLES = const(4)


@rp2.asm_pio(set_init=rp2.PIO.OUT_HIGH)
def _cut():
    wrap_target()
    pull()
    mov(x, osr)  # edges to await
    pull()
    mov(y, osr)  # how long after the last of them
    jmp("armed")
    label("edge")
    wait(1, pin, 0)
    wait(0, pin, 0)
    label("armed")
    jmp(x_dec, "edge")
    label("delay")
    jmp(y_dec, "delay")
    set(pins, 0)
    pull()  # how long it stays dark: for ever, if nobody says
    mov(y, osr)
    label("dark")
    jmp(y_dec, "dark")
    set(pins, 1)
    push(noblock)  # says that it is over
    wrap()


class SupplyCutter:
    """The high-side switch in the meter's supply on `pin`, an output: on while it is high.

    machine: the number of a state machine.
    """

    def __init__(self, machine: int, pin):
        self._pin = pin
        self._machine = rp2.StateMachine(machine, _cut, freq=_FREQ_HZ, set_base=pin)
        self._armed = False
        self._since_ms = 0
        self._was_off = False

    @property
    def on(self) -> bool:
        """Whether the meter has its supply."""
        return bool(self._pin.value())

    @property
    def armed(self) -> bool:
        """Whether a cut is still to come, or the supply to come back after it."""
        self._was_off |= self._cut_ended()
        return self._armed

    def arm(self, edges: int, delay_us: int, dark_us=None, watched=None):
        """Cut `delay_us` after the `edges`-th falling edge on `watched`, a pin; return at once.

        edges: 0 cuts without one. delay_us: 3 us pass in any case. dark_us: 10 or more, after
        which the supply comes back by itself; None leaves it off.
        """
        self._machine.init(_cut, freq=_FREQ_HZ, in_base=watched, set_base=self._pin)
        self._machine.active(1)
        self._machine.put(edges)
        self._machine.put(max(0, delay_us - _DELAY_CYCLES))
        if dark_us is not None:
            self._machine.put(dark_us - _DARK_CYCLES)
        self._armed = True

    def restore(self):
        """Give the meter its supply, and forget a cut that was to come."""
        self._was_off |= not self.on
        self._machine.init(_cut, freq=_FREQ_HZ, set_base=self._pin)
        self._armed = False

    def on_ms(self, now_ms: int) -> int:
        """Return for how long the supply has been on, 0 while it is off. Call it often."""
        self._was_off |= self._cut_ended() or not self.on
        if not self.on:
            return 0
        if self._was_off:
            self._was_off = False
            self._since_ms = now_ms
        return now_ms - self._since_ms

    def _cut_ended(self) -> bool:
        """Return whether a cut came to its end since the last time."""
        ended = self._armed and self._machine.rx_fifo() > 0
        if ended:
            self._armed = False
        return ended
