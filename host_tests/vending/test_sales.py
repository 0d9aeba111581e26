"""Selling: token identifiers by the rules of STS 531, accounts, batches, every kind of token."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rigs.selling import account, manage, refused, sell, tids, with_terms
from rigs.stations import DRN, SGC, accept_clock
from sqlalchemy import select
from sts import decoder, kinds
from sts import digits as sts_digits
from sts import tid as sts_tid

from meter20.vending import batch, meter_list, refusal, rekey, sales, supply_groups
from meter20.vending.refusal import Refusal
from meter20.vending.sales import CreditOrder
from meter20.vending.sealing import Secret
from meter20.vending.station import Station
from meter20.vending.storage import Storage
from meter20.vending.vending_key import KeyTerms

# -- token identifiers ---------------------------------------------------------------------------


def test_credit_and_management_tokens_share_one_row_of_minutes(any_station):
    first = sell(any_station, units=10).tokens[0].tid
    assert manage(any_station).tokens[0].tid == first + 1
    assert sell(any_station, units=10).tokens[0].tid == first + 2


def test_clock_set_back_does_not_set_back_the_minutes(station, clock):
    first = sell(station, units=10).tokens[0].tid
    clock.advance(days=-3)
    assert sell(station, units=10).tokens[0].tid == first + 1


def test_pushed_forward_over_midnight_skips_the_special_minute(station, clock):
    clock.moment = datetime(2026, 3, 10, 23, 58, tzinfo=UTC)
    given = [sell(station, units=10).tokens[0].tid % 1440 for _ in range(4)]
    assert given == [1438, 1439, 0, 2]


def test_time_past_the_base_date_is_refused_with_the_roll_over_explained(station, clock):
    clock.moment = datetime(2045, 11, 24, 20, 15, tzinfo=UTC)
    accept_clock(station)
    assert tids(sell(station, units=10)) == [0xFFFFFF]
    clock.advance(minutes=1)
    assert "roll over" in refused(refusal.BASE_DATE, lambda: sell(station, units=10))


def test_minute_pushed_past_the_base_date_is_refused(station, clock):
    clock.moment = datetime(2045, 11, 24, 20, 15, tzinfo=UTC)
    accept_clock(station)
    sell(station, units=10)
    refused(refusal.BASE_DATE, lambda: sell(station, units=10))


def test_vending_key_before_its_base_date_is_refused(station, clock):
    clock.moment = datetime(2013, 12, 31, 23, 59, tzinfo=UTC)
    words = refused(refusal.BASE_DATE, lambda: sell(station, units=10))
    assert "before its base date" in words
    refused(refusal.BASE_DATE, lambda: manage(station, kinds.CLEAR_TAMPER))


def test_ken_of_the_meter_counts_too(station, clock):
    with station.desk() as desk:
        meter_list.add_meter(desk, meter_list.NewMeter("11111111115", SGC, ken=5))
    words = refused(refusal.KEY_EXPIRED, lambda: sell(station, meter="11111111115", units=1))
    assert "key change, which carries the new KEN" in words


# -- free units, currency, accounts --------------------------------------------------------------


def test_free_units_come_with_the_first_purchase_of_a_month_in_the_special_minute(station, clock):
    with_terms(station, free_kwh="50")
    first = sell(station, money=200_00)
    assert [token.label for token in first.tokens][1] == "free 50.0 kWh"
    assert sts_tid.date(first.tokens[1].tid, 2014) == (2026, 3, 10, 0, 1)
    assert len(sell(station, money=200_00).tokens) == 1
    clock.advance(days=30)
    assert len(sell(station, money=200_00).tokens) == 2


def test_meter_made_today_gets_its_free_units_another_day(station, clock):
    """Its memory refuses what is older than its manufacture, so they wait."""
    with_terms(station, free_kwh="50")
    with station.desk() as desk:
        rekey.provision(desk, DRN, rekey.Factory(), direct=True)
    assert len(sell(station, units=10).tokens) == 1
    clock.advance(days=1)
    assert len(sell(station, units=10).tokens) == 2


def test_currency_meter_is_sold_money(station):
    with station.desk() as desk:
        meter_list.add_meter(desk, meter_list.NewMeter("11111111115", SGC, accounting="currency"))
    slip = sell(station, meter="11111111115", money=100_00)
    assert slip.tokens[0].kind == kinds.ELECTRICITY_CURRENCY
    assert slip.tokens[0].label == "42.50 ZAR"  # 100 less the fixed charge of 50 and its tax
    assert sum(cents for _, cents in slip.lines) == 100_00
    refused(refusal.VALUE, lambda: sell(station, meter="11111111115", units=10))


def test_energy_needs_no_tariff_but_money_does(station):
    with station.desk() as desk:
        supply_groups.add_group(desk, KeyTerms("000002"))
        meter_list.add_meter(desk, meter_list.NewMeter("11111111115", "000002"))
    assert sell(station, meter="11111111115", units=10).paid_cents == 0
    refused(refusal.STATE, lambda: sell(station, meter="11111111115", money=10))


def test_debt_and_what_is_carried_on_are_in_the_books(station):
    with station.desk() as desk:
        meter_list.find_meter(desk.session, DRN).debt_cents = 60_00
    sell(station, money=200_00)
    assert account(station).debt_cents == 10_00
    carried = account(station).carried_cents
    slip = sell(station, money=200_00)
    assert ["Carried over", -carried] in slip.lines
    assert account(station).debt_cents == 0


def test_same_reference_is_one_sale(any_station):
    first = sell(any_station, units=10, ref="A-1")
    again = sell(any_station, units=10, ref="A-1")
    assert (again.id, again.tokens[0].digits) == (first.id, first.tokens[0].digits)
    with any_station.desk() as desk:
        meter_list.add_meter(desk, meter_list.NewMeter("11111111115", SGC))
    refused(refusal.EXISTS, lambda: sell(any_station, meter="11111111115", units=10, ref="A-1"))
    refused(refusal.EXISTS, lambda: sell(any_station, units=11, ref="A-1"))


# -- batches -------------------------------------------------------------------------------------


def order(**terms):
    return json.dumps({"meter": DRN} | terms)


def test_batch_answers_in_order_and_goes_on_after_a_refusal(any_station):
    lines = [
        order(kwh="10"), "nonsense", order(kwh="0.05"), order(meter="12345678904", kwh="1"),
        order(meter="11111111115", kwh="1"), order(money="200", ref="x"),
        order(money="200", ref="x"),
    ]  # fmt: skip
    answers = list(batch.run(any_station, lines))
    assert [answer.get("error", "sold") for answer in answers] == [
        "sold", "value", "value", "value", "unknown", "sold", "sold",
    ]  # fmt: skip
    assert answers[5]["number"] == answers[6]["number"]
    with any_station.looking() as session:
        assert any_station.module.verify_log(session).broken is None


def test_refused_order_in_a_batch_changes_nothing_but_the_log(station):
    with station.desk() as desk:
        (row,) = supply_groups.vending_keys(desk.session, SGC)
        desk.module.keys.change_limits(desk.session, row, {"max_token_energy": 100}, "x")
    before = account(station).last_tid
    (answer,) = batch.run(station, [order(kwh="11")])
    assert answer["error"] == "limit"
    assert account(station).last_tid == before
    with station.looking() as session:
        assert not sales.history(session, None, 9)


def test_batch_cut_in_the_middle_is_safe_to_run_again(any_station):
    lines = [order(kwh="1", ref=f"r{number}") for number in range(10)]
    next(iter(batch.run(any_station, lines, chunk=4)))
    answers = list(batch.run(any_station, lines, chunk=4))
    assert len({answer["number"] for answer in answers}) == 10
    with any_station.looking() as session:
        assert len(sales.history(session, None, 99)) == 10


# -- every kind, from the station to the meter's decoder -----------------------------------------


MANAGED = (
    kinds.POWER_LIMIT, kinds.CLEAR_CREDIT, kinds.TARIFF_RATE, kinds.CLEAR_TAMPER,
    kinds.UNBALANCE_LIMIT, kinds.WATER_FACTOR, kinds.SET_EXTENDED,
)  # fmt: skip


@pytest.fixture(scope="module", params=["07", "11"])
def meter_and_station(request, tmp_path_factory):
    where = tmp_path_factory.mktemp("any") / "station.sqlite"
    station = Station.found(Storage(str(where)), Secret.passphrase("passphrase"), "x", "x")
    with station.desk() as desk:
        supply_groups.add_group(desk, KeyTerms(SGC, ea=request.param))
        meter_list.add_meter(desk, meter_list.NewMeter(DRN, SGC, ea=request.param))
    with station.desk() as desk:
        record, _ = rekey.provision(desk, DRN, rekey.Factory(), direct=True)
    key = bytes.fromhex(record["request"]["decoder_key"])
    return station, request.param, decoder.cipher(request.param, key)


@settings(max_examples=40)
@given(st.sampled_from(MANAGED), st.integers(0, 0xFFFF))
def test_management_tokens_read_as_they_were_meant(meter_and_station, kind, value):
    station, ea, cipher = meter_and_station
    token = manage(station, kind, value).tokens[0]
    read = decoder.decode(sts_digits.parse(token.digits), cipher, ea)
    assert (read.crc_ok, read.kind, read.fields["tid"]) == (True, kind, token.tid)


@settings(max_examples=40)
@given(st.integers(1, 16_383))
def test_credit_tokens_read_as_they_were_meant(meter_and_station, units):
    station, ea, cipher = meter_and_station
    token = sell(station, units=units).tokens[0]
    read = decoder.decode(sts_digits.parse(token.digits), cipher, ea)
    assert (read.kind, read.fields["amount_field"]) == (kinds.ELECTRICITY, units)


@pytest.mark.parametrize(
    ("test", "mfr", "digits"),
    [(0, "00", "56493153725450313471"), (1, "00", "00000000000150997584"),
     (18, "00", "00000002199157475960"), (3, "0000", "01152921521920952465")],
)  # fmt: skip
def test_test_tokens_are_those_of_the_standard(station, test, mfr, digits):
    with station.desk() as desk:
        assert sales.meter_test(desk, test, mfr).tokens[0].digits == digits


@pytest.mark.parametrize(
    ("test", "mfr"), [(37, "00"), (-1, "00"), (29, "0000"), (1, "0"), (1, "x1")]
)
def test_tests_that_do_not_exist_are_refused(station, test, mfr):
    with pytest.raises(Refusal), station.desk() as desk:
        sales.meter_test(desk, test, mfr)


def test_no_meter_gets_a_minute_twice_by_the_database_itself(any_station):
    """The constraint behind the counting: even a station that counts wrongly cannot do it."""
    from sqlalchemy.exc import IntegrityError

    slip = sell(any_station, units=10)
    with pytest.raises(IntegrityError), any_station.desk() as desk:
        meter_list.find_meter(desk.session, DRN).last_tid = slip.tokens[0].tid - 1
        sales.credit(desk, CreditOrder(DRN, units=10))
    with any_station.looking() as session:
        assert len(session.scalars(select(sales.Slip)).all()) == 1


def test_order_of_neither_money_nor_energy_or_of_both_is_refused(station):
    for order in ({}, {"money": 10_00, "units": 10}):
        words = refused(refusal.VALUE, lambda: sell(station, **order))  # noqa: B023
        assert words == "Say either how much money or how many kWh."


def test_names_that_the_register_cannot_keep_are_refused(any_station):
    with any_station.desk() as desk:
        for call in (
            lambda: supply_groups.add_group(desk, KeyTerms("654321"), "town\x00"),
            lambda: supply_groups.vending_keys(desk.session, "123\x00"),
            lambda: supply_groups.add_group(desk, KeyTerms("654321"), "x" * 201),
        ):
            refused(refusal.VALUE, call)
        supply_groups.add_group(desk, KeyTerms("654321"), "x" * 200)
        new = meter_list.NewMeter("11111111115", "654321", tariff="none")
        assert "'none'" in refused(refusal.UNKNOWN, lambda: meter_list.add_meter(desk, new))


def test_facts_of_a_meter_say_its_debt_its_expiry_and_what_is_carried(station):
    with station.desk() as desk:
        meter = meter_list.find_meter(desk.session, DRN)
        meter.debt_cents, meter.carried_cents, meter.ken = 12_34, 56, 240
        facts = meter_list.meter_facts(meter)
    assert (facts["debt"], facts["carried"], facts["ken"]) == ("12.34", "0.56", 240)
