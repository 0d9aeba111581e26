"""A load that is not there: the board makes the pulses of its own meter.

For one board on a desk. The pulses leave by an output pin; a wire takes them to
the pulse input, so everything behind it is the real thing. They come only while the
load switch is closed, as those of a real load would. A button goes through
`LOADS_W`.
"""

from micropython import const
from ports.load_switch import LoadSwitch

LOADS_W = (2000, 7000, 60, 500)
_TICK_MS = const(20)  # a button that bounces for less is read once
_LOW_TICKS = const(2)  # 40 ms, as an S0 output
_WMS_PER_KWH = 3_600_000_000  # watt-milliseconds


class DrawnEnergy:
    """Watts for milliseconds come in, pulses go out; the rest counts towards the next pulse.

    It allocates nothing for 4 imp/kWh or more: its sums are small ints on a board.
    pulse_wms: watt-milliseconds a pulse. owed_wms: what counts towards the next one.
    """

    def __init__(self, imp_per_kwh: int):
        self.pulse_wms = _WMS_PER_KWH // imp_per_kwh
        self.owed_wms = 0

    def draw(self, watts: int, duration_ms: int):
        """Add what a load of `watts` draws in `duration_ms`."""
        self.owed_wms += watts * duration_ms

    def pulses(self, most: int = 0) -> int:
        """Return how many pulses are due now, `most` of them unless 0; they are not due again."""
        due = self.owed_wms // self.pulse_wms
        if most:
            due = min(due, most)
        self.owed_wms -= due * self.pulse_wms
        return due


class DemoLoad(LoadSwitch):
    """Passes on to `switch`, a LoadSwitch, and pulls `output`, an output, low for each pulse.

    timer: a machine.Timer that nobody else uses. button: an input with pull-up, low while
    pressed, or None. imp_per_kwh: of the meter. watts: the load now. The timer's
    callback runs in the scheduler and allocates nothing.
    """

    def __init__(self, switch, output, timer, imp_per_kwh: int, button=None):
        self._switch = switch
        self._output = output
        self._button = button
        self._energy = DrawnEnergy(imp_per_kwh)
        self._closed = False
        self._choice = 0
        self._pressed = False
        self._low_ticks = 0
        self.watts = LOADS_W[0]
        output.value(1)
        timer.init(mode=timer.PERIODIC, period=_TICK_MS, callback=self._tick)

    @property
    def faulty(self):
        return self._switch.faulty

    def close(self):
        self._closed = True
        self._switch.close()

    def open(self):
        self._closed = False
        self._switch.open()

    def _tick(self, _timer):
        if self._button is not None:
            self._watch_button()
        if self._low_ticks:
            self._low_ticks -= 1
            if not self._low_ticks:
                self._output.value(1)
        if self._closed:
            self._energy.draw(self.watts, _TICK_MS)
        if not self._low_ticks and self._energy.pulses(1):
            self._low_ticks = _LOW_TICKS
            self._output.value(0)

    def _watch_button(self):
        pressed = self._button.value() == 0
        if pressed and not self._pressed:
            self._choice = (self._choice + 1) % len(LOADS_W)
            self.watts = LOADS_W[self._choice]
        self._pressed = pressed
