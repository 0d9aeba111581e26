"""Where the commands of the death campaign run: stations in four states, made fresh each time."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from alembic import command
from alembic.config import Config
from rigs.stations import DRN, PASSPHRASE, SGC, TARIFF
from sqlalchemy import text

from campaigns import death_books
from campaigns.death_books import Books
from meter20.ami import purchases
from meter20.ami.purchases import Order
from meter20.shop import accounts
from meter20.vending import meter_list, sales, schema, supply_groups, tariff_list, transport
from meter20.vending.backup import back_up
from meter20.vending.new_file import NewFile
from meter20.vending.sales import CreditOrder
from meter20.vending.sealing import Secret
from meter20.vending.station import Station
from meter20.vending.storage import Storage
from meter20.vending.vending_key import KeyTerms

EMPTY, STATION, TAMPERED, OLD_TABLES = "empty", "station", "tampered", "old"
SECRET = Secret.passphrase(PASSPHRASE)
NEW_PASSPHRASE = "another horse battery"
UNUSED_SGC, IN_DEBT, OPERATOR = "222222", "04000000002", "lindiwe"
_DLMS_KEYS = {"encryption_key": "01" * 16, "authentication_key": "02" * 16}  # test keys
_FILES = ("kept", "tariff", "orders", "groups", "dlms")


def _edit_a_receipt(storage: Storage) -> None:
    with storage.writing() as session:
        session.execute(text("UPDATE slip SET paid_cents = 1"))


def _take_tables_back(storage: Storage) -> None:
    with storage._creating(), storage._engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(schema.MIGRATIONS))
        config.attributes["connection"] = connection
        command.downgrade(config, death_books.OLD)


_STATIONS: dict[str, Callable[[Storage], None]] = {
    STATION: lambda _: None, TAMPERED: _edit_a_receipt, OLD_TABLES: _take_tables_back,
}  # fmt: skip


class Place:
    """A folder and a database, put back as they were before each run."""

    def __init__(self, folder: Path, server: str | None = None):
        """server: the URL of a PostgreSQL server; None for SQLite."""
        self.folder, self._server = folder, server
        self._kept = folder / "kept"
        self._kept.mkdir()
        os.environ["XDG_DATA_HOME"] = str(folder / "data")  # where a server's marks are
        self.work = folder / "work"
        self.before: dict[str, Books] = {}
        self._furnish()

    def where(self, start: str) -> str:
        """Return the file or URL of the database that a command begins with."""
        if self._server is None:
            return str(self.work / f"{start}.sqlite")
        return self._url(f"work_{start}")

    def anchor(self, start: str) -> str:
        """Return the name of its anchor's file."""
        return f"{start}.anchor"

    def restore(self, start: str) -> None:
        """Make folder and database fresh."""
        for left in (self.work, self.folder / "data"):
            shutil.rmtree(left, ignore_errors=True)
        self.work.mkdir()
        for path in self._kept.iterdir():
            if path.stem in (start, *_FILES):
                shutil.copy2(path, self.work)
        if self._server is not None:
            self._sql(f"DROP DATABASE IF EXISTS work_{start} WITH (FORCE)",
                      f"CREATE DATABASE work_{start} TEMPLATE kept_{start}")  # fmt: skip

    def _furnish(self) -> None:
        if self._server is not None:
            self._sql(*(f"CREATE DATABASE kept_{start}" for start in (EMPTY, *_STATIONS)))
        for start, finish in _STATIONS.items():
            self.before[start] = self._made(start, finish)
        _write_files(self._kept)

    def _made(self, start: str, finish: Callable[[Storage], None]) -> Books:
        """Make a station, let `finish` put it into the state of its name; return its books."""
        where = self._url(f"kept_{start}") if self._server else str(self._kept / f"{start}.sqlite")
        anchor = self._kept / self.anchor(start)
        storage = Storage(where, anchor=anchor)
        station = Station.found(storage, SECRET, "kiosk", "thandi")
        with station.desk() as desk:
            tariff_list.keep_tariff(desk, "home", TARIFF)
            supply_groups.add_group(desk, KeyTerms(SGC), "town", "home")
            supply_groups.add_group(desk, KeyTerms(UNUSED_SGC))
            meter_list.add_meter(desk, meter_list.NewMeter(DRN, SGC, customer="Søren ثاندي"))
            if start != OLD_TABLES:  # the seal of a receipt covers what those lack
                sales.credit(desk, CreditOrder(DRN, money=20_000))
            if start == STATION:
                purchases.place(desk.session, Order(DRN, units=10), desk.now)
                meter_list.add_meter(desk, meter_list.NewMeter(IN_DEBT, SGC, debt=5_000))
                accounts.add(desk, OPERATOR, NEW_PASSPHRASE)
        if start == STATION:
            with NewFile(self._kept / "kept.backup") as file:
                back_up(station, file)
                file.keep()
        if start == OLD_TABLES:  # looking at it brings it up to date
            found = death_books.books(where, [SECRET], anchor)
            assert found is not None
            finish(storage)
            storage.close()
            return replace(found, revision=death_books.OLD)
        finish(storage)
        storage.close()
        found = death_books.books(where, [SECRET], anchor, tampered=start == TAMPERED)
        assert found is not None
        return found

    def _url(self, name: str) -> str:
        assert self._server is not None
        base, _, options = self._server.partition("?")
        return f"{base.rsplit('/', 1)[0]}/{name}?{options}"

    def _sql(self, *statements: str) -> None:
        import psycopg

        with psycopg.connect(self._url("postgres"), autocommit=True) as to:
            for statement in statements:
                to.execute(statement.encode())  # names of this file only


def _write_files(folder: Path) -> None:
    """Write what the commands read."""
    (folder / "tariff.json").write_text(json.dumps(TARIFF))
    orders = [{"meter": DRN, "kwh": "1", "ref": f"B-{number}"} for number in range(5)]
    orders.insert(2, {"meter": "1", "kwh": "1"})
    (folder / "dlms.json").write_text(json.dumps(_DLMS_KEYS))
    (folder / "orders.jsonl").write_text("\n".join(map(json.dumps, orders)))
    secret = Secret.passphrase(NEW_PASSPHRASE)
    (folder / "groups.json").write_text(
        transport.sealed_file([(KeyTerms("777777"), bytes(20))], secret)  # test key
    )
