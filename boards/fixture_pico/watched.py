"""A line of the meter that the fixture looks at: its level, and how often it went low."""

from drivers.rp2_pulse_counter import Rp2PulseCounter


class Watched:
    """`pin`, an input, watched by the state machine of number `machine`.

    The meter's own pulse counter does the counting: a level shorter than 3.75 ms never counts, one
    of 4 ms always does.
    """

    def __init__(self, machine: int, pin):
        self._pin = pin
        self._counter = Rp2PulseCounter(machine, pin)
        self._falls = 0 if pin.value() else -1  # the counter counts a line that begins low

    @property
    def high(self) -> bool:
        """Whether the line is high now."""
        return bool(self._pin.value())

    @property
    def falls(self) -> int:
        """How often the line went low since the fixture started."""
        self._falls += self._counter.take()
        return max(0, self._falls)
