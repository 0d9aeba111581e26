"""The station's time: months, days and limits that never follow the clock back."""

from datetime import UTC, datetime

import pytest
from freezegun import freeze_time
from rigs.selling import refused
from rigs.stations import DRN, PASSPHRASE, SGC, TARIFF, accept_clock, furnished
from sqlalchemy import select, text

from meter20.bodies import open_body
from meter20.vending import (
    meter_list,
    meter_time,
    refusal,
    rekey,
    sales,
    supply_groups,
    tariff_list,
)
from meter20.vending.models import MeterMonth, Token
from meter20.vending.receipt import MARK, REHEARSAL_MARK, Receipt
from meter20.vending.sales import CreditOrder
from meter20.vending.sealing import Secret
from meter20.vending.station import Station


def utc(*moment):
    return datetime(*moment, tzinfo=UTC)


def found(sqlite, zone="UTC", **terms):
    """Return a station of `zone` that takes the machine's own time."""
    made = furnished(
        Station.found(sqlite, Secret.passphrase(PASSPHRASE), "kiosk", "thandi", zone=zone)
    )
    with made.desk() as desk:
        tariff_list.keep_tariff(desk, "home", TARIFF | {"free_kwh": "50"} | terms)
    return made


def sell(station, at=None, **order):
    with station.desk(at) as desk:
        return sales.credit(desk, CreditOrder(**({"meter": DRN, "money": 200_00} | order)))


def charged(slip):
    return any(words == "Fixed charge" for words, _ in slip.lines)


def gifts(slip):
    return [token.label for token in slip.tokens if token.label.startswith("free")]


def back(station):
    with station.desk() as desk:
        return meter_time.all_back(desk, "the clock was wrong")


def test_two_tills_around_the_end_of_a_month_charge_and_give_once(sqlite):
    with freeze_time("2026-03-31 23:50") as clock:
        station = found(sqlite)
        first = sell(station)
        assert charged(first) and len(gifts(first)) == 1
        charges, given = [], []
        for moment in ("2026-04-01 00:10", "2026-03-31 23:51", "2026-04-01 00:11",
                       "2026-03-31 23:52", "2026-04-02 10:00"):  # fmt: skip
            clock.move_to(moment)
            slip = sell(station)
            charges.append(charged(slip))
            given += gifts(slip)
    assert charges == [True, False, False, False, False]
    assert given == ["free 50.0 kWh"]


def test_steps_are_not_forgotten_when_the_clock_runs_back(sqlite):
    with freeze_time("2026-04-01 00:10") as clock:
        station = found(sqlite)
        sell(station, money=None, units=3500)
        clock.move_to("2026-03-31 23:59")
        assert "at 2.98" in str(sell(station).lines)


def test_day_of_a_key_does_not_begin_anew_when_the_clock_runs_back(sqlite):
    with freeze_time("2026-04-02 00:10") as clock:
        station = found(sqlite, free_kwh="0")
        with station.desk() as desk:
            row = supply_groups.find_key(desk.session, SGC, "11")
            desk.module.keys.change_limits(desk.session, row, {"max_day_energy": 100}, "x")
        sell(station, money=None, units=100)
        clock.move_to("2026-04-01 23:50")
        refused(refusal.LIMIT, sell, station, money=None, units=1)
        clock.move_to("2026-04-03 00:01")
        sell(station, money=None, units=100)
        with station.looking() as session:
            assert station.module.verify_log(session).broken is None


@pytest.mark.parametrize(
    ("zone", "before", "after"),
    [
        ("UTC", "2026-03-31 23:59", "2026-04-01 00:00"),
        ("Africa/Johannesburg", "2026-03-31 21:59", "2026-03-31 22:00"),
        ("Asia/Kolkata", "2026-03-31 18:29", "2026-03-31 18:30"),  # half an hour
        ("America/New_York", "2026-04-01 03:59", "2026-04-01 04:00"),  # daylight saving
        ("America/New_York", "2026-12-01 04:59", "2026-12-01 05:00"),  # standard time
        ("Australia/Lord_Howe", "2026-03-31 12:59", "2026-03-31 13:00"),  # half an hour of it
        ("Europe/Berlin", "2026-10-31 22:59", "2026-10-31 23:00"),
    ],
)
def test_month_begins_at_midnight_of_the_zone(sqlite, zone, before, after):
    with freeze_time(before) as clock:
        station = found(sqlite, zone)
        assert charged(sell(station)) and not charged(sell(station))
        clock.move_to(after)
        assert charged(sell(station)) and not charged(sell(station))


def test_hour_that_daylight_saving_repeats_sells_on_in_utc(sqlite):
    """25 October 2026 in Berlin: 02:30 comes twice; minutes of tokens only rise."""
    with freeze_time("2026-10-25 00:30") as clock:
        station = found(sqlite, "Europe/Berlin")
        first = sell(station)
        clock.move_to("2026-10-25 01:30")
        second = sell(station)
    assert second.tokens[0].tid == first.tokens[0].tid + 60
    times = [Receipt.of(slip, "kiosk").local_time for slip in (first, second)]
    assert times == ["2026-10-25 02:30"] * 2


def test_free_units_of_a_month_that_begins_before_the_day_of_utc_come_the_next_day(sqlite):
    """00:01 UTC of that day went to March already: the receipt says what is still due."""
    with freeze_time("2026-03-31 12:00") as clock:
        station = found(sqlite, "Asia/Kolkata")
        assert len(gifts(sell(station))) == 1
        clock.move_to("2026-03-31 19:00")  # 1 April in the zone, still 31 March in UTC
        slip = sell(station)
        assert (charged(slip), gifts(slip)) == (True, [])
        assert "Free units still due: 50.0 kWh" in Receipt.of(slip, "kiosk").text()
        clock.move_to("2026-04-01 09:00")
        later = sell(station)
        assert gifts(later) == ["free 50.0 kWh"]
        assert not later.note
        assert gifts(sell(station)) == []


def test_clock_far_ahead_is_asked_about_and_not_obeyed(sqlite):
    with freeze_time("2026-03-10 09:30") as clock:
        station = found(sqlite)
        clock.move_to("2045-03-10 09:30")
        for call in (
            lambda: sell(station),
            lambda: change_key(station),
            lambda: provision(station),
        ):
            assert "meter20 vend clock accept" in refused(refusal.CLOCK, call)
        assert station.clock_doubt() is not None
        clock.move_to("2026-04-10 09:30")  # 31 days
        sell(station)
        clock.move_to("2026-06-10 09:30")
        accept_clock(station)
        sell(station)


def change_key(station):
    with station.desk() as desk:
        return rekey.change_key(desk, DRN, rekey.NewKey(ti=2))


def provision(station):
    with station.desk() as desk:
        return rekey.provision(desk, DRN, rekey.Factory(), direct=True)[0]["request"]


def test_meter_that_was_sold_to_ahead_of_time_comes_back_and_gets_no_minute_twice(sqlite):
    """One sale dated 2045, entered; the meter goes on with tokens of the present."""
    with freeze_time("2026-03-10 09:30") as clock:
        station = found(sqlite)
        body = open_body("emulated")
        assert body.request(**provision(station))["ok"]
        clock.move_to("2026-03-11 09:30")
        entered = [sell(station)]
        clock.move_to("2045-11-24 20:15")  # the last minute of the base date
        accept_clock(station)
        entered.append(sell(station))
        clock.move_to("2026-03-11 09:30")
        refused(refusal.BASE_DATE, sell, station)
        assert back(station) == ([f"{SGC}/1/11/2014"], [DRN], [])
        for minutes in range(60):
            clock.move_to(utc(2026, 3, 11, 9, 30 + minutes % 3))
            slip = sell(station)
            assert not charged(slip)  # March was paid for on 11 March
            entered.append(slip)
        for slip in entered:
            for token in slip.tokens:
                assert body.request(do="token", digits=token.digits)["result"] == "Accept"
        clock.move_to("2045-11-24 20:15")
        accept_clock(station)
        refused(refusal.BASE_DATE, sell, station)  # its last minute was given out
        with station.looking() as session:
            tids = list(session.scalars(select(Token.tid)))
            assert len(tids) == len(set(tids))
            assert station.module.verify_log(session).broken is None


def test_minutes_given_out_ahead_of_time_are_skipped_when_they_come(sqlite):
    with freeze_time("2026-03-10 09:30") as clock:
        station = found(sqlite, free_kwh="0")
        clock.move_to("2026-03-10 09:40")
        ahead = [sell(station).tokens[0].tid for _ in range(3)]
        clock.move_to("2026-03-10 09:38")
        back(station)
        given = [sell(station).tokens[0].tid for _ in range(4)]
        assert given == [ahead[0] - 2, ahead[0] - 1, ahead[2] + 1, ahead[2] + 2]


def test_months_and_days_that_ran_ahead_are_not_charged_again_when_they_come(sqlite):
    with freeze_time("2026-03-10 09:30") as clock:
        station = found(sqlite)
        assert charged(sell(station))
        clock.move_to("2026-04-05 09:30")
        assert charged(sell(station))
        clock.move_to("2026-03-10 09:31")
        back(station)
        assert not charged(sell(station))
        clock.move_to("2026-04-05 10:30")
        slip = sell(station)
        assert (charged(slip), gifts(slip)) == (False, [])


def test_meter_with_fifty_tokens_ahead_of_time_stays_ahead(sqlite):
    """It would answer OldError to all of the present: no token is sold that it refuses."""
    with freeze_time("2026-03-10 09:30") as clock:
        station = found(sqlite, free_kwh="0")
        clock.move_to("2026-04-05 09:30")
        for _ in range(50):
            sell(station)
        clock.move_to("2026-03-10 09:31")
        keys, meters, why = back(station)
        assert (len(keys), meters) == (1, [])
        assert "OldError" in str(why[0])


def test_void_sale_of_a_new_month_puts_the_old_month_back_as_it_was(sqlite):
    with freeze_time("2026-03-31 23:50") as clock:
        station = found(sqlite)
        sell(station)
        clock.move_to("2026-04-01 00:10")
        slip = sell(station)
        with station.desk() as desk:
            sales.reverse(desk, slip.id, "wrong meter", delivered=False)
        clock.move_to("2026-03-31 23:55")
        assert not charged(sell(station))
        clock.move_to("2026-04-02 00:10")
        assert charged(sell(station))


def test_time_of_issue_is_given_at_a_station_for_rehearsals_only(sqlite, secret):
    with freeze_time("2026-03-10 09:30"):
        station = found(sqlite)
        assert "--rehearsal" in refused(refusal.STATE, sell, station, at=utc(2026, 3, 10, 9, 29))
        with sqlite.writing() as session:
            session.execute(text("UPDATE vault SET rehearsal = 1"))
        refused(refusal.SECRET, Station, sqlite, secret, "x")  # nor can it be made one later


def test_receipts_of_a_rehearsal_say_so(sqlite, secret):
    with freeze_time("2026-03-10 09:30"):
        station = furnished(Station.found(sqlite, secret, "kiosk", "x", rehearsal=True))
        slip = sell(station, at=utc(2045, 3, 10, 9, 29))
    receipt = Receipt.of(slip, "kiosk")
    assert receipt.data()["mark"] == REHEARSAL_MARK != MARK
    assert receipt.data()["rehearsal"] is True
    assert receipt.text().count("REHEARSAL") == receipt.page().count("REHEARSAL") == 2
    assert receipt.time == "2045-03-10T09:29:00Z"


def test_receipt_states_the_zone(sqlite):
    with freeze_time("2026-03-31 22:30"):
        receipt = Receipt.of(sell(found(sqlite, "Africa/Johannesburg")), "kiosk")
    assert "2026-03-31 22:30:00" in receipt.text()
    assert ("Time (Africa/Johannesburg)", "2026-04-01 00:30") in receipt.rows()
    assert "Zone" not in receipt.meter


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd", "Africa"])
def test_zone_that_is_none_is_refused(sqlite, secret, name):
    refused(refusal.VALUE, Station.found, sqlite, secret, "kiosk", "x", zone=name)


def test_zone_changed_later_neither_charges_nor_gives_again(sqlite):
    with freeze_time("2026-03-31 23:00") as clock:
        station = found(sqlite, "Africa/Johannesburg")  # 1 April there
        assert charged(sell(station))
        with station.desk() as desk:
            desk.module.clock.set_zone(desk.session, desk.actor, "UTC")
        assert not charged(sell(station))
        clock.move_to("2026-04-01 01:00")
        assert not charged(sell(station))


def test_month_that_a_meter_leaves_twice_at_one_desk_is_kept_once(sqlite):
    with freeze_time("2026-03-10 09:30"):
        station = found(sqlite)
        with station.desk() as desk:
            meter = meter_list.find_meter(desk.session, DRN)
            for units, name in enumerate(("2026-03", "2026-04") * 2, 1):
                meter_time.enter(desk, meter, meter_time.Month(name, units))
        with station.looking() as session:
            rows = session.execute(select(MeterMonth.month, MeterMonth.units))
            assert sorted(map(tuple, rows)) == [("2026-03", 3), ("2026-04", 2)]
