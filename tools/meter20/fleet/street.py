"""A street: meters of a fleet in one process, each stepped when it is due or hears something.

It talks to the fleet's first process through a pipe: it sends a Tally now and then, and ends when
that process says so or is gone. Passwords and keys come by the pipe, too, since others see the
arguments of a process.
"""

import gc
import heapq
import resource
import signal
import time
from dataclasses import dataclass, field
from itertools import count
from multiprocessing.connection import Connection

from meter20 import ending
from meter20.fleet.line import Watch
from meter20.fleet.meter import FleetMeter

END = "end"
_TELL_S = 2.0
_LONGEST_S = 0.2  # between two looks at the pipe
_STEPS = 200  # of meters between two looks at the sockets
_STARTS = 10  # of meters between two looks at those that are due
_STARTS_PER_S = 100  # meters that begin in a second: each opens a connection


@dataclass(frozen=True)
class Spec:
    """A meter to be made: its provisioning request, and its request for the broker."""

    drn: str
    provision: dict = field(repr=False)
    mqtt: dict = field(repr=False)


@dataclass(frozen=True)
class Plan:
    """What a street is of. authority: file to believe for TLS. buy_s: see FleetMeter."""

    specs: list[Spec]
    authority: str
    buy_s: float


@dataclass
class Tally:
    """What a street has counted.

    late_ms: by which a meter had its turn too late, the most since the last Tally. cpu_s: of this
    process so far. memory_kib: what the process holds now. wishes: (drn, units of 0.1 kWh) that
    households ordered since. credited_wh: by meter, at the end only.
    """

    meters: int = 0
    connected: int = 0
    late_ms: int = 0
    cpu_s: float = 0.0
    memory_kib: int = 0
    wishes: list[tuple[str, int]] = field(default_factory=list)
    credited_wh: dict[str, int] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)


def live(pipe: Connection) -> None:
    """Live through the Plan that comes first through `pipe`; the whole of a process."""
    for number in ending.SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # the first process says when to end
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ending.SIGNALS)
    try:
        plan = pipe.recv()
        _allow_files()
        Street(plan, pipe).run()
    except (EOFError, OSError):
        pass  # the first process is gone


def _allow_files() -> None:
    """Let this process open as many files as it may: each meter has a socket."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


class Street:
    """The meters of `plan`, and the end of a pipe."""

    def __init__(self, plan: Plan, pipe: Connection):
        self._plan, self._pipe = plan, pipe
        self._watch = Watch()
        self._meters: list[FleetMeter] = []
        self._due: list[tuple[int, int, FleetMeter]] = []  # a heap; some are out of date
        self._count = count()  # of what was put there: no two compare equal
        self._tally = Tally()
        self._began_s = time.monotonic()

    def run(self) -> None:
        """Live until the other end says END or is gone."""
        tell_s, ends = 0.0, False
        while not ends:
            self._begin_some()
            self._step_due()
            self._hear()
            if time.monotonic() >= tell_s:
                tell_s = time.monotonic() + _TELL_S
                self._tell()
                ends = self._pipe.poll() and self._pipe.recv() == END
        self._end()

    @property
    def _now_ms(self) -> int:
        return int((time.monotonic() - self._began_s) * 1000)

    def _begin_some(self) -> None:
        """Begin the meters whose time it is: not all come to the broker in one moment."""
        specs = self._plan.specs
        count = min(len(specs), 1 + self._now_ms * _STARTS_PER_S // 1000)
        count = min(count, len(self._meters) + _STARTS)  # the others have their turns meanwhile
        if len(self._meters) >= count:
            return
        for spec in specs[len(self._meters) : count]:
            meter = FleetMeter(spec.drn, self._watch, self._plan.authority, self._plan.buy_s)
            meter.began_ms = self._now_ms
            meter.ask(spec.provision)
            meter.ask(spec.mqtt)
            self._meters.append(meter)
            self._step(meter)
        if count == len(specs):
            gc.collect()
            gc.freeze()  # what lives as long as the process is not looked at again

    def _step_due(self) -> None:
        for _ in range(_STEPS):
            if not self._due or self._due[0][0] > self._now_ms:
                return
            due_ms, _, meter = heapq.heappop(self._due)
            if meter.due_ms == due_ms:
                self._tally.late_ms = max(self._tally.late_ms, self._now_ms - due_ms)
                self._step(meter)

    def _hear(self) -> None:
        wait_s = 0.0
        if self._due and len(self._meters) == len(self._plan.specs):
            wait_s = min(_LONGEST_S, (self._due[0][0] - self._now_ms) / 1000)
        for meter in self._watch.wait(wait_s):
            self._step(meter, heard=True)

    def _step(self, meter: FleetMeter, heard: bool = False) -> None:
        now_ms = self._now_ms
        meter.due_ms = now_ms + max(1, meter.live(now_ms - meter.began_ms, heard))
        heapq.heappush(self._due, (meter.due_ms, next(self._count), meter))
        if units := meter.household.wish():
            self._tally.wishes.append((meter.drn, units))

    def _tell(self) -> None:
        tally, self._tally = self._tally, Tally()
        tally.meters = len(self._meters)
        tally.connected = sum(meter.connected for meter in self._meters)
        tally.cpu_s, tally.memory_kib = time.process_time(), _memory_kib()
        self._pipe.send(tally)

    def _end(self) -> None:
        """Say what came to each meter, and leave the broker."""
        tally = Tally(credited_wh={meter.drn: meter.credited_wh for meter in self._meters})
        tally.faults = {meter.drn: " ".join(meter.app.fault)
                       for meter in self._meters if meter.app.fault}  # fmt: skip
        self._pipe.send(tally)
        for meter in self._meters:
            meter.close()
        self._watch.close()


def _memory_kib() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize() // 1024
