"""Target: the vending station. What its commands hand on: orders, imports, tariffs, registrations.

A case is what is done at the counter of a small station, all in one transaction that is taken
back at its end.
"""

import atexit
import contextlib
import tempfile
from pathlib import Path

from fuzz import feed as feeds
from fuzz.counter import BARE_DRN, MONEY_DRN, OPERATIONS, VK, check_words
from fuzz.counter_made import MADE
from fuzz.feed import Feed
from rigs.stations import DRN, SGC, TARIFF, Clock
from sqlalchemy.orm import Session

from meter20.vending import meter_list, supply_groups, tariff_list
from meter20.vending.books import Books
from meter20.vending.refusal import Refusal
from meter20.vending.sealing import Secret
from meter20.vending.station import Station
from meter20.vending.storage import Storage
from meter20.vending.vending_key import KeyTerms

_OPERATIONS_MAX = 4
#: What is done, by number; some of it more often.
_NAMES = (
    "batch", "batch", "credit", "credit", "tariff", "import", "import_sealed", "meter", "group",
    "limit", "manage", "test", "reprint", "reverse", "key_change", "provision", "history",
)  # fmt: skip


class _Inside(Books):
    """Books of a savepoint: whoever made it ends it, and keeps the connection."""

    def __enter__(self):
        return self

    def commit(self):
        if self.in_transaction():
            Session.commit(self)

    def close(self):
        Session.close(self)


class _Scratch(Storage):
    """A database that forgets: each writing transaction is a savepoint of one that never ends."""

    def begin(self):
        """Begin what `forget` takes back."""
        self._anchored = self.anchor.read_bytes()
        self._connection = self._engine.connect()
        self._outer = self._connection.begin()

    def check(self, thoroughly=False):
        """The connection is in use; it was made by this version."""

    def asked(self, statement):
        """Return the rows of a statement."""
        return self._connection.exec_driver_sql(statement).all()

    def forget(self):
        self._outer.rollback()
        self._connection.close()
        self.anchor.write_bytes(self._anchored)  # what it noted since is taken back, too

    @contextlib.contextmanager
    def writing(self):
        with self._words(), self._connection.begin_nested() as savepoint:
            with _Inside(self._connection) as books:
                yield books
                books.flush()
                books.commit()
            if savepoint.is_active:
                savepoint.commit()

    @contextlib.contextmanager
    def reading(self):
        with self._words(), Session(self._connection, autoflush=False) as session:
            yield session
            session.expunge_all()


_FOLDER = tempfile.TemporaryDirectory(prefix="meter20-fuzz-")
_STORAGE = None


def _station():
    """Return a station on a new transaction, with meters that count energy, money and nothing."""
    global _STORAGE  # noqa: PLW0603  made once for all cases, when the first one asks
    if _STORAGE is None:
        _STORAGE = _founded()
        atexit.register(_FOLDER.cleanup)
    _STORAGE.begin()
    return Station(_STORAGE, _SECRET, "thandi", Clock(2026, 3, 10, 9, 30))


_SECRET = Secret("key-file", bytes(range(32)))  # test key


def _founded():
    where = str(Path(_FOLDER.name) / "station.sqlite")
    station = Station.found(Storage(where), _SECRET, "kiosk", "thandi", Clock(2026, 3, 1, 9, 30))
    with station.desk() as desk:
        tariff_list.keep_tariff(desk, "home", TARIFF)
        supply_groups.add_group(desk, KeyTerms(SGC), "town", "home", VK)
        supply_groups.add_group(desk, KeyTerms("654321"), "no tariff")
        meter_list.add_meter(desk, meter_list.NewMeter(DRN, SGC, customer="Thandi"))
        meter_list.add_meter(desk, meter_list.NewMeter(MONEY_DRN, SGC, accounting="currency"))
        meter_list.add_meter(desk, meter_list.NewMeter(BARE_DRN, "654321", debt=5000))
    return _Scratch(where)


def case(data: bytes):
    """Do at a counter what `data` says; raise AssertionError if a rule of the books is broken."""
    feed = Feed(data)
    station = _station()
    try:
        for _ in range(_OPERATIONS_MAX):
            if not feed.left:
                break
            _turn(station, feed)
        with station.looking() as session:
            report = station.module.verify_log(session)
            assert report.broken is None, report
    finally:
        _STORAGE.forget()


def almost(chance) -> bytes:
    """Return operations of which most can be done."""
    made = b""
    for _ in range(chance.choice((1, 1, 2, 4))):
        number = chance.randrange(len(_NAMES))
        made += feeds.number(number) + MADE[_NAMES[number]](chance)
    return feeds.spoilt(made, chance) if chance.random() < 0.1 else made


def _turn(station, feed):
    """Do one operation; a refusal leaves the books as they were."""
    before = _books()
    operation = OPERATIONS[_NAMES[feed.number() % len(_NAMES)]]
    try:
        operation(station, feed)
    except Refusal as refused:
        check_words(str(refused))
        after = _books()
        assert after[:-1] == before[:-1], "a refusal changed the books"
        assert after[-1][0][0] - before[-1][0][0] in (0, 1)  # its own entry in the log
    assert not _STORAGE.asked(_TWICE), "a meter got a minute twice"


def _books():
    """Return what only an accepted order may change, and the length of the log last."""
    return [tuple(_STORAGE.asked(each)) for each in _ASKED]


_ASKED = (
    "SELECT drn, debt_cents, carried_cents, last_tid, period_units, vending_key_id FROM meter",
    "SELECT count(*) FROM slip UNION ALL SELECT count(*) FROM token "
    "UNION ALL SELECT count(*) FROM vending_key UNION ALL SELECT count(*) FROM tariff",
    "SELECT count(*) FROM audit_entry",
)
_TWICE = (
    "SELECT meter_id, base_date, tid FROM token WHERE tid IS NOT NULL "
    "GROUP BY meter_id, base_date, tid HAVING count(*) > 1"
)
