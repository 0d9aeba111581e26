"""The processes of a fleet: hands each street its meters, and adds up what the streets count."""

import signal
import time
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import wait

from meter20 import ending
from meter20.fleet import street
from meter20.fleet.street import Plan, Spec, Tally

_END_S = 120.0  # for a street to say what came to its meters


@dataclass
class Total:
    """The last tallies of all streets, added up. See street.Tally.

    cpu_ms_a_minute: of each meter, since the total before.
    """

    meters: int = 0
    connected: int = 0
    late_ms: int = 0
    cpu_s: float = 0.0
    memory_kib: int = 0
    cpu_ms_a_minute: float = 0.0
    wishes: list[tuple[str, int]] = field(default_factory=list)


class Processes:
    """Streets for `specs`, in `count` processes. authority, buy_s: see street.Plan."""

    def __init__(self, specs: list[Spec], count: int, authority: str, buy_s: float):
        context = get_context("spawn")  # no descriptor, lock or key of this process goes along
        self._last = [Tally() for _ in range(count)]
        self._pipes, self._processes = [], []
        self._then = (time.monotonic(), 0.0)
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ending.SIGNALS)  # in the new ones, too
        try:
            for number in range(count):
                ours, theirs = context.Pipe()
                process = context.Process(target=street.live, args=(theirs,), daemon=True)
                process.start()
                theirs.close()
                ours.send(Plan(specs[number::count], authority, buy_s))
                self._pipes.append(ours)
                self._processes.append(process)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)

    def turn(self, most_s: float) -> Total:
        """Listen for `most_s`; return the total. Raises EOFError if a street died."""
        total = Total()
        until_s = time.monotonic() + most_s
        while (left_s := until_s - time.monotonic()) > 0:
            for pipe in wait(self._pipes, left_s):
                tally = pipe.recv()  # type: ignore[union-attr]
                self._last[self._pipes.index(pipe)] = tally
                total.wishes += tally.wishes
                total.late_ms = max(total.late_ms, tally.late_ms)
        return self._sum(total)

    def _sum(self, total: Total) -> Total:
        for tally in self._last:
            total.meters += tally.meters
            total.connected += tally.connected
            total.cpu_s += tally.cpu_s
            total.memory_kib += tally.memory_kib
        now_s, (then_s, then_cpu_s) = time.monotonic(), self._then
        self._then = now_s, total.cpu_s
        minutes = (now_s - then_s) / 60 * max(1, total.meters)
        total.cpu_ms_a_minute = 1000 * (total.cpu_s - then_cpu_s) / minutes
        return total

    def end(self) -> Tally:
        """End all streets; return what came to each meter, and which of them stopped."""
        last = Tally()
        for pipe in self._pipes:
            pipe.send(street.END)
        for pipe, process in zip(self._pipes, self._processes, strict=True):
            until_s = time.monotonic() + _END_S
            while pipe.poll(max(0.0, until_s - time.monotonic())):
                tally = pipe.recv()
                last.wishes += tally.wishes
                if tally.credited_wh:
                    last.credited_wh |= tally.credited_wh
                    last.faults |= tally.faults
                    break
            process.join(_END_S)
        return last

    def kill(self) -> None:
        """End what is still there, at once."""
        for process in self._processes:
            process.kill()
            process.join()
        for pipe in self._pipes:
            pipe.close()
