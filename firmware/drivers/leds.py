"""Two lights: each wraps a port, passes its calls on, and blinks with them."""

from ports.pulse_source import PulseSource
from ports.watchdog import Watchdog


class PulseLed(PulseSource):
    """Changes `pin`, an output, whenever energy was counted by `source`, a PulseSource."""

    def __init__(self, source, pin):
        self._source = source
        self._pin = pin
        self._lit = 0

    def take(self):
        pulses = self._source.take()
        if pulses:
            self._lit = 1 - self._lit
            self._pin.value(self._lit)
        return pulses

    def due_ms(self):
        return self._source.due_ms()


class StatusLed(Watchdog):
    """Changes `pin`, an output, whenever `watchdog` is fed: it blinks while the meter is well.

    watchdog: a Watchdog, or None on a bench.
    """

    def __init__(self, watchdog, pin):
        self._watchdog = watchdog
        self._pin = pin
        self._lit = 0

    def feed(self):
        self._lit = 1 - self._lit
        self._pin.value(self._lit)
        if self._watchdog is not None:
            self._watchdog.feed()

    def rest(self):
        if self._watchdog is not None:
            self._watchdog.rest()
