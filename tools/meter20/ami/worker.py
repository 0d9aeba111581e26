"""A worker of the head-end: sells what was ordered, sends what is due, notes what was answered.

Any number of workers share a database. Each turn is a few short transactions. If a worker dies in
one of them, or between two, another worker, or the same worker after a restart, does the rest.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from queue import Empty

from sqlalchemy import select

from meter20.ami import outbox as outboxes
from meter20.ami import purchases, reports
from meter20.ami.carriers import Awake, Carrier, Heard
from meter20.ami.outbox import Outbox
from meter20.ami.reports import Report
from meter20.vending import refusal
from meter20.vending.models import Purchase
from meter20.vending.refusal import Refusal
from meter20.vending.station import Station, utc_now
from meter20.vending.storage import Storage

_AT_ONCE = 100
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

    def turn(self) -> int:
        """Do what is to be done now; return how many answers, sales and sendings that were.

        Raises Refusal if the database cannot be used; nothing is lost by that.
        """
        done = self.listen()
        if self._station is not None:
            done += self.sell()
        return done + self.send()

    def listen(self) -> int:
        """Note the answers that came. For answers lost in a failure the tokens are sent again."""
        came = []
        while len(came) < _AT_ONCE:
            try:
                came.append(self._heard.get_nowait())
            except Empty:
                break
        came.sort(key=lambda each: each.drn)  # two workers that lock in one order never block
        lines = []
        if came:
            with self._storage.sharing() as session:
                for each in came:
                    if isinstance(each, Awake):
                        outboxes.wake(session, each.drn, self._now())
                    elif isinstance(each, Report):
                        reports.keep(session, each, self._now())
                    elif purchase := outboxes.record(session, each, self._now()):
                        lines.append(_told(purchase, each.drn, each.why))
        for line in lines:
            self._say(line)
        return len(came)

    def sell(self) -> int:
        """Sell what was ordered, each in a transaction of its own."""
        with self._storage.reading() as session:
            query = outboxes.due((purchases.ORDERED,), self._now(), _AT_ONCE)
            numbers = [one.id for one in session.scalars(query)]
        for number in numbers:
            self._sell(number)
        return len(numbers)

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


def _told(purchase: Purchase, drn: str, why: str) -> str:
    said = purchase.result if not why else f"no answer ({why})"
    became = f"{purchase.state} {purchase.outcome}".strip()
    return f"purchase {purchase.id}, meter {drn}: {said}; {became}"
