"""The world around an emulated meter: fingers on its keys, a load, time, the mains.

Time moves when `run` is called. The load draws only while the load switch is
closed. Knows no terminal.
"""

from load import Load

from meter20.bodies import EmulatedBody
from meter20.samples import PROVISION

LOAD_MAX_W = 15_000

_SLICE_MS = 250  # the longest that the load draws before the switch is looked at again
_FINE_SLICE_MS = 20  # shorter than any tone of the buzzer
_FINE_RUN_MS = 200


class World:
    """Plays what surrounds the meter in `body`. A meter without a number gets the test key.

    load_w: what is switched on behind the meter. pulses: made so far. heard_hz:
    the last tone in the last `run`, 0 for silence.
    """

    def __init__(self, body: EmulatedBody):
        self._body = body
        self._load = Load(body.sim)
        if not self.reading()["drn"]:
            body.request(**PROVISION)

    @property
    def load_w(self) -> int:
        return self._load.watts

    @load_w.setter
    def load_w(self, watts: int) -> None:
        self._load.watts = watts

    @property
    def pulses(self) -> int:
        return self._load.pulses

    @property
    def heard_hz(self) -> int:
        return self._load.heard_hz

    @property
    def lines(self) -> list[str]:
        """What the display shows."""
        return self._body.sim.ports.display.lines

    @property
    def closed(self) -> bool:
        """Whether the load is connected."""
        return self._body.sim.ports.load_switch.closed

    @property
    def drawn_w(self) -> int:
        """The power that flows now."""
        return self._load.drawn_w

    def reading(self) -> dict:
        """Return the reply to `read`."""
        return self._body.request(do="read")

    def press(self, key: str) -> None:
        """Press one key; the meter sees it when time goes on."""
        self._body.sim.ports.keypad.press(key)

    def power_cut(self) -> None:
        """Cut the power and bring it back: RAM is lost, flash is kept."""
        self._body.request(do="power_cut")

    def run(self, duration_ms: int) -> None:
        """Let `duration_ms` pass."""
        slice_ms = _FINE_SLICE_MS if duration_ms <= _FINE_RUN_MS else _SLICE_MS
        self._load.run(duration_ms, slice_ms)
