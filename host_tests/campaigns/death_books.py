"""What the books of a station say after a command ended, for the death campaign."""

import functools
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select, text
from sqlalchemy.orm import selectinload

from meter20.vending import log_head, sales, schema
from meter20.vending.models import (
    AuditEntry,
    Meter,
    Purchase,
    Route,
    Slip,
    SupplyGroup,
    Vault,
    VendingKey,
)
from meter20.vending.models import Tariff as TariffRow
from meter20.vending.pos_models import PosClient, PosKey
from meter20.vending.refusal import Refusal
from meter20.vending.sealing import Secret
from meter20.vending.shop_models import ShopOperator
from meter20.vending.station import Station
from meter20.vending.storage import Storage

#: The revision of the tables of an old station, see death_places.py.
OLD = "0003"
_SLIPS = select(Slip).options(selectinload(Slip.tokens))
_ENTRIES = select(
    AuditEntry.operation, AuditEntry.meter, AuditEntry.supply, AuditEntry.detail
).order_by(AuditEntry.seq)
_OTHERS = [
    select(kind.__table__)
    for kind in (Meter, VendingKey, SupplyGroup, TariffRow, Purchase, Route, PosClient, PosKey,
                 ShopOperator)
]  # fmt: skip


@dataclass(frozen=True)
class Books:
    """What the books say, and whether they are in order.

    lock: the salt that it is opened with. revision: of the tables, as the command left them.
    keys: the digests of the keys of points of sale.
    """

    slips: dict[int, tuple]
    entries: list[tuple]
    others: tuple
    lock: str
    revision: str
    keys: frozenset[str]

    def changed(self, before: "Books") -> bool:
        """Say whether anything was done since `before`; refusals in the log are nothing."""
        mine, its = ([e for e in each.entries if e[0] != "refuse"] for each in (self, before))
        return (self.slips, mine, self.others, self.lock, self.revision) != (
            before.slips, its, before.others, before.lock, before.revision,
        )  # fmt: skip

    def tokens(self, since: "Books | None" = None) -> set[str]:
        """Return the digits of all slips, or of those that are new or changed."""
        slips = self.slips.items() - (since.slips.items() if since else set())
        return {digits for _, facts in slips for digits in facts[-1]}


def books(
    where: str, secrets: list[Secret], anchor: Path | None = None, *, tampered: bool = False
) -> Books | None:
    """Return what the books in `where` say; asserts that they open with one of `secrets`.

    anchor: its file, if not the usual one. tampered: the log is whole only if somebody accepted
    its break. None without a station. Tables of an older revision are brought up to date.
    """
    storage = _storage(where, anchor)
    if storage.path and not storage.path.exists():
        return None
    try:
        revision = _revision(storage)
        if OLD <= revision < schema.REVISION:
            storage.upgrade()
        with storage.writing() as session:  # waits for whoever was killed in a commit
            vault = session.get(Vault, 1)
            if vault is None:
                return None
            read = Books(
                {slip.id: _slip(slip) for slip in session.scalars(_SLIPS)},
                [tuple(entry) for entry in session.execute(_ENTRIES)],
                (*(tuple(sorted(map(repr, session.execute(each)))) for each in _OTHERS),),
                vault.lock_salt.hex(),
                revision,
                frozenset(session.scalars(select(PosKey.digest))),
            )  # fmt: skip
        accepted = any(entry[0] == log_head.ACCEPT for entry in read.entries)
        _check_opens(storage, secrets, whole=accepted or not tampered)
        return read
    except Refusal as refused:
        assert refused.code == "no_database", refused
        return None
    finally:
        storage.close()


@functools.cache
def _storage(where: str, anchor: Path | None) -> Storage:
    """Return the database in `where`; closed, it keeps its statements, but no connection."""
    return Storage(where, anchor=anchor)


def _revision(storage: Storage) -> str:
    """Return the revision of the tables; empty without tables."""
    with storage._words(), storage._engine.connect() as connection:
        return connection.scalar(text("SELECT version_num FROM alembic_version")) or ""


def _slip(slip: Slip) -> tuple:
    """Return the facts of a slip, last the digits that may be shown."""
    digits = () if slip.state == sales.VOID else tuple(token.digits for token in slip.tokens)
    return slip.operation, slip.state, slip.prints, digits


def _check_opens(storage: Storage, secrets: list[Secret], whole: bool) -> None:
    for secret in secrets:
        try:
            station = Station(storage, secret, "auditor")
        except Refusal:
            continue
        with station.looking() as session:
            report = station.module.verify_log(session)
        assert (report.broken is None) == whole, report
        return
    raise AssertionError("the station opens no more")
