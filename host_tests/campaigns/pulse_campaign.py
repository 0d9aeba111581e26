"""The pulse campaign: trains as a bad contact makes them, through each board to the register.

Rates of 0 to 50 Hz, widths and gaps from 10 ms, jitter, up to 5 ms of bounce at every
switching, a flash erase of 400 ms once a minute, polls early and late, and counters and clocks
that wrap. After every poll the count is held against the train, so that a pulse lost here is
not made good by one doubled there; at the end the register is, too. Nothing is sampled
in idle times: the emulated chips go from edge to edge.

`make pulse-campaign` runs 10^7 pulses through what each chip promises to count exactly, and 10^6
through what it does not, to say how wrong that is; `make test` a few. The same seed gives the
same trains, whatever the number of processes.

    make pulse-campaign CAMPAIGN_ARGS='--pulses 10000000 --seed 20 --processes 2'
"""

import multiprocessing
import random
import time
from collections import Counter, namedtuple

import chips
from account import register
from account import state as meter_state
from data import meters
from drivers.esp32_pulse_counter import Esp32PulseCounter
from drivers.irq_pulse_counter import IrqPulseCounter
from drivers.rp2_pulse_counter import Rp2PulseCounter
from models.pulses import MS, Contact
from world import WORLD, Train

from campaigns import long_run
from meter20.board import wiring

CHUNK = 20_000
IMP_PER_KWH = 3200
BOUNCE_NS = 5 * MS
SHORTEST_NS = 10 * MS  # a pulse, and the time between two
_LEAST_HZ = 0.05
_STALL_MS = 400
_MINUTE_NS = 60_000 * MS
_SETTLED_NS = 20 * MS  # after its first edge a pulse must have been counted
_TICKS_NS = (1 << 30) * MS  # time.ticks_ms wraps
_BOUGHT_WH = 20_000_000

#: A way to count pulses. board: its name. make: returns the PulseSource of a Board. exact: it
#: promises to lose none and to double none. share: of the campaign's pulses. bounce_ns: at each
#: switching, at most. erases: whether the flash is erased meanwhile.
Source = namedtuple("Source", ("name", "board", "make", "exact", "share", "bounce_ns", "erases"))


def _own(board):
    return board.pulses()


def _interrupt(board):
    return IrqPulseCounter(board.input("pulse_in"), hard=True)


SOURCES = (
    Source("RP2040: PIO", "rp2_pico", _own, True, 1, BOUNCE_NS, True),
    Source("ESP32: PCNT, clean line", "esp32_devkit", _own, True, 0.5, 0, True),
    Source("ESP32: PCNT, no erase", "esp32_devkit", _own, True, 0.5, BOUNCE_NS, False),
    Source("ESP32: PCNT", "esp32_devkit", _own, False, 0.1, BOUNCE_NS, True),
    Source("hard pin interrupt", "rp2_pico", _interrupt, False, 0.1, BOUNCE_NS, True),
)


def wrap(driver, behind: int):
    """Let the counter of `driver` wrap after `behind` pulses."""
    if isinstance(driver, Rp2PulseCounter):
        driver._machine._y = behind
        driver._seen = driver._count()
    elif isinstance(driver, Esp32PulseCounter):
        driver._counter.value((1 << 30) - behind)
        driver._edges = driver._counter.value()
    elif isinstance(driver, IrqPulseCounter):
        driver._count = driver._seen = (1 << 29) - behind
    else:
        raise TypeError(driver)


def connected(source, contact):
    """Return (PulseSource, Train) of a chip just `started`, with `contact` at its pin."""
    board = wiring.load(source.board).Board()
    line = Train(contact.edges_ns)
    WORLD.connect(board.pins["pulse_in"], line)
    return source.make(board), line


def advance(driver, line, duration_ms: int):
    """Let time pass. An ESP32 that samples a quiet line is taken past it at once.

    That leaves it as the samples would.
    """
    until_ns = WORLD.now_ns + duration_ms * MS
    while isinstance(driver, Esp32PulseCounter) and WORLD.now_ns < until_ns:
        edge_ns = min(line.next_edge_ns(WORLD.now_ns) or until_ns, until_ns)
        quiet_ns = (edge_ns - 1) // MS * MS
        steady = driver._steady_ms == driver._sampled_ms == time.ticks_ms()
        if steady and quiet_ns > WORLD.now_ns:
            WORLD.now_ns, WORLD.timers[0].due_ns = quiet_ns, quiet_ns + MS
            driver._steady_ms = driver._sampled_ms = time.ticks_ms()
        else:
            WORLD.advance_ns(min(MS * 5, until_ns - WORLD.now_ns))
    WORLD.advance_ns(until_ns - WORLD.now_ns)


def started(source):
    """Power comes to the chip of `source`."""
    WORLD.start(chips.of(source.board))


class Chance(random.Random):
    """Chance for a Contact."""

    def upto(self, limit):
        return int(self.random() * limit)


def train(chance, pulses: int, start_ns: int, bounce_ns: int):
    """Return a Contact that made `pulses` pulses, in stretches of one rate each."""
    contact = Contact(noise=chance)
    contact.time_ns = start_ns
    while pulses:
        count = min(pulses, chance.randrange(10, 200))
        pulses -= count
        period_ns = int(1000 * MS / chance.choice((50, chance.uniform(_LEAST_HZ, 50))))
        contact.bounce_ns = int(chance.choice((0, chance.random(), 1)) * bounce_ns)
        spare_ns = period_ns - 2 * SHORTEST_NS
        width_ns = SHORTEST_NS + chance.choice((0, 1, chance.random())) * spare_ns
        jitter_ns = chance.choice((0, 0.2)) * spare_ns
        for _ in range(count):
            width = max(SHORTEST_NS, int(width_ns - jitter_ns * chance.random()))
            gap = max(SHORTEST_NS, int(period_ns - width - jitter_ns * chance.random()))
            contact.pulse(width, gap)
    return contact


class Check:
    """Holds counts against a train. lost, doubled: pulses that are wrong so far."""

    def __init__(self, starts_ns):
        self.lost = self.doubled = 0
        self._starts_ns = starts_ns
        self._begun = self._settled = self._counted = 0

    def saw(self, pulses: int, now_ns: int, settled_ns: int):
        """Note that `pulses` more were counted up to `now_ns`.

        settled_ns: pulses that began until then must be among those counted by now.
        """
        starts, last = self._starts_ns, len(self._starts_ns)
        begun, settled = self._begun, self._settled
        while begun < last and starts[begun] <= now_ns:
            begun += 1
        while settled < begun and starts[settled] <= settled_ns:
            settled += 1
        self._begun, self._settled = begun, settled
        self._counted += pulses
        if self._counted > begun:
            self.doubled += self._counted - begun
            self._counted = begun
        elif self._counted < settled:
            self.lost += settled - self._counted
            self._counted = settled


def run_chunk(job) -> tuple:
    """Return (number of the source, Counter) of one chunk. job: (source, number, pulses, seed)."""
    which, number, pulses, seed = job
    source = SOURCES[which]
    chance = Chance(f"{seed}/{source.name}/{number}")
    started(source)
    if number % 2:  # ticks wrap in one of the first minutes
        WORLD.now_ns = _TICKS_NS - chance.randrange(600_000) * MS
    start_ns = WORLD.now_ns
    contact = train(chance, pulses, start_ns + chance.randrange(20, 2000) * MS, source.bounce_ns)
    driver, line = connected(source, contact)
    wrap(driver, chance.randrange(pulses))
    meter = meters.meter(
        identity=meter_state.Identity(meters.DRN, IMP_PER_KWH),
        register=register.with_credit(register.EMPTY, _BOUGHT_WH),
    )
    check, taken, stalls, polls = Check(contact.starts_ns), 0, 0, 0
    stall_ns = WORLD.now_ns + chance.randrange(_MINUTE_NS)
    while WORLD.now_ns < contact.time_ns + 50 * MS:
        before_ns = erased_ns = WORLD.now_ns
        if source.erases and WORLD.now_ns >= stall_ns:
            stall_ns += _MINUTE_NS
            stalls += 1
            WORLD.stall_ms(_STALL_MS)
            erased_ns = WORLD.now_ns
        advance(driver, line, chance.randrange(1, 2 * driver.due_ms()))
        settled_ns = WORLD.now_ns - _SETTLED_NS
        if settled_ns < erased_ns:  # what an erase hid is told a moment later
            settled_ns = before_ns - _SETTLED_NS
        new = driver.take()
        check.saw(new, WORLD.now_ns, settled_ns)
        meter.consume(new)
        taken += new
        polls += 1
    _check_register(meter, taken)
    return which, Counter(
        pulses=pulses, lost=check.lost, doubled=check.doubled, stalls=stalls, polls=polls,
        model_s=(WORLD.now_ns - start_ns) // 10**9,
    )  # fmt: skip


def _check_register(meter, pulses):
    """What the driver counted is off the credit: no more, no less. So it is after a restart."""
    meter.checkpoint()
    stored = meter_state.from_bytes(meter.store.load())
    for found in (meter.state.register, stored.register):
        assert found.total_wh * IMP_PER_KWH + found.remainder == 1000 * pulses
        assert found.credit == _BOUGHT_WH - found.total_wh


def jobs(pulses: int, seed: int, chunk: int = CHUNK) -> list:
    """Return the chunks of a campaign of `pulses` through each exact source."""
    made = []
    for which, source in enumerate(SOURCES):
        wanted = round(pulses * source.share)
        for number, done in enumerate(range(0, wanted, chunk)):
            made.append((which, number, min(chunk, wanted - done), seed))
    return made


def campaign(pulses: int, seed: int, processes: int, progress=None, chunk: int = CHUNK) -> list:
    """Return the Counter of each of SOURCES."""
    found = [Counter() for _ in SOURCES]
    with multiprocessing.Pool(processes) as pool:
        done = 0
        for which, counter in pool.imap_unordered(run_chunk, jobs(pulses, seed, chunk)):
            found[which] += counter
            done += counter["pulses"]
            if progress:
                wrong = found[which]["lost"] + found[which]["doubled"]
                progress(done, f"; {SOURCES[which].name}: {wrong} wrong so far")
    return found


def report(found: list) -> bool:
    """Print the table; return whether each exact source lost and doubled none."""
    print("| source | pulses | days | erases | lost | doubled | verdict |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | --- |")
    fits = True
    for source, counter in zip(SOURCES, found, strict=True):
        wrong = counter["lost"] + counter["doubled"]
        verdict = "measured"
        if source.exact:
            fits = fits and not wrong
            verdict = "WRONG" if wrong else "exact"
        print(
            f"| {source.name} | {counter['pulses']:,} | {counter['model_s'] / 86_400:.1f} "
            f"| {counter['stalls']:,} | {counter['lost']:,} | {counter['doubled']:,} | {verdict} |"
        )
    return fits


if __name__ == "__main__":
    long_run.main(__doc__, "pulses", 10_000_000, 500_000, campaign, report)
