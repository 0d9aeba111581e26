"""Emulated parts: each keeps one contract of `ports`, and is played from outside.

Time is the clock that all parts of a meter share; it moves when the bench moves it.
"""

from drivers.demo_load import LOADS_W, DrawnEnergy
from micropython import const
from ports.brown_out import BrownOut
from ports.buzzer import Buzzer
from ports.clock import FIRST_YEAR, is_time, seconds, weekday
from ports.clock import Clock as RealTimeClock
from ports.credit_display import CreditDisplay
from ports.display import Display
from ports.keypad import Keypad
from ports.load_switch import LoadSwitch
from ports.pulse_source import PulseSource
from ports.tamper import Tamper
from ports.watchdog import Watchdog
from sts import tid

_EIO = const(5)
_IDLE_MS = const(10_000)
_POLL_MS = const(250)


class Clock:
    """The clock of a bench, which moves it. now_ms: milliseconds since power came.

    Parts that go by themselves have loop.Uptime in its place.
    """

    def __init__(self):
        self.now_ms = 0


class SimPulses(PulseSource):
    """A counter that a train of pulses runs into, evenly spaced."""

    def __init__(self, clock):
        self._clock = clock
        self._count = self._taken = self._before = 0
        self._began_ms = self._duration_ms = 0

    def train(self, count: int, duration_ms: int, ago_ms: int = 0):
        """Add `count` pulses, spread over `duration_ms` that began `ago_ms` ago.

        0 for all at once. The rest of the train before it comes at once, too.
        """
        self._before += self._count - self._taken
        self._count, self._taken = count, 0
        self._began_ms, self._duration_ms = self._clock.now_ms - ago_ms, duration_ms

    def take(self):
        elapsed_ms = self._clock.now_ms - self._began_ms
        if elapsed_ms < self._duration_ms:
            arrived = self._count * elapsed_ms // self._duration_ms
        else:
            arrived = self._count
        new, self._before = self._before + arrived - self._taken, 0
        self._taken = arrived
        return new

    def due_ms(self):
        """Return the time to the next pulse: the train knows it. Quick ones come in bunches."""
        if self._taken >= self._count:
            return _IDLE_MS
        next_ms = -(-(self._taken + 1) * self._duration_ms // self._count)
        return max(_POLL_MS, self._began_ms + next_ms - self._clock.now_ms)


class DemoPulses(SimPulses):
    """A counter with a demo load, as drivers.demo_load makes one for a board with pins.

    The load draws its watts while `load_switch` is closed.
    """

    def __init__(self, clock, load_switch, imp_per_kwh: int):
        super().__init__(clock)
        self._load_switch = load_switch
        self._energy = DrawnEnergy(imp_per_kwh)
        self._looked_ms = clock.now_ms

    def take(self):
        elapsed_ms = self._clock.now_ms - self._looked_ms
        self._looked_ms += elapsed_ms
        if self._load_switch.closed:
            self._energy.draw(LOADS_W[0], elapsed_ms)
        return super().take() + self._energy.pulses()

    def due_ms(self):
        return _POLL_MS


class SimKeypad(Keypad):
    """A keypad whose presses wait in a queue."""

    def __init__(self):
        self._pressed = ""

    def press(self, keys: str):
        """Press `keys`, one after the other."""
        self._pressed += keys

    def read(self):
        if not self._pressed:
            return None
        key, self._pressed = self._pressed[0], self._pressed[1:]
        return key

    def due_ms(self):
        return _IDLE_MS


class SimDisplay(Display):
    """A character display; `lines` is what a person would read."""

    def __init__(self, columns: int, rows: int):
        self.columns = columns
        self.rows = rows
        self.lines = [""] * rows

    def show(self, lines):
        for line in lines:
            if len(line) > self.columns:
                raise ValueError("line too long for the display")
        self.lines = lines


class SimLoadSwitch(LoadSwitch):
    """A relay. closed: whether the load is connected. operations: how often it moved."""

    def __init__(self):
        self.closed = False
        self.operations = 0

    def close(self):
        self._move(True)

    def open(self):
        self._move(False)

    def _move(self, closed):
        self.operations += closed != self.closed
        self.closed = closed


class SimBuzzer(Buzzer):
    """A buzzer. hz: the tone that sounds now, 0 for none. tones: how many have begun.

    last_hz: the tone that sounds, or sounded last.
    """

    def __init__(self):
        self.hz = self.last_hz = 0
        self.tones = 0

    def tone(self, hz):
        self.tones += hz != 0
        self.last_hz = hz or self.last_hz
        self.hz = hz


class SimWatchdog(Watchdog):
    """A watchdog with the 8 s of an RP2040. expired: whether the board would have been reset.

    longest_ms: the most that went by between two feeds.
    """

    TIMEOUT_MS = 8000

    def __init__(self, clock, ran_out):
        self._clock = clock
        self._fed_ms = clock.now_ms
        self.ran_out = ran_out
        self.longest_ms = 0

    @property
    def expired(self) -> bool:
        return self._hungry_ms() > self.TIMEOUT_MS

    def feed(self):
        if not self.expired:  # else it is too late
            self.longest_ms = max(self.longest_ms, self._hungry_ms())
            self._fed_ms = self._clock.now_ms

    def _hungry_ms(self):
        return self._clock.now_ms - self._fed_ms


class SimTamper(Tamper):
    """A cover switch. open: whether somebody opened the cover."""

    poll_ms = _IDLE_MS  # the bench steps the meter after each request

    def __init__(self):
        self.open = False

    def active(self):
        return self.open


class SimClock(RealTimeClock):
    """A clock that nobody trusts until it is `set`; then it goes with the meter's time."""

    def __init__(self, clock):
        self._clock = clock
        self._set_s = None  # since 2000, when the meter's time was 0

    def set(self, year, month, day, hour, minute, second):
        set_s = seconds(year, month, day, hour, minute, second)
        self._set_s = set_s - self._clock.now_ms // 1000

    def now(self):
        if self._set_s is None:
            return None
        minutes, second = divmod(self._set_s + self._clock.now_ms // 1000, 60)
        year, month, day, hour, minute = tid.date(minutes, FIRST_YEAR)
        if not is_time(year, month, day, hour, minute, second):
            return None  # past the last year, as the chips do
        return year, month, day, weekday(year, month, day), hour, minute, second


class SimBrownOut(BrownOut):
    """The supply. sags: whether it is about to fail."""

    poll_ms = _IDLE_MS  # the bench steps the meter after each request

    def __init__(self):
        self.sags = False

    def failing(self):
        return self.sags


class SimCreditDisplay(CreditDisplay):
    """An extra display. wh: what it shows. loose: whether it does not answer."""

    def __init__(self):
        self.wh = None
        self.loose = False

    def show_wh(self, credit_wh):
        if self.loose:
            raise OSError(_EIO)
        self.wh = credit_wh
