"""A worker of the head-end: sells what was ordered, sends what is due, notes what was answered.

Any number of workers share a database. Each turn is a few short transactions. If a worker dies in
one of them, or between two, another worker, or the same worker after a restart, does the rest.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import islice
from queue import Empty

from sqlalchemy import ScalarResult, select
from sqlalchemy.orm import Session

from meter20.ami import outbox as outboxes
from meter20.ami import purchases, reports
from meter20.ami.carriers import Answer, Awake, Back, Carrier, Heard
from meter20.ami.outbox import Outbox
from meter20.ami.reports import Report
from meter20.vending import refusal
from meter20.vending.models import Purchase
from meter20.vending.refusal import Refusal
from meter20.vending.station import Station, utc_now
from meter20.vending.storage import Storage

_AT_ONCE = 100
_SALES = 25  # in a transaction, for which all others who sell wait
_PATIENCE_S = 3.0  # for a carrier that is not ready, before people hear of it
_REPORTS, _REPORTS_S = 500, 2.0  # so many at once, and so long between
_ANSWERS = 10_000  # kept while the database is away; for older ones the tokens are sent again
#: Refusals that say something of the station, not of the order: it is tried again.
_STATION = (
    refusal.DATABASE, refusal.BROKEN, refusal.CLOCK, refusal.SECRET, refusal.ALTERED,
)  # fmt: skip


class Worker:
    """carriers: by name. heard: what they put their answers into. station: None to sell nothing.

    say: called with a line for people who watch; it holds no token.
    """

    def __init__(
        self,
        storage: Storage,
        carriers: Mapping[str, Carrier],
        heard: Heard,
        outbox: Outbox,
        station: Station | None = None,
        now: Callable[[], datetime] = utc_now,
        say: Callable[[str], None] = lambda _: None,
    ):
        self._storage, self._carriers, self._heard = storage, carriers, heard
        self._outbox, self._station, self._now, self._say = outbox, station, now, say
        self._came: deque[Answer | Awake | Back] = deque(maxlen=_ANSWERS)
        self._reports: dict[tuple[str, str], Report] = {}
        self._kept_at_s = -_REPORTS_S
        self._ready_at_s = dict.fromkeys(carriers, time.monotonic())
        self._missed: set[str] = set()

    def turn(self) -> int:
        """Do what is to be done now; return how many answers, sales and sendings that were.

        Raises Refusal or Doubt if the database cannot be used; nothing is lost by that.
        """
        self._watch_carriers()
        done = self.listen()
        if self._station is not None:
            done += self.sell()
        done += self.send()
        self.keep_reports()
        return done

    def _watch_carriers(self) -> None:
        """Say which carrier has not been ready for a while, and when it is ready again."""
        now_s = time.monotonic()
        for name, carrier in self._carriers.items():
            if carrier.ready:
                self._ready_at_s[name] = now_s
                if name in self._missed:
                    self._missed.remove(name)
                    self._say(f"{name} is connected")
            elif name not in self._missed and now_s - self._ready_at_s[name] >= _PATIENCE_S:
                self._missed.add(name)
                self._say(f"{name} is not connected: is the other side running, and are user and "
                          "password right? Its tokens wait")  # fmt: skip

    def listen(self) -> int:
        """Note the answers that came. What the database does not take is noted the next time."""
        self._gather()
        came = list(islice(self._came, _AT_ONCE))
        if not came:
            return 0
        with self._storage.sharing() as session:
            lines = self._noted(session, came)
        for _ in came:
            self._came.popleft()
        for line in lines:
            self._say(line)
        return len(came)

    def _gather(self) -> None:
        """Take what was heard: answers in a row, of reports the newest of each meter."""
        while True:
            try:
                heard = self._heard.get_nowait()
            except Empty:
                return
            if isinstance(heard, Report):
                self._reports[heard.name] = heard
            else:
                self._came.append(heard)

    def _noted(self, session: Session, came: list[Answer | Awake | Back]) -> list[str]:
        """Note what came, in the order of meters: so two workers never wait for each other."""
        now, lines = self._now(), []
        for name in sorted({each.name for each in came if isinstance(each, Back)}):
            outboxes.wake_all(session, name, now)
        if awake := {each.drn for each in came if isinstance(each, Awake)}:
            outboxes.wake(session, awake, now)
        answers = [each for each in came if isinstance(each, Answer)]
        for each in sorted(answers, key=lambda answer: answer.drn):
            if purchase := outboxes.record(session, each, now):
                lines.append(_words(purchase, each.drn, each.why))
        return lines

    def keep_reports(self) -> None:
        """Keep the newest reports of many meters at once, now and then: nobody waits for them."""
        since_s = time.monotonic() - self._kept_at_s
        some = list(islice(self._reports.values(), _REPORTS))
        if not some or (since_s < _REPORTS_S and len(some) < _REPORTS):
            return
        self._kept_at_s = time.monotonic()
        with self._storage.sharing() as session:
            reports.keep(session, some, self._now())
        for each in some:
            del self._reports[each.name]

    def sell(self) -> int:
        """Sell what was ordered, several in a transaction; return how many."""
        assert self._station is not None
        if not self._any_ordered():
            return 0
        numbers: list[int] = []
        try:
            with self._station.desk() as desk:  # nobody else sells meanwhile
                ordered = list(self._ordered(desk.session, _SALES))
                numbers += [one.id for one in ordered]
                slips = purchases.vend_all(desk, ordered)
        except Refusal as refused:
            if refused.code == refusal.DATABASE:
                raise
            for number in numbers:  # each by itself: not all of them are refused
                self._sell(number)
        else:
            for number, slip in zip(numbers, slips, strict=True):
                self._say(f"purchase {number} vended: receipt {slip.id}")
        return len(numbers)

    def _any_ordered(self) -> bool:
        with self._storage.reading() as session:
            return self._ordered(session, 1).first() is not None

    def _ordered(self, session: Session, limit: int) -> ScalarResult[Purchase]:
        return outboxes.due(session, (purchases.ORDERED,), self._now(), limit)

    def _sell(self, number: int) -> None:
        assert self._station is not None
        try:
            with self._station.desk() as desk:
                purchase = desk.session.get_one(Purchase, number)
                if purchase.state != purchases.ORDERED:
                    return  # another worker sold it
                slip = purchases.vend(desk, purchase)
            self._say(f"purchase {number} vended: receipt {slip.id}")
        except Refusal as refused:
            self._not_sold(number, refused)

    def _not_sold(self, number: int, refused: Refusal) -> None:
        with self._storage.sharing() as session:
            purchase = session.scalar(select(Purchase).filter_by(id=number).with_for_update())
            if purchase is None or purchase.state != purchases.ORDERED:
                return
            if refused.code in _STATION:
                self._outbox.postpone(purchase, str(refused), self._now())
            else:
                purchases.close(purchase, purchases.REFUSED, str(refused), self._now())
        self._say(f"purchase {number} not vended: {refused}")

    def send(self) -> int:
        """Send what is due by each carrier that is ready."""
        count = 0
        for name, carrier in self._carriers.items():
            if not carrier.ready or not self._any_due(name):
                continue
            with self._storage.sharing() as session:
                parcels = self._outbox.claim(session, name, self._now(), _AT_ONCE)
            for parcel in parcels:
                carrier.send(parcel)
                again = ", again" if parcel.again else ""
                self._say(f"to meter {parcel.drn} by {name}{again}")
            count += len(parcels)
        return count

    def _any_due(self, carrier: str) -> bool:
        """Look before taking the database: on SQLite that would keep all others from it."""
        with self._storage.reading() as session:
            return self._outbox.is_due(session, carrier, self._now())


def _words(purchase: Purchase, drn: str, why: str) -> str:
    said = purchase.result if not why else f"no answer ({why})"
    became = f"{purchase.state} {purchase.outcome}".strip()
    return f"purchase {purchase.id}, meter {drn}: {said}; {became}"
