"""Backups: of one moment, verified, sealed, and restored so that no minute comes twice."""

import os
import sqlite3
import threading
from types import SimpleNamespace

import pytest
from rigs.selling import refused
from rigs.stations import DRN, Clock
from sqlalchemy import select, update

from meter20.vending import backup_file, refusal, sales, schema, sqlite_file
from meter20.vending.backup import back_up, restoring
from meter20.vending.models import AuditEntry, Base, Meter, Slip, Token, VendingKey
from meter20.vending.new_file import NewFile
from meter20.vending.refusal import Refusal
from meter20.vending.sales import CreditOrder
from meter20.vending.sealing import Secret
from meter20.vending.station import Station
from meter20.vending.storage import Storage


def sell(station, units=105):
    with station.desk() as desk:
        return sales.credit(desk, CreditOrder(DRN, units=units))


@pytest.fixture
def busy(any_station, clock):
    """Return a station that has sold, printed a copy and voided, on either database."""
    for _ in range(3):
        sell(any_station)
        clock.advance(minutes=7)
    with any_station.desk() as desk:
        sales.reprinted(desk, 1)
    with any_station.desk() as desk:
        sales.reverse(desk, 3, "wrong meter", delivered=False)
    return any_station


@pytest.fixture
def file(tmp_path):
    return tmp_path / "safe" / "station.backup"


def saved(station, path):
    path.parent.mkdir(exist_ok=True)
    with NewFile(path) as file:
        back_up(station, file)
        file.keep()
    return path


@pytest.fixture
def elsewhere(where, request, tmp_path):
    """Return a place on the other kind of database."""
    if "://" in where:
        return Storage(str(tmp_path / "other" / "station.sqlite"))
    return Storage(request.getfixturevalue("postgresql_database"))


def restored(storage, path, secret, clock, **options):
    with restoring(storage, path, secret, "lindiwe", clock, **options) as made:
        pass
    assert not made.trouble
    return Station(storage, secret, "lindiwe", clock)


def rows(station, *but):
    """Return everything in the database, without the tables `but`."""
    with station.looking() as session:
        return {
            each.name: [tuple(row) for row in session.execute(
                select(each).order_by(*each.primary_key.columns))]
            for each in Base.metadata.sorted_tables
            if each.name not in but
        }  # fmt: skip


# -- there and back ----------------------------------------------------------------------------


def test_backup_of_one_kind_of_database_restores_into_the_other(
    busy, file, elsewhere, secret, clock
):
    before = rows(busy, "audit_head", "meter", "audit_entry")
    log = rows(busy)["audit_entry"]
    saved(busy, file)
    there = restored(elsewhere, file, secret, clock)
    assert rows(there, "audit_head", "meter", "audit_entry") == before
    assert rows(there)["audit_entry"][: len(log)] == log
    report = there.verify()
    assert report.broken is None
    assert "restored from a backup of 2026-03-10" in report.words() and "lindiwe" in report.words()
    assert sell(there).id == sell(busy).id
    with there.desk() as desk:
        assert sales.reprinted(desk, 2).tokens[0].digits
    assert there.verify().broken is None


def test_restored_station_numbers_new_rows_on(busy, file, elsewhere, secret, clock):
    """A server counts the rows of each table by itself."""
    from meter20.vending import meter_list, supply_groups
    from meter20.vending.vending_key import KeyTerms

    there = restored(elsewhere, saved(busy, file), secret, clock)
    with there.desk() as desk:
        supply_groups.add_group(desk, KeyTerms("654321"), "village", "home")
        meter_list.add_meter(desk, meter_list.NewMeter("03000000004", "654321"))
    with there.looking() as session:
        assert list(session.scalars(select(VendingKey.id).order_by(VendingKey.id))) == [1, 2]
        assert list(session.scalars(select(Meter.id).order_by(Meter.id))) == [1, 2]


def test_backup_of_older_tables_is_restored_and_brought_up_to_date(
    busy, file, elsewhere, secret, clock, monkeypatch
):
    """Here: of those before the log-ins that failed."""
    older = [each for each in Base.metadata.sorted_tables if each.name != "login_failure"]
    metadata = SimpleNamespace(sorted_tables=older)
    file.parent.mkdir()
    with monkeypatch.context() as patch, busy.looking() as session:
        patch.setattr(backup_file, "Base", SimpleNamespace(metadata=metadata))
        backup_file.write(session, file, busy.module.keeper.backup_key, "0009", "then")
    there = restored(elsewhere, file, secret, clock)
    but = ("audit_head", "meter", "audit_entry")
    assert rows(there, *but) == rows(busy, *but)
    assert sell(there).id == sell(busy).id


def test_backup_is_of_one_moment_while_selling_goes_on(
    busy, file, where, elsewhere, secret, clock
):
    stop, sold = threading.Event(), []

    def selling():
        till = Station(Storage(where), secret, "till 2", clock)
        while not stop.is_set():
            sold.append(sell(till, 10).id)

    till = threading.Thread(target=selling)
    till.start()
    try:
        while len(sold) < 3:
            stop.wait(0.01)
        for number in range(3):
            saved(busy, file.with_name(f"{number}.backup"))
    finally:
        stop.set()
        till.join()
    there = restored(elsewhere, file.with_name("2.backup"), secret, clock)
    with there.looking() as session:
        numbers = list(session.scalars(select(Slip.id).order_by(Slip.id)))
    assert numbers == list(range(1, len(numbers) + 1))
    assert 4 < len(numbers) <= sold[-1]
    assert there.verify().broken is None


def test_backup_says_what_is_in_it(busy, file):
    file.parent.mkdir()
    with NewFile(file) as to:
        counts, report = back_up(busy, to)
        to.keep()
    assert counts == {name: len(all_of) for name, all_of in rows(busy).items()}
    assert report.head == busy.verify().head
    head = backup_file.header(file)
    assert (head.station, head.revision, head.time) == (
        "kiosk",
        schema.REVISION,
        "2026-03-10T09:51:00Z",
    )


def test_backup_is_private_and_shows_no_name_no_token_and_no_key(busy, file):
    with busy.looking() as session:
        digits = list(session.scalars(select(Token.digits)))
    content = saved(busy, file).read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert len(digits) == 3
    for text in (*digits, DRN, "wrong meter", "thandi"):
        assert text.encode() not in content


def test_backup_of_a_log_that_is_broken_is_refused_and_leaves_no_file(busy, file, secret, clock):
    with busy._storage.writing() as session:
        session.execute(update(Slip).where(Slip.id == 2).values(paid_cents=1))
    refused(refusal.BROKEN, lambda: saved(busy, file))
    assert not list(file.parent.iterdir())
    busy.verify()
    refused(refusal.BROKEN, lambda: saved(Station(busy._storage, secret, "x", clock), file))
    assert not list(file.parent.iterdir())


def test_backup_that_does_not_read_as_it_was_written_is_refused(busy, file, monkeypatch):
    write = backup_file.write

    def badly(session, path, *more):
        counts = write(session, path, *more)
        content = bytearray(path.read_bytes())
        content[-40] ^= 1
        path.write_bytes(content)
        return counts

    monkeypatch.setattr(backup_file, "write", badly)
    refused(refusal.ALTERED, lambda: saved(busy, file))
    assert not list(file.parent.iterdir())


def test_disk_that_is_full_leaves_no_file(busy, file, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup_file.os, "fsync", full)
    assert "No space left" in refused(refusal.VALUE, lambda: saved(busy, file))
    assert not list(file.parent.iterdir())


# -- what is refused ---------------------------------------------------------------------------


def test_backup_opens_with_the_secret_of_its_station_only(busy, file, elsewhere, clock):
    saved(busy, file)
    other = Secret.passphrase("another passphrase")
    refused(refusal.SECRET, lambda: restored(elsewhere, file, other, clock))
    refused(refusal.NO_DATABASE, elsewhere.check)


@pytest.mark.parametrize("how", ["cut", "bit", "header", "longer", "mixed", "swapped", "none"])
def test_backup_that_is_not_whole_restores_nothing(busy, file, elsewhere, secret, clock, how):
    content = saved(busy, file).read_bytes()
    line = content.index(b"\n") + 1
    other = saved(busy, file.with_name("second")).read_bytes()
    size = 4 + int.from_bytes(content[line : line + 4], "big")
    after = 4 + int.from_bytes(content[line + size : line + size + 4], "big")
    ends = {
        "cut": content[: line + size],
        "bit": content[:-100] + bytes([content[-100] ^ 1]) + content[-99:],
        "header": content.replace(b'"station":"kiosk"', b'"station":"kiosk2"'),
        "longer": content + b"x",
        "mixed": content[:line] + other[other.index(b"\n") + 1 :],
        "swapped": content[:line] + content[line + size : line + size + after]
        + content[line : line + size] + content[line + size + after :],
        "none": b"",
    }  # fmt: skip
    assert ends[how] != content
    file.write_bytes(ends[how])
    with pytest.raises(Refusal) as caught:
        restored(elsewhere, file, secret, clock)
    assert caught.value.code in {refusal.ALTERED, refusal.VALUE}
    if elsewhere.path:
        assert not list(elsewhere.path.parent.glob("*"))
    else:
        refused(refusal.NO_DATABASE, elsewhere.check)


@pytest.mark.parametrize("text", ["", "x", "[]", "{}", '{"format": "meter20 vending backup 1"}'])
def test_other_file_is_no_backup(tmp_path, text):
    (tmp_path / "x").write_text(text)
    assert "no backup" in refused(refusal.VALUE, lambda: backup_file.header(tmp_path / "x"))
    refused(refusal.VALUE, lambda: backup_file.header(tmp_path / "nothing"))
    refused(refusal.VALUE, lambda: backup_file.header(tmp_path))


def test_backup_of_a_newer_meter20_is_refused(station, tmp_path, file, secret, clock):
    file.parent.mkdir()
    with station.looking() as session:
        backup_file.write(session, file, station.module.keeper.backup_key, "0999", "now")
    there = Storage(str(tmp_path / "new.sqlite"))
    assert "newer meter20" in refused(refusal.SCHEMA, lambda: restored(there, file, secret, clock))
    assert not there.path.exists()


def test_station_that_is_there_is_not_written_over(busy, file, where, secret, clock):
    before = rows(busy)
    saved(busy, file)
    refused(refusal.EXISTS, lambda: restored(Storage(where), file, secret, clock))
    assert rows(busy) == before


@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal"])
def test_what_another_database_left_is_not_read_into_a_restored_one(
    station, tmp_path, file, secret, clock, end
):
    saved(station, file)
    there = Storage(str(tmp_path / "new.sqlite"))
    left = tmp_path / f"new.sqlite{end}"
    left.write_bytes(b"x")
    assert left.name in refused(refusal.EXISTS, lambda: restored(there, file, secret, clock))
    assert left.read_bytes() == b"x" and not (tmp_path / "new.sqlite").exists()


def test_restored_file_has_its_name_when_it_is_whole_only(
    station, tmp_path, file, secret, clock, monkeypatch
):
    saved(station, file)
    monkeypatch.setattr(sqlite_file, "lacks", lambda path: "torn")
    there = Storage(str(tmp_path / "new" / "station.sqlite"))
    assert "torn" in refused(refusal.DATABASE, lambda: restored(there, file, secret, clock))
    assert not list((tmp_path / "new").iterdir())


def test_restored_file_whose_log_was_not_written_into_it_gets_no_name(
    station, tmp_path, file, secret, clock
):
    """A reader that is still there when it is closed keeps the rows in the write-ahead log."""
    saved(station, file)
    there = Storage(str(tmp_path / "new" / "station.sqlite"))
    with (
        pytest.raises(Refusal, match="write-ahead log"),
        restoring(there, file, secret, "x", clock),
    ):
        draft = next((tmp_path / "new").glob(".meter20-*.part/station.sqlite"))
        reader = sqlite3.connect(draft)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
    reader.close()
    assert not list((tmp_path / "new").iterdir())


def test_what_fails_before_the_end_of_the_block_restores_nothing(
    busy, file, elsewhere, secret, clock
):
    saved(busy, file)
    with (
        pytest.raises(ZeroDivisionError),
        restoring(elsewhere, file, secret, "lindiwe", clock),
    ):
        raise ZeroDivisionError
    refused(refusal.NO_DATABASE, elsewhere.check)
    assert not elsewhere.anchor.exists()
    assert restored(elsewhere, file, secret, clock).name == "kiosk"


# -- minutes and the anchor --------------------------------------------------------------------


def after_a_loss(station, clock, ahead=40):
    """Sell ahead of the clock, as a busy counter does; return the minutes that were given."""
    given = [token.tid for _ in range(ahead) for token in sell(station, 1).tokens]
    clock.advance(minutes=3)
    return given


def test_no_minute_is_given_twice_after_an_older_backup_without_an_anchor(
    busy, file, elsewhere, secret, clock
):
    saved(busy, file)
    given = after_a_loss(busy, clock)
    there = restored(elsewhere, file, secret, clock)
    after = [token.tid for _ in range(3) for token in sell(there).tokens]
    assert min(after) > max(given)
    assert min(after) - max(given) < 1500  # a day, no more
    assert there.verify().broken is None


def test_no_minute_and_no_number_is_given_twice_where_the_anchor_is(
    station, tmp_path, file, secret, clock
):
    """The disk lost the database, not the anchor: it knows the newest minute and receipt."""
    saved(station, file)
    given = after_a_loss(station, clock)
    last = sell(station).id
    station._storage.close()
    os.unlink(station._storage.path)
    clock.moment = Clock(2026, 3, 10, 9, 0).moment  # and the clock runs behind
    there = restored(Storage(str(station._storage.path)), file, secret, clock)
    slip = sell(there)
    assert slip.tokens[0].tid > max(given)
    assert slip.id > last
    assert there.verify().broken is None
    assert there.anchored().startswith(f"{there.verify().head.split(':')[0]}:")


def test_floor_of_an_operator_is_later_than_now(busy, file, elsewhere, secret, clock):
    saved(busy, file)
    early, late = Clock(2026, 3, 10, 9, 0).moment, Clock(2026, 3, 12, 8, 0).moment
    refused(refusal.VALUE, lambda: restored(elsewhere, file, secret, clock, floor=early))
    there = restored(elsewhere, file, secret, clock, floor=late)
    with there.looking() as session:
        base = session.scalar(select(Meter.base_date))
    since = (late.replace(tzinfo=None) - Clock(base, 1, 1).moment.replace(tzinfo=None)).days
    assert sell(there).tokens[0].tid - (since * 1440 + 8 * 60) in (0, 1)


def test_anchor_of_another_station_is_not_written_over(busy, file, elsewhere, secret, clock):
    saved(busy, file)
    elsewhere.anchor.parent.mkdir(parents=True, exist_ok=True)
    elsewhere.anchor.write_text("{}")
    refused(refusal.STATE, lambda: restored(elsewhere, file, secret, clock))
    assert elsewhere.anchor.read_text() == "{}"
    refused(refusal.NO_DATABASE, elsewhere.check)


def test_restoring_is_in_the_log_and_can_not_be_taken_out_of_it(
    busy, file, elsewhere, secret, clock
):
    there = restored(elsewhere, saved(busy, file), secret, clock)
    with there.looking() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.seq.desc())).first()
    assert entry is not None
    assert (entry.operation, entry.actor) == ("restore", "lindiwe")
    assert len(there.verify().accepted) == 1
    again = saved(there, file.with_name("again"))
    assert backup_file.header(again).station == "kiosk"
