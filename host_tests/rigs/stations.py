"""A vending station with one supply group, one tariff and one meter, and a clock that stands."""

import shutil
from datetime import UTC, datetime, timedelta

from sts import decoder
from sts import digits as sts_digits

from meter20 import private_folder
from meter20.vending import meter_list, supply_groups, tariff_list
from meter20.vending.models import AuditHead
from meter20.vending.sealing import Secret
from meter20.vending.station import Station
from meter20.vending.storage import Storage
from meter20.vending.vending_key import KeyTerms

PASSPHRASE = "correct horse battery"
DRN, SGC = "12345678903", "123456"
TARIFF = {
    "currency": "ZAR",
    "tax_percent": "15",
    "fixed_charge": "50.00",
    "debt_share_percent": 25,
    "steps": [{"up_to_kwh": "350", "price": "2.1345"}, {"price": "2.98"}],
}


def read(digits: str, ea: str, key: str) -> decoder.Token:
    """Return what a meter with the decoder key `key`, in hexadecimal, reads in a token."""
    token = sts_digits.parse(digits)
    return decoder.decode(token, decoder.cipher(ea, bytes.fromhex(key)), ea)


class Clock:
    """A clock that stands until it is moved. UTC."""

    def __init__(self, *moment: int):
        self.moment = datetime(*moment, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **step) -> None:
        self.moment += timedelta(**step)


class FrozenClock(Clock):
    """The same for the real clock of the station, `utc_now`, in the hands of freezegun."""

    def __init__(self, frozen):
        self._frozen = frozen

    @property
    def moment(self) -> datetime:
        return datetime.now(UTC)

    @moment.setter
    def moment(self, moment: datetime) -> None:
        self._frozen.move_to(moment)


def furnished(station: Station) -> Station:
    with station.desk() as desk:
        tariff_list.keep_tariff(desk, "home", TARIFF)
        supply_groups.add_group(desk, KeyTerms(SGC), "town", "home")
        meter_list.add_meter(desk, meter_list.NewMeter(DRN, SGC))
    return station


def standing() -> Clock:
    """Return the clock of the usual station, at the moment when that is made."""
    return Clock(2026, 3, 10, 9, 30)


class Original:
    """The usual station in a database, made once; its copies cost a tenth of making another.

    All copies have the same keys, so a test that needs two stations makes one of them itself.
    """

    def __init__(self, where: str):
        self.where = where
        self._storage = Storage(where)
        secret = Secret.passphrase(PASSPHRASE)
        furnished(Station.found(self._storage, secret, "kiosk", "thandi", standing()))
        self._storage.close()

    def copy_to(self, storage: Storage) -> None:
        """Copy the anchor, and the database where it is a file; on a server it is there then."""
        if storage.path:
            assert not storage.path.exists()
            shutil.copy(self.where, storage.path)
        private_folder.make(storage.anchor.parent)
        shutil.copy(self._storage.anchor, storage.anchor)


def accept_clock(station: Station) -> None:
    """Say that the clock is right, though it is far ahead of the latest token."""
    with station.desk() as desk:
        desk.module.clock.accept(desk.session, desk.actor)


def hold(where, held, let_go):
    """Hold the database in another process until `let_go` is set, then change something in it."""
    with Storage(where).writing() as session:
        held.set()
        let_go.wait(60)
        session.get_one(AuditHead, 1).mac = "held"
