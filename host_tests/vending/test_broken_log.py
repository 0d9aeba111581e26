"""Nobody gets the module to go on from a log, a receipt or a database that was tampered with."""

import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec.structs import replace
from rigs.stations import DRN
from sqlalchemy import delete, select, text, update

from meter20.vending import audit_walk, log_head, refusal, rekey, sales, tid_clock
from meter20.vending.anchor import Anchor, default_path
from meter20.vending.keeper import Keeper
from meter20.vending.log_head import Head
from meter20.vending.models import AuditEntry, AuditHead, KeyUsage, Meter, Slip, Token
from meter20.vending.refusal import Refusal
from meter20.vending.sales import CreditOrder
from meter20.vending.sealing import Key
from meter20.vending.station import Station

COPIED = (AuditEntry, AuditHead, KeyUsage, Slip, Token, Meter)


@pytest.fixture
def busy(any_station, clock):
    """Return a station that has sold three times."""
    for _ in range(3):
        sell(any_station)
        clock.advance(minutes=7)
    return any_station


@pytest.fixture
def again(storage, secret, clock):
    """Return a function that opens the station anew."""
    return lambda: Station(storage, secret, "thandi", clock)


def sell(station, units=105):
    with station.desk() as desk:
        return sales.credit(desk, CreditOrder(DRN, units=units))


def tamper(station, *statements):
    """Change the database as somebody with all of it would, but without the module's key."""
    with station._storage.writing() as session:
        if session.get_bind().dialect.name == "sqlite":
            for name in ("audit_no_update", "audit_no_delete"):
                session.execute(text(f"DROP TRIGGER IF EXISTS {name}"))
            session.execute(text("PRAGMA defer_foreign_keys = ON"))
        else:
            session.execute(text("DROP TRIGGER IF EXISTS audit_append_only ON audit_entry"))
        for statement in statements:
            session.execute(statement)


def refused(call):
    with pytest.raises(Refusal) as caught:
        call()
    assert caught.value.code == refusal.BROKEN, caught.value
    return str(caught.value)


def entries(station):
    with station.looking() as session:
        return list(session.execute(select(AuditEntry.seq)))


def rewritten(station, amount=1):
    """Return statements that replace the chain by one that agrees with itself."""
    with station.looking() as session:
        rows = session.execute(select(AuditEntry.__table__)).mappings().all()
    forged = [dict(row) for row in rows]
    forged[4]["amount"] = amount
    last = log_head.START
    for row in forged:
        row["digest"] = last = log_head.digest(last, list(row.values())[:-1])
    head = Head(len(forged), last).row(Key(bytes(32)))
    return [
        delete(AuditEntry), *[AuditEntry.__table__.insert().values(row) for row in forged],
        update(AuditHead).values(**head),
    ]  # fmt: skip


def cut(station):
    with station.looking() as session:
        last = session.scalar(select(AuditEntry.digest).where(AuditEntry.seq == 8))
    return [delete(AuditEntry).where(AuditEntry.seq > 8),
            update(AuditHead).values(seq=8, digest=last)]  # fmt: skip


FORGERIES = {
    "cut": cut,
    "cut, the head left": lambda _: [delete(AuditEntry).where(AuditEntry.seq > 8)],
    "one missing": lambda _: [delete(AuditEntry).where(AuditEntry.seq == 6)],
    "edited": lambda _: [update(AuditEntry).where(AuditEntry.seq == 5).values(amount=1)],
    "last edited": lambda _: [update(AuditEntry).where(AuditEntry.seq == 10).values(actor="x")],
    "emptied": lambda _: [delete(AuditEntry), delete(AuditHead)],
    "emptied, the head left": lambda _: [delete(AuditEntry)],
    "head removed": lambda _: [delete(AuditHead)],
    "head edited": lambda _: [update(AuditHead).values(minute=0)],
    "replaced": rewritten,
}  # fmt: skip
_SEEN_AT_OPENING = ("edited", "one missing")  # in the middle: a sale looks at the end only


@pytest.mark.parametrize("name", FORGERIES)
def test_forged_log_is_found_and_not_signed(busy, again, name):
    tamper(busy, *FORGERIES[name](busy))
    before = entries(busy)
    if name not in _SEEN_AT_OPENING:
        refused(lambda: sell(busy))
    assert "audit accept" in refused(lambda: sell(again()))
    assert entries(busy) == before
    assert again().verify().broken is not None


@pytest.mark.parametrize("sale_after", [False, True], ids=["no sale after", "sale after"])
@pytest.mark.parametrize("name", FORGERIES)
def test_forged_log_is_found_whether_a_till_that_was_open_sold_after_it_or_not(
    busy, again, name, sale_after
):
    """That till looks at the log's end only: what was forged before it stays forged."""
    tamper(busy, *FORGERIES[name](busy))
    if sale_after:
        with suppress(Refusal):
            sell(busy)
    report = again().verify()
    assert report.broken is not None
    refused(lambda: sell(busy))
    refused(lambda: sell(again()))
    assert again().verify().reason == report.reason


@pytest.mark.parametrize("name", FORGERIES)
def test_break_that_was_accepted_is_named_for_ever(busy, again, clock, name):
    tamper(busy, *FORGERIES[name](busy))
    station = again()
    station.accept("the disk was restored")
    with pytest.raises(Refusal, match="nothing to accept"):
        again().accept("once more")
    for _ in range(3):
        sell(again())
        clock.advance(minutes=1)
    report = again().verify()
    assert report.broken is None, report
    assert len(report.accepted) == 1
    assert "the disk was restored" in report.accepted[0] and "by thandi" in report.words()
    assert f"whole since entry {report.accepted[0].split()[1]}" in report.words()


def test_break_that_was_accepted_can_not_be_changed_after_that(busy, again):
    tamper(busy, *FORGERIES["edited"](busy))
    again().accept("known")
    tamper(busy, update(AuditEntry).where(AuditEntry.seq == 4).values(detail="x"))
    assert again().verify().broken is not None


def test_break_in_the_middle_of_a_long_log_stops_the_station_once_it_is_found(
    busy, again, monkeypatch
):
    monkeypatch.setattr(audit_walk, "RECENT", 2)
    tamper(busy, *FORGERIES["edited"](busy))
    sell(again())
    assert again().verify().broken == 5
    refused(lambda: sell(again()))
    again().accept("known")
    sell(again())
    assert again().verify().broken is None


def test_after_a_break_no_minute_is_given_twice(busy, again):
    with busy.looking() as session:
        given = set(session.scalars(select(Token.tid)))
    for _ in range(5):  # ahead of the clock
        given |= {token.tid for token in sell(busy).tokens}
    tamper(
        busy, *cut(busy), delete(Token), update(Slip).values(corrects=None), delete(Slip),
        update(Meter).values(last_tid=0, first_tid=0),
    )  # fmt: skip
    again().accept("the last day is lost")
    assert min(token.tid for token in sell(again()).tokens) > max(given)


def test_death_between_an_acceptance_and_its_anchor_leaves_a_station_that_sells(
    busy, again, monkeypatch
):
    def dies(*_):
        raise KeyboardInterrupt

    tamper(busy, update(Slip).where(Slip.id == 2).values(paid_cents=1))
    busy.anchor.unlink()
    station = again()
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Keeper, "note", dies)
        station.accept("known")
    assert not busy.anchor.exists()
    sell(again())


# -- receipts ----------------------------------------------------------------------------------

EDITS = {
    "paid": update(Slip).values(paid_cents=1), "lines": update(Slip).values(lines=[["x", 1]]),
    "note": update(Slip).values(note="x"), "customer": update(Slip).values(about={"Meter": "1"}),
    "time": update(Slip).values(issued_at="2020-01-01T00:00:00Z"),
    "state": update(Slip).values(state="void"), "copies": update(Slip).values(prints=9),
    "digits": update(Token).values(digits="0" * 20), "label": update(Token).values(label="x"),
    "token gone": delete(Token), "added token": None,
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_edited_receipt_is_found_and_not_printed(busy, again, name):
    edit = EDITS[name]
    if edit is None:
        edit = Token.__table__.insert().values(
            slip_id=2, position=2, kind="x", label="x", digits="1" * 20
        )
    elif edit.table.name == "slip":
        edit = edit.where(Slip.id == 2)
    else:
        edit = edit.where(Token.slip_id == 2)
    tamper(busy, edit)
    with pytest.raises(Refusal) as caught, busy.desk() as desk:
        sales.reprinted(desk, 2)
    assert caught.value.code in {refusal.ALTERED, refusal.STATE}
    report = again().verify()
    assert report.reason.startswith("receipt 2 ")
    refused(lambda: sell(again()))
    again().accept("known")
    sell(again())
    assert again().verify().broken is None


def test_receipt_that_is_gone_or_was_put_in_is_found(busy, again):
    with busy.looking() as session:
        row = dict(session.execute(select(Slip.__table__)).mappings().first() or {})
    forged = Slip.__table__.insert().values(row | {"id": 77})
    tamper(busy, delete(Token).where(Token.slip_id == 3), delete(Slip).where(Slip.id == 3), forged)
    assert again().verify().slips == {
        77: "is in no entry: the station did not write it", 3: "is gone"
    }  # fmt: skip
    again().accept("known")
    assert sell(again()).id == 78
    assert again().verify().broken is None


def test_reprint_and_reversal_are_no_edits(busy, again):
    with busy.desk() as desk:
        sales.reprinted(desk, 1)
    with busy.desk() as desk:
        sales.reverse(desk, 3, "wrong meter", delivered=False)
    with busy.desk() as desk:
        sales.reprinted(desk, 1)
    assert again().verify().broken is None


def test_tokens_of_a_receipt_have_their_order_by_position_however_their_rows_are_numbered(
    busy, again
):
    with busy.desk() as desk:
        rekey.change_key(desk, DRN, rekey.NewKey(ti=9))
    tamper(busy, update(Token).where(Token.position == 1).values(id=Token.id + 1000))
    assert again().verify().broken is None


def test_log_tells_no_digits_by_trying(busy):
    """The code in the log takes the module's key: without it no guess can be tried."""
    with busy.looking() as session:
        detail = session.scalar(select(AuditEntry.detail).where(AuditEntry.operation == "receipt"))
        slip = session.get_one(Slip, 1)
        assert slip.seal == detail.split(" ")[2]
        assert slip.tokens[0].digits not in detail


# -- the clock, and minutes --------------------------------------------------------------------


def test_clock_that_ran_back_is_named_and_stops_nothing(busy, again, clock):
    clock.advance(hours=-3)
    sell(busy)
    report = again().verify()
    assert report.broken is None
    assert len(report.clock) == 1 and "ran back" in report.words()


def test_minute_given_twice_is_found(busy, again):
    with busy.looking() as session:
        tid = session.scalar(select(Meter.last_tid))
    tamper(busy, update(Meter).values(last_tid=tid - 7), delete(Token))
    clock = busy._now
    clock.advance(minutes=-7)
    sell(busy)
    assert any("second time" in line for line in again().verify().findings)


# -- an older copy -----------------------------------------------------------------------------


def copied(station):
    with station.looking() as session:
        return {
            kind: [dict(row) for row in session.execute(select(kind.__table__)).mappings()]
            for kind in COPIED
        }


def put_back(station, copy):
    tamper(
        station,
        *[delete(kind) for kind in (Token, Slip, KeyUsage, AuditHead, AuditEntry)],
        *[
            kind.__table__.insert().values(row)
            for kind in (AuditEntry, AuditHead, KeyUsage, Slip, Token) for row in copy[kind]
        ],
        *[update(Meter).values(last_tid=row["last_tid"]) for row in copy[Meter]],
    )  # fmt: skip


def test_older_copy_is_noticed_and_no_minute_is_given_twice(busy, again):
    old = copied(busy)
    newer = sell(busy)
    put_back(busy, old)
    assert "put back" in refused(lambda: sell(busy))
    assert "put back" in refused(lambda: sell(again()))
    assert again().verify().broken is None  # the copy is whole in itself
    again().accept("power failure, yesterday's copy")
    after = sell(again())
    assert after.tokens[0].tid > newer.tokens[0].tid
    assert after.id > newer.id
    report = again().verify()
    assert report.broken is None and "older copy" in report.accepted[0]


def test_older_copy_is_noticed_by_a_till_that_was_opened_before_and_sold_nothing(busy, again):
    old = copied(busy)
    sell(busy)
    till = again()
    put_back(busy, old)
    assert "put back" in refused(lambda: sell(till))
    assert "put back" in till.trouble


def test_copy_that_was_sold_from_elsewhere_is_noticed(busy, again, tmp_path):
    old, anchor = copied(busy), tmp_path / "anchor"
    shutil.copy(busy.anchor, anchor)
    sell(busy)
    there = copied(busy)
    put_back(busy, old)
    shutil.copy(anchor, busy.anchor)
    other = again()
    sell(other, 50)
    sell(other, 50)
    here_anchor = busy.anchor.read_bytes()
    put_back(busy, there)
    busy.anchor.write_bytes(here_anchor)
    refused(lambda: sell(again()))


def test_anchor_of_another_key_or_none_stops_the_station(busy, again):
    busy.anchor.unlink()
    assert "not there" in refused(lambda: sell(again()))
    busy.anchor.write_text("{}")
    assert "no anchor" in refused(lambda: sell(again()))
    again().accept("another till")
    sell(again())


def test_anchor_of_a_server_is_found_by_every_version_at_the_same_name(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    path = default_path(None, "postgresql://thandi:geheim@db.example/station?sslmode=require")
    assert path == default_path(None, "postgresql://db.example/station?sslmode=require")
    assert path.relative_to(tmp_path) == Path("meter20/anchors/e4d72089247a4e24.anchor")


def test_new_anchor_is_on_the_disk_before_it_has_its_name_and_its_name_after_that(
    tmp_path, monkeypatch
):
    done, rename = [], Path.replace
    monkeypatch.setattr(os, "fsync", lambda file: done.append(stat.S_IFMT(os.fstat(file).st_mode)))
    monkeypatch.setattr(
        Path, "replace", lambda self, to: (done.append("name"), rename(self, to))[1]
    )
    Anchor(tmp_path / "anchor").write(Key(bytes(32)), Head(0, log_head.START))
    assert done == [stat.S_IFREG, "name", stat.S_IFDIR]


def test_minute_that_may_have_been_given_out_is_refused_with_the_first_that_was_not(busy):
    floor = tid_clock.minute(5_000_000, 1993)
    with busy.desk() as desk:
        tail = desk.module.keeper.tail(desk.session)
        tail.head = replace(tail.head, floor=floor)
        with pytest.raises(Refusal, match="may have been given out already") as caught:
            desk.module.keeper.gave(desk.session, [4_999_999], 1993)
        desk.module.keeper.gave(desk.session, [5_000_000], 1993)
    assert caught.value.code == refusal.STATE


def test_anchor_that_must_last_is_on_the_disk_when_it_is_written(tmp_path, monkeypatch):
    anchor, done = Anchor(tmp_path / "anchor"), []
    anchor.write(Key(bytes(32)), Head(0, log_head.START))
    monkeypatch.setattr(os, "fsync", done.append)
    anchor.write(Key(bytes(32)), Head(0, log_head.START))
    assert done == []
    anchor.write(Key(bytes(32)), Head(0, log_head.START), durable=True)
    assert len(done) == 1


def test_anchor_that_cannot_be_read_is_named_with_the_reason(tmp_path):
    found, wrong = Anchor(tmp_path).read(Key(bytes(32)))
    assert found is None
    assert wrong == f"the anchor {tmp_path} cannot be read: Is a directory"


def test_older_anchor_is_usual(busy, again):
    older = busy.anchor.read_bytes()
    sell(busy)
    busy.anchor.write_bytes(older)
    sell(again())


def noted(station):
    return int(station.anchored().split(":")[0])


def last_entry(station):
    with station.looking() as session:
        return session.get_one(AuditHead, 1).seq


def test_anchor_is_its_owners_only_and_follows_each_sale(busy):
    assert busy.anchor.stat().st_mode & 0o777 == 0o600
    sell(busy)
    assert noted(busy) == last_entry(busy)


def test_new_station_is_not_made_where_one_was(busy, storage, secret, clock):
    tamper(busy, text("DELETE FROM vault"))
    with pytest.raises(Refusal, match="its security module is gone"):
        Station.found(storage, secret, "new", "x", clock)


# -- logs of before ----------------------------------------------------------------------------


def made_old(station):
    """Make the station one of before receipts were bound."""
    with station.looking() as session:
        rows = session.execute(select(AuditEntry.__table__)).mappings().all()
    kept, last = [], log_head.START
    for row in rows:
        if row["operation"] != "receipt":
            entry = dict(row) | {"seq": len(kept) + 1}
            entry["digest"] = last = log_head.digest(last, list(entry.values())[:-1])
            kept.append(entry)
    head = Head(len(kept), last, None, None, None, None, None)
    tamper(
        station, delete(AuditEntry), *[AuditEntry.__table__.insert().values(r) for r in kept],
        update(AuditHead).values(**head.row(station.module._audit_key)),
        update(Slip).values(seal=None),
    )  # fmt: skip
    station.anchor.unlink()


def test_log_of_before_is_bound_when_it_is_first_opened(busy, again):
    made_old(busy)
    station = again()
    with station.looking() as session:
        newest = session.scalar(select(Meter.last_tid))
        assert session.get_one(AuditHead, 1).minute == tid_clock.minute(newest, 2014)
    sell(station)
    with station.desk() as desk:
        assert [sales.reprinted(desk, number).prints for number in (1, 2, 3)] == [2, 2, 2]
    report = again().verify()
    assert report.broken is None
    tamper(busy, update(Slip).where(Slip.id == 1).values(paid_cents=5))
    assert again().verify().reason.startswith("receipt 1 ")


def test_broken_log_of_before_is_not_bound(busy, again):
    made_old(busy)
    tamper(busy, update(AuditEntry).where(AuditEntry.seq == 3).values(actor="x"))
    refused(lambda: sell(again()))
