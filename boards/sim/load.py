"""What is switched on behind an emulated meter: it draws while the load switch is closed.

Runs on CPython and on MicroPython; no energy is lost however time is cut.
"""

from drivers.demo_load import DrawnEnergy


class Load:
    """The load of the meter in `sim`, a body.SimBody.

    watts: what is switched on. pulses: made so far.
    """

    def __init__(self, sim):
        self._sim = sim
        self._imp_per_kwh, self._energy = 0, DrawnEnergy(1)
        self.watts = 0
        self.pulses = 0

    @property
    def drawn_w(self) -> int:
        """The power that flows now."""
        return self.watts if self._sim.ports.load_switch.closed else 0

    def run(self, duration_ms: int, slice_ms: int):
        """Let `duration_ms` pass; the load looks at the load switch every `slice_ms`.

        A generator, like body.SimBody.advance.
        """
        while duration_ms > 0:
            step_ms = min(slice_ms, duration_ms)
            self._draw(step_ms)
            yield from self._sim.advance(step_ms)
            duration_ms -= step_ms
            yield None

    def _draw(self, duration_ms):
        imp_per_kwh = self._sim.app.meter.state.identity.imp_per_kwh
        if not imp_per_kwh:
            return
        if imp_per_kwh != self._imp_per_kwh:
            self._imp_per_kwh, self._energy = imp_per_kwh, DrawnEnergy(imp_per_kwh)
        energy, drawn_w = self._energy, self.drawn_w
        owed_wms = energy.owed_wms
        energy.draw(drawn_w, duration_ms)
        pulses = energy.pulses()
        if pulses:  # each at its moment, so that the meter sees the power
            ago_ms = -(-owed_wms // drawn_w)
            self._sim.ports.pulses.train(pulses, pulses * energy.pulse_wms // drawn_w, ago_ms)
            self.pulses += pulses
