"""A household: what it draws, as pulses of its meter, and when it buys.

Its power changes every few minutes between a few levels, 0.5 kW in the mean; it draws only while
the load switch is closed. Everything is drawn by lot from the number of the meter.
"""

from random import Random

from parts import SimLoadSwitch
from ports.pulse_source import PulseSource

IMP_PER_KWH = 1000
_LEVELS_W = (60, 60, 150, 150, 300, 600, 900, 2000)
_LEVEL_S = (120, 900)  # how long a level lasts
_LOOK_MS = 10_000
_PULSE_WMS = 3_600_000_000 // IMP_PER_KWH  # watt-milliseconds a pulse
_UNITS = (5, 15)  # of 0.1 kWh a purchase, for each hour until the next


class Household(PulseSource):
    """The household of the meter `drn`. clock: has now_ms. buy_s: seconds between purchases."""

    def __init__(self, drn: str, clock, buy_s: float):
        self._random = Random(drn)
        self._clock, self._buy_s = clock, buy_s
        self.load_switch = SimLoadSwitch()
        self._watts, self._until_ms = 0, 0
        self._drawn_wms = self._looked_ms = 0
        self._buy_ms = int(self._random.uniform(0, 1000 * buy_s))

    def take(self) -> int:
        now_ms = self._clock.now_ms
        elapsed_ms, self._looked_ms = now_ms - self._looked_ms, now_ms
        if self.load_switch.closed:
            self._drawn_wms += self._watts * elapsed_ms
        if now_ms >= self._until_ms:
            self._watts = self._random.choice(_LEVELS_W)
            self._until_ms = now_ms + 1000 * self._random.randint(*_LEVEL_S)
        pulses, self._drawn_wms = divmod(self._drawn_wms, _PULSE_WMS)
        return pulses

    def due_ms(self) -> int:
        return _LOOK_MS

    def wish(self) -> int:
        """Return how many units of 0.1 kWh the household buys now, mostly 0."""
        now_ms = self._clock.now_ms
        if not self._buy_s or now_ms < self._buy_ms:
            return 0
        self._buy_ms += max(1, int(1000 * self._buy_s))
        return max(1, round(self._random.uniform(*_UNITS) * self._buy_s / 3600))
