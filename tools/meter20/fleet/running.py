"""A fleet that runs: its processes, its orders in the books, and the facts that people read."""

import time
from collections.abc import Iterator
from contextlib import suppress

from meter20.ami.mqtt_carrier import Broker
from meter20.fleet import books
from meter20.fleet.ear import Ear
from meter20.fleet.processes import Processes, Total
from meter20.fleet.street import Spec
from meter20.vending.refusal import Refusal
from meter20.vending.storage import Storage

_TURN_S = 5.0


class Fleet:
    """The meters of `specs` in `count` processes, at `broker`; their orders go into `storage`.

    broker: how this program reaches it, to hear the reports. buy_s: see street.Plan. A context
    manager: at its end no process is left. buys: whether wishes are ordered now.
    """

    def __init__(self, storage: Storage, specs: list[Spec], count: int, broker: Broker,
                 buy_s: float):  # fmt: skip
        self._storage, self._count = storage, len(specs)
        drns = [spec.drn for spec in specs]
        self._range = min(drns), max(drns)
        self.buys = True
        self._wishes: list[tuple[str, int]] = []
        self._known: dict[str, int] = {}
        self._reports = 0
        self._ear = Ear(broker, *self._range)
        self._processes = Processes(specs, count, str(broker.authority or ""), buy_s)

    def __enter__(self) -> "Fleet":
        return self

    def __exit__(self, *_: object) -> None:
        self._processes.kill()
        self._ear.close()

    def turn(self, most_s: float) -> Total:
        """Live for `most_s`, and order what households wish. Raises EOFError if a street died."""
        total = self._processes.turn(most_s)
        self._wishes += total.wishes
        if self._wishes and self.buys:
            try:
                books.order(self._storage, self._wishes)
                self._wishes = []
            except Refusal:
                pass  # what the database does not take now is ordered later
        return total

    def facts(self, seconds: float | None) -> Iterator[dict]:
        """Live; yield the facts every few seconds, for `seconds` or for ever."""
        began_s = time.monotonic()
        while seconds is None or time.monotonic() - began_s < seconds:
            then_s = time.monotonic()
            total = self.turn(_TURN_S)
            heard, self._reports = self._ear.reports - self._reports, self._ear.reports
            minutes = (time.monotonic() - then_s) / 60
            yield {
                "seconds": round(time.monotonic() - began_s),
                "meters": total.meters,
                "online": total.connected,
                "reports_a_minute": round(heard / minutes),
                "late_ms": total.late_ms,
                "cpu_ms_a_minute_and_meter": round(total.cpu_ms_a_minute, 2),
                "kib_a_meter": round(total.memory_kib / max(1, total.meters), 1),
                "purchases": self._bought(),
            }

    def _bought(self) -> dict[str, int]:
        """Return the purchases by state, as far as the database tells now."""
        with suppress(Refusal):
            self._known = books.states(self._storage, *self._range)
        return self._known

    def end(self) -> dict:
        """End the streets in good order; return the comparison of books and meters."""
        tally = self._processes.end()
        differences = books.differences(self._storage, tally.credited_wh)
        silent = self._count - len(tally.credited_wh)
        return {
            "compared": len(tally.credited_wh),
            "credited_wh": sum(tally.credited_wh.values()),
            "differ": differences + [f"{silent} meters said nothing at the end"] * bool(silent),
            "stopped": tally.faults,
            "purchases": books.states(self._storage, *self._range),
        }
