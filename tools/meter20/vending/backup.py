"""Backing up a station while it sells, and restoring it, into either kind of database.

A backup is read in one transaction, so it shows one moment. Before it gets its name it is restored
on trial, and its log and receipts are verified. A restored station enters that into its log and
gives out no minute that may have been given out after the backup. A restored SQLite file gets its
name when it is whole and verified; on a server the restoring is one transaction.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from meter20 import private_folder
from meter20.vending import (
    backup_file,
    log_head,
    new_file,
    plain_text,
    refusal,
    sqlite_file,
    station_time,
)
from meter20.vending.anchor import Anchor
from meter20.vending.audit_walk import Report
from meter20.vending.keeper import Keeper
from meter20.vending.new_file import NewFile
from meter20.vending.refusal import Refusal
from meter20.vending.schema import REVISION
from meter20.vending.sealing import Secret
from meter20.vending.security_module import SecurityModule
from meter20.vending.station import Station, utc_now
from meter20.vending.storage import Storage


@dataclass
class Restored:
    """A station that stands once the block ends. found: how it went on, as its log says it.

    trouble: why it can issue nothing, known after the block only; empty if it can.
    """

    name: str
    time: str
    counts: dict[str, int]
    found: str
    report: Report
    trouble: str = ""


def back_up(station: Station, file: NewFile) -> tuple[dict[str, int], Report]:
    """Fill `file`, whose name is taken, with a backup; return its rows by table, and the report.

    Selling goes on meanwhile. Raises Refusal; then there is no such file.
    """
    keeper, time = station.module.keeper, station_time.stamp(station.time())
    try:
        with _drafts(file.path.parent) as folder:
            draft = folder / "backup"
            with station.looking() as session:
                head = keeper.whole(session)
                counts = backup_file.write(session, draft, keeper.backup_key, REVISION, time)
            report = _tried(draft, folder, keeper, counts)
            if report.head != f"{head.seq}:{head.digest}":
                raise Refusal(refusal.DATABASE, f"{file.path} does not read as it was written.")
            file.fill_with(draft)
    except OSError as error:
        raise new_file.cannot_write(file.path, error) from None
    return counts, report


def _tried(path: Path, folder: Path, keeper: Keeper, counts: dict[str, int]) -> Report:
    """Restore the backup `path` in a database of its own, and verify it there."""
    storage = Storage(str(folder / "trial.sqlite"))
    try:
        with storage.restoring(path, backup_file.header(path), keeper.backup_key) as (books, read):
            report = keeper.verify(books)
    finally:
        storage.close()
    if report.broken is not None:
        raise log_head.broken(report.findings[0])
    wrong = sqlite_file.lacks(folder / "trial.sqlite")
    if wrong or {name: count for name, count in counts.items() if count} != read:
        raise Refusal(refusal.DATABASE, f"The backup does not restore: {wrong or 'rows lack'}.")
    return report


@contextmanager
def restoring(storage: Storage, path: Path, secret: Secret, actor: str,
              now: Callable[[], datetime] = utc_now,
              floor: datetime | None = None) -> Iterator[Restored]:  # fmt: skip
    """Make the station of the backup `path` again in `storage`, which must hold none.

    Gives what will stand once the block has ended. floor: date no token before it; None for a
    day after now, or after the newest minute that is known. Raises Refusal; nothing is done then.
    """
    actor = plain_text.checked(actor, "operator")
    head = backup_file.header(path)
    keeper = SecurityModule.opened(head.vault, secret, now).keeper
    anchor = Anchor(storage.anchor)
    noted = keeper.read(anchor)
    if noted[1]:
        raise Refusal(refusal.STATE, f"{noted[1]}. Restore elsewhere, or move that file away.")
    with _place_for(storage) as to, to.restoring(path, head, keeper.backup_key) as (books, rows):
        reason = f"restored from a backup of {head.time}: what was issued after it is lost"
        found = keeper.accept(books, actor, reason, noted, floor, log_head.RESTORE)
        books.flush()
        report = keeper.verify(books)
        if report.broken is not None:
            raise log_head.broken(report.findings[0])
        made = Restored(head.station, head.time, rows, "; ".join(found), report)
        yield made
    keeper.went_on(books, anchor)
    made.trouble = keeper.trouble


@contextmanager
def _place_for(storage: Storage) -> Iterator[Storage]:
    """Give the database to restore into: for a SQLite file a draft, which then takes its name."""
    if storage.path is None:
        yield storage
        return
    sqlite_file.check_free(storage.path)
    try:
        private_folder.make(storage.path.parent)
        with NewFile(storage.path) as file, _drafts(storage.path.parent) as folder:
            draft = Storage(str(folder / "station.sqlite"), anchor=storage.anchor)
            try:
                yield draft
            finally:
                draft.close()
            if wrong := sqlite_file.lacks(folder / "station.sqlite"):
                raise Refusal(refusal.DATABASE, f"{storage.path} was not made: {wrong}.")
            sqlite_file.check_free(storage.path, taken=True)
            file.fill_with(folder / "station.sqlite")
            file.keep()
    except OSError as error:
        raise new_file.cannot_write(storage.path, error) from None


@contextmanager
def _drafts(parent: Path) -> Iterator[Path]:
    """Give a folder for what is not whole yet; a death may leave it, and it can be removed."""
    with tempfile.TemporaryDirectory(
        prefix=".meter20-", suffix=".part", dir=parent.absolute(), ignore_cleanup_errors=True
    ) as folder:
        yield Path(folder)
