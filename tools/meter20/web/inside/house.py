"""The house behind the meter of the page: appliances, the time of day, and what was used when.

Runs on MicroPython in the page, and on CPython in the tests. Times are minutes from the base date
2014, as a TID counts them; the page's time begins at START.
"""

from micropython import const

#: When the page's time begins: 2026-03-02 08:00, a Monday.
START = const(6_398_400)

MINUTE_MS = const(60_000)
HOUR_MS = const(3_600_000)
SAMPLE_MS = const(300_000)  # between two points of the chart
_SAMPLES_MAX = const(24)  # that wait for the page; it takes them several times a second

#: (appliance, watts), in the order in which they are shown.
APPLIANCES = (("kettle", 2000), ("fridge", 120), ("lights", 180), ("stove", 3000))
_KETTLE_MS = const(240_000)  # it switches itself off
_FRIDGE_ON_MS = const(1_200_000)  # of each hour


class House:
    """Appliances, which are the load of the meter in `sim`, a body.SimBody.

    on: {appliance: whether its switch is on}. elapsed_ms: since the page began; power cuts do not
    set it back. samples: (minute, watts, credit_wh, whether the switch is closed), oldest first.
    """

    def __init__(self, sim):
        self._sim = sim
        self.on = {name: False for name, _ in APPLIANCES}
        self.on["fridge"] = True
        self.elapsed_ms = 0
        self._kettle_until_ms = 0
        self._sampled_ms = -SAMPLE_MS
        self._was_closed = False
        self.samples = []

    @property
    def minute(self) -> int:
        """The time of the page, in minutes from 2014-01-01."""
        return START + self.elapsed_ms // MINUTE_MS

    def switch(self, name: str, on: bool):
        """Switch an appliance. Raises ValueError for one that the house does not have."""
        if name not in self.on:
            raise ValueError("no such appliance: " + name)
        self.on[name] = on
        if name == "kettle" and on:
            self._kettle_until_ms = self.elapsed_ms + _KETTLE_MS

    def run(self, quantum_ms: int):
        """Let `quantum_ms` pass, in one slice."""
        for _ in self._sim.live("", self.watts, quantum_ms, quantum_ms):
            pass
        self.elapsed_ms += quantum_ms
        if self.on["kettle"] and self.elapsed_ms >= self._kettle_until_ms:
            self.on["kettle"] = False
        self._sample()

    @property
    def watts(self) -> int:
        """What is switched on now."""
        total = 0
        for name, watts in APPLIANCES:
            if self.on[name] and (name != "fridge" or self._fridge_cools()):
                total += watts
        return total

    def _fridge_cools(self):
        return self.elapsed_ms % HOUR_MS < _FRIDGE_ON_MS

    def _sample(self):
        closed = self._sim.ports.load_switch.closed
        moved, self._was_closed = closed != self._was_closed, closed
        if moved or self.elapsed_ms - self._sampled_ms >= SAMPLE_MS:
            self._sampled_ms = self.elapsed_ms
            credit_wh = self._sim.app.meter.state.register.credit
            self.samples.append((self.minute, self._sim.load.drawn_w, credit_wh, closed))
            del self.samples[:-_SAMPLES_MAX]
