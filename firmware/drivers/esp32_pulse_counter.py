"""Pulse input of an ESP32: a sampled, debounced count, with the hardware counter behind it.

`machine.Counter` (PCNT) counts edges whatever the interpreter does, but its filter
ends at 12.8 us: it takes away spikes, not the bounce of a contact (up to 5 ms). So
a timer samples the line every millisecond, between two bytecodes, and believes a level
that it saw for 3 ms: of 10 ms with 5 ms of bounce only 5 are steady, and a bounce
counts twice only if it holds both levels so long. When samples are missing - a flash
erase, a collection of garbage, a long transfer - the edges of that gap tell.

So the count is exact for a contact that bounces while the samples come, and for a clean signal
(optocoupler, or contact with 10 kOhm and 220 nF) at any time. A contact that bounced a moment
ago has too many edges: in a gap its pulses are taken to go on at their rate, within what the
levels before and after allow. That can give some pulses too many or too few in an erase.
"""

import time

from micropython import const
from ports.pulse_source import PulseSource

_SAMPLE_MS = const(1)
_STEADY_MS = const(3)
_GAP_MS = const(2)  # samples further apart may have missed a level
_SHORTEST_MS = const(10)  # between two switchings
_DOUBT = const(16)  # pulses without bounce until a contact that bounced is called clean
_MOST_MS = const(60_000)  # between pulses, for their rate; keeps its 16ths small ints
_POLL_MS = const(150)  # 8 pulses of 50 Hz: at a cut 0.1 kWh at most is forgotten


class _Rate:
    """How fast pulses come, and whether their contact bounced of late."""

    def __init__(self, now_ms):
        self._counted_ms = now_ms
        self._doubt = 0
        self._period_16ths = 0  # mean time between pulses, in 1/16 ms

    def bounced(self):
        """Note that the contact bounced."""
        self._doubt = _DOUBT

    def counted(self, now_ms):
        """Note a pulse that was seen from its begin."""
        if self._doubt:
            self._doubt -= 1
        period, mean = 16 * self._since_ms(now_ms), self._period_16ths
        # A pause must not drown what was before it.
        self._period_16ths = (3 * mean + min(period, 4 * mean)) // 4 if mean else period
        self._counted_ms = now_ms

    def likely(self, gap_ms, level, now_ms):
        """Return how many pulses a gap of `gap_ms` held, None if nothing speaks against edges."""
        period = self._period_16ths
        if not (self._doubt and period):
            return None
        # At that rate; the last pulse has just begun if the line is low, else it is over.
        since_ms = min(self._since_ms(now_ms), gap_ms + period // 16)
        return (16 * since_ms + period // (8 if level else 2)) // period

    def bridged(self, pulses, level, now_ms):
        """Note `pulses` of a gap after which the line had `level`."""
        if not level:
            self._counted_ms = now_ms
        elif pulses:
            self._counted_ms = time.ticks_add(self._counted_ms, pulses * self._period_16ths // 16)

    def _since_ms(self, now_ms):
        since_ms = time.ticks_diff(now_ms, self._counted_ms)  # below 0 after a week
        return since_ms if 0 <= since_ms < _MOST_MS else _MOST_MS


class Esp32PulseCounter(PulseSource):
    """Counts pulses on `pin`, an input that a pulse pulls low.

    counter: a machine.Counter of the falling edges of the same pin. timer: a machine.Timer
    that nobody else uses. The timer's callback runs in the scheduler, not in an
    interrupt, and allocates nothing.
    """

    def __init__(self, pin, counter, timer):
        self._pin = pin
        self._counter = counter
        self._edges = counter.value()  # when the line was last steady
        self._level = self._seen = pin.value()
        now_ms = time.ticks_ms()
        self._sampled_ms = self._since_ms = self._steady_ms = now_ms
        self._torn = False  # a sample is missing since the line was last steady
        self._rate = _Rate(now_ms)
        self._pulses = self._taken = 0
        timer.init(mode=timer.PERIODIC, period=_SAMPLE_MS, callback=self._sample)

    def take(self):
        pulses = self._pulses
        new = pulses - self._taken
        self._taken = pulses
        return new

    def due_ms(self):
        return _POLL_MS

    def _sample(self, _timer):
        edges = self._counter.value()  # before the level: so it lacks no edge that shows there
        level = self._pin.value()
        now_ms = time.ticks_ms()
        missed = time.ticks_diff(now_ms, self._sampled_ms) > _GAP_MS
        self._sampled_ms = now_ms
        if missed or level != self._seen:
            self._torn = self._torn or missed
            self._seen = level
            self._since_ms = now_ms
        elif time.ticks_diff(now_ms, self._since_ms) >= _STEADY_MS:
            if self._torn:
                self._pulses += self._bridged(level, edges - self._edges, now_ms)
                self._torn = False
            elif level != self._level:
                self._switched(level, edges - self._edges, now_ms)
            self._level = level
            self._edges = edges
            self._steady_ms = now_ms

    def _switched(self, level, edges, now_ms):
        """The contact switched, in full view; a clean one makes one falling edge a pulse."""
        if edges > 1 - level:
            self._rate.bounced()
        if not level:
            self._pulses += 1
            self._rate.counted(now_ms)

    def _bridged(self, level, edges, now_ms):
        """Return the pulses since the line was last steady, in part unseen."""
        gap_ms = time.ticks_diff(now_ms, self._steady_ms)
        # Switchings: an even number if the level is the old one, odd if it is not; of a pulse
        # that had begun the first one is its end.
        most = 1 + (gap_ms - _SAMPLE_MS) // _SHORTEST_MS
        most = (most + self._level - level) // 2
        pulses = min(edges, most)
        likely = self._rate.likely(gap_ms, level, now_ms)
        if likely is not None:
            pulses = min(pulses, max(likely, self._level - level))
        self._rate.bridged(pulses, level, now_ms)
        return pulses
