"""The audit log: appended to by the module, and every tampering that can be seen is seen."""

import pytest
from rigs.stations import DRN, SGC, accept_clock
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from meter20.vending import audit, audit_walk, log_head, meter_list, rekey, sales, supply_groups
from meter20.vending.models import AuditEntry, AuditHead, KeyUsage
from meter20.vending.sales import CreditOrder
from meter20.vending.station import Station
from meter20.vending.vending_key import KeyTerms


@pytest.fixture
def busy(any_station, clock):
    """Return a station whose log has some entries."""
    for _ in range(5):
        with any_station.desk() as desk:
            sales.credit(desk, CreditOrder(DRN, units=105))
        clock.advance(minutes=7)
    return any_station


def report(station, noted=None):
    with station.looking() as session:
        return station.module.verify_log(session, noted)


def tamper(station, *statements):
    """Change the log as somebody with the whole database would, the triggers out of the way."""
    with station._storage.writing() as session:
        if session.get_bind().dialect.name == "sqlite":
            session.execute(text("DROP TRIGGER audit_no_update"))
            session.execute(text("DROP TRIGGER audit_no_delete"))
        else:
            session.execute(text("DROP TRIGGER audit_append_only ON audit_entry"))
        for statement in statements:
            session.execute(statement)


def test_untouched_log_verifies(busy):
    found = report(busy)
    assert found.broken is None
    assert found.entries == 14  # create, tariff, key, meter, five tokens with receipts
    assert found.head.startswith("14:")
    assert (found.accepted, found.clock) == ([], [])


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 1}, {"meter": "00000000000"}, {"actor": "nobody"}, {"tid": 7},
        {"time": "2020-01-01T00:00:00Z"}, {"kind": "ClearCredit"}, {"operation": "note"},
    ],
)  # fmt: skip
def test_changed_entry_is_the_first_broken_link(busy, change):
    tamper(busy, update(AuditEntry).where(AuditEntry.seq == 6).values(**change))
    assert report(busy).broken == 6


def test_removed_entry_is_seen(busy):
    tamper(busy, delete(AuditEntry).where(AuditEntry.seq == 4))
    found = report(busy)
    assert (found.broken, found.reason) == (4, "entry 4 is missing")


def test_end_cut_off_is_seen(busy):
    tamper(busy, delete(AuditEntry).where(AuditEntry.seq == 14))
    assert report(busy).broken == 14


def test_end_cut_off_with_a_head_to_match_is_seen_by_the_module(busy):
    with busy.looking() as session:
        before = session.get_one(AuditEntry, 13).digest
    tamper(
        busy,
        delete(AuditEntry).where(AuditEntry.seq == 14),
        update(AuditHead).values(seq=13, digest=before),
    )
    with busy.looking() as session:
        assert audit_walk.verify(session).broken is None  # without the module's key it looks whole
    assert "not made by this security module" in report(busy).reason


def test_log_written_anew_is_seen_against_a_noted_head(busy):
    with busy.looking() as session:
        noted = audit.head_of(session)
        rows = session.execute(select(AuditEntry.__table__)).mappings().all()
    forged = [dict(row) for row in rows]
    forged[6]["amount"] = 1
    last = "0" * 64
    for row in forged:
        row["digest"] = last = log_head.digest(last, list(row.values())[:-1])
    tamper(
        busy,
        delete(AuditEntry),
        insert(AuditEntry).values(forged),
        update(AuditHead).values(digest=last),
    )
    with busy.looking() as session:
        assert audit_walk.verify(session, None, noted).broken == 14
    assert report(busy).broken == 14


def test_noted_head_that_is_gone_is_seen(busy):
    assert report(busy, "400:" + "0" * 64).broken == 15


def test_noted_head_in_the_past_still_holds(busy):
    with busy.looking() as session:
        digest = session.get_one(AuditEntry, 5).digest
    assert report(busy, f"5:{digest}").broken is None


def test_lowered_day_counter_is_seen(busy):
    tamper(busy, update(KeyUsage).values(energy=0))
    assert "day counter" in report(busy).reason


@pytest.mark.parametrize("statement", [update(AuditEntry).values(amount=1), delete(AuditEntry)])
def test_database_itself_refuses_changes(busy, statement):
    with pytest.raises(DBAPIError, match="append-only"), busy._storage.writing() as session:
        session.execute(statement)


def test_what_was_done_without_a_token_is_in_the_log_too(busy, clock):
    """Who keeps a tariff, registers a meter or prints a copy is named, with what and when."""
    with busy.desk() as desk:
        number = sales.reprinted(desk, sales.history(desk.session, None, 1)[0].id).id
    with busy.looking() as session:
        entries = audit.latest(session, 99)
    entries = [entry for entry in entries if entry["operation"] != "receipt"]
    told = [(entry["operation"], entry["meter"], entry["actor"]) for entry in entries]
    assert told == [
        ("create", "", "thandi"), ("tariff", "", "thandi"), ("generate key", "", "thandi"),
        ("register", DRN, "thandi"), *[("issue", DRN, "thandi")] * 5, ("reprint", DRN, "thandi"),
    ]  # fmt: skip
    assert entries[1]["detail"] == "terms of home set"
    assert audit.line(entries[-1]).split("  ")[-5:] == [
        "2026-03-10T10:05:00Z", "thandi", "reprint", DRN, f"receipt {number}",
    ]  # fmt: skip


def test_entry_of_a_token_says_for_which_meter_under_which_key_and_how_much(busy):
    with busy.looking() as session:
        entry = next(row for row in audit.latest(session, 2) if row["operation"] == audit.ISSUE)
    assert audit.line(entry).split("  ")[-7:] == [
        "thandi", "issue", DRN, "123456/1/11/2014", "TransferCredit.electricity",
        f"tid {entry['tid']}", "amount 105",
    ]  # fmt: skip


def test_the_latest_entries_are_shown_in_the_order_in_which_they_were_made(busy):
    with busy.looking() as session:
        latest = [entry["seq"] for entry in audit.latest(session, 99)]
        assert latest == list(range(1, len(latest) + 1))
        assert [entry["seq"] for entry in audit.latest(session, 3)] == latest[-3:]


def test_log_holds_no_token_and_no_key(busy):
    with busy.looking() as session:
        tokens = [
            token.digits for slip in sales.history(session, None, 99) for token in slip.tokens
        ]
        log = str(session.execute(select(AuditEntry.__table__)).all())
    assert len(tokens) == 5
    assert not [digits for digits in tokens if digits in log]


def test_token_made_at_midnight_counts_for_the_day_of_its_entry(station, clock, monkeypatch):
    """The module reads the clock once for a token: log and day counter agree on its day."""

    def running():
        clock.advance(seconds=1)
        return clock.moment

    monkeypatch.setattr(station.module, "_now", running)
    for second in range(55, 60):
        clock.moment = clock.moment.replace(hour=23, minute=59, second=second)
        with station.desk() as desk:
            for _ in range(3):
                sales.credit(desk, CreditOrder(DRN, units=10))
    assert report(station).broken is None


def test_entry_made_into_one_that_accepts_a_break_accepts_none(busy):
    """The last entry, so that the head agrees with it: its digest stays."""
    tamper(
        busy, update(AuditEntry).where(AuditEntry.seq == 6).values(actor="nobody"),
        update(AuditEntry).where(AuditEntry.seq == 14).values(operation=log_head.ACCEPT),
    )  # fmt: skip
    found = report(busy)
    assert (found.broken, found.accepted) == (6, [])


def test_log_without_a_head_is_broken_from_its_first_entry(busy):
    tamper(busy, delete(AuditHead))
    found = report(busy)
    assert (found.broken, found.reason) == (1, "the head of the log is gone")


def test_entry_of_a_receipt_names_its_meter(busy):
    with busy.looking() as session:
        entry = audit.latest(session, 1)[0]
    assert (entry["operation"], entry["meter"]) == (audit.RECEIPT, DRN)


def test_minute_that_comes_again_under_the_next_base_date_is_no_second_one(storage, secret, clock):
    """1 June of both years is the same minute of its base date."""
    clock.moment = clock.moment.replace(year=1993, month=6, day=1)
    station = Station.found(storage, secret, "kiosk", "thandi", clock)
    with station.desk() as desk:
        for krn, base_date in ((1, 1993), (2, 2014)):
            supply_groups.add_group(desk, KeyTerms(SGC, krn=krn, base_date=base_date))
        meter_list.add_meter(desk, meter_list.NewMeter(DRN, SGC, krn=1))
        first = sales.credit(desk, CreditOrder(DRN, units=10))
    clock.moment = clock.moment.replace(year=2014)
    accept_clock(station)
    with station.desk() as desk:
        rekey.change_key(desk, DRN, rekey.NewKey(krn=2))
        second = sales.credit(desk, CreditOrder(DRN, units=10))
    assert first.tokens[0].tid == second.tokens[0].tid
    assert report(station).broken is None


def test_each_key_has_a_counter_of_its_own_for_a_day(any_station):
    with any_station.desk() as desk:
        supply_groups.add_group(desk, KeyTerms("654321"))
        meter_list.add_meter(desk, meter_list.NewMeter("11111111115", "654321"))
        for meter, units in ((DRN, 10), ("11111111115", 20)):
            sales.credit(desk, CreditOrder(meter, units=units))
    assert report(any_station).broken is None
