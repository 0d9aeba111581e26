"""Selling: token identifiers by the rules of STS 531, accounts, receipts, taking back."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rigs.stations import DRN, SGC, TARIFF, accept_clock
from sqlalchemy import select
from sts import decoder, kinds
from sts import digits as sts_digits
from sts import tid as sts_tid

from meter20.vending import (
    batch,
    meter_list,
    receipt,
    refusal,
    rekey,
    sales,
    supply_groups,
    tariff_list,
)
from meter20.vending.models import AuditEntry
from meter20.vending.receipt import MARK, Receipt
from meter20.vending.refusal import Refusal
from meter20.vending.sales import CreditOrder
from meter20.vending.sealing import Secret
from meter20.vending.station import Station
from meter20.vending.storage import Storage
from meter20.vending.vending_key import KeyTerms

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "vectors.json").read_text(encoding="utf-8")
)["vectors"]


def sell(station, **order):
    with station.desk() as desk:
        return sales.credit(desk, CreditOrder(**({"meter": DRN} | order)))


def manage(station, kind=kinds.CLEAR_TAMPER, value=0, drn=DRN):
    with station.desk() as desk:
        return sales.manage(desk, drn, kind, value, "words")


def account(station):
    with station.looking() as session:
        return meter_list.find_meter(session, DRN)


def tids(slip):
    return [token.tid for token in slip.tokens]


def refused(code, call):
    with pytest.raises(Refusal) as caught:
        call()
    assert caught.value.code == code
    return str(caught.value)


# -- the compliance steps of a vending system ----------------------------------------------------


def pos(tmp_path, vector, clock, ken=255):
    """Return a station that holds the key of a compliance step, and its meter."""
    key = vector["key"]
    station = Station.found(
        Storage(str(tmp_path / f"{key['ea']}.sqlite")),
        Secret.passphrase("passphrase"),
        "POS",
        "x",
        clock,
    )
    drn = (key["pan"] or "000000" + key["iain"] + "0")[6:17]
    with station.desk() as desk:
        terms = KeyTerms(
            key["sgc"],
            key["krn"],
            key["kt"],
            ken,
            vector["inputs"]["base_date"],
            key["dkga"],
            key["ea"],
        )
        supply_groups.add_group(desk, terms, key_hex=key["vk"])
        meter_list.add_meter(desk, meter_list.NewMeter(drn, key["sgc"], int(key["ti"]), key["ea"]))
    return station, drn


def plain(digits, vector):
    token = decoder.decode(
        sts_digits.parse(digits),
        decoder.cipher(vector["ea"], bytes.fromhex(vector["decoder_key"])),
        vector["ea"],
    )
    assert token.crc_ok
    return token


@pytest.mark.parametrize("suite", ["ea07-sample", "531-1-0-04"])
def test_ctsa09_several_tokens_a_minute_and_the_special_minute(tmp_path, clock, suite):
    steps = [v for v in VECTORS if v["suite"] == suite and v["ctsa"] == "CTSA09"]
    station, drn = pos(tmp_path, steps[0], clock)
    issued = []
    for asked in ("00:00", "00:01", "00:03", "00:03", "00:03"):  # the third step asks thrice
        hour, minute = asked.split(":")
        clock.moment = datetime(2004, 3, 29, int(hour), int(minute), tzinfo=UTC)
        issued += manage(station, kinds.CLEAR_CREDIT, 0xFFFF, drn).tokens
    for token, step in zip(issued, steps, strict=True):
        read = plain(token.digits, step)
        assert token.tid == step["fields"]["tid"]
        assert {"tid": read.fields["tid"], "value": read.fields["value"]} == {
            "tid": step["fields"]["tid"], "value": step["fields"]["value"],
        }  # fmt: skip


def test_ctsa16_tokens_under_an_expired_key_are_refused(tmp_path, clock):
    (step,) = [v for v in VECTORS if v["suite"] == "531-1-0-04" and v["ctsa"] == "CTSA16"]
    station, drn = pos(tmp_path, step, clock, ken=step["key"]["ken"])
    clock.moment = datetime(2014, 3, 1, 9, 0, 59, tzinfo=UTC)
    words = refused(refusal.KEY_EXPIRED, lambda: sell(station, meter=drn, units=256))
    assert "KEN is 85" in words
    refused(refusal.KEY_EXPIRED, lambda: manage(station, drn=drn))


def test_ctsa16_key_change_away_from_an_expired_key_is_issued(tmp_path, clock):
    (step,) = [v for v in VECTORS if v["suite"] == "531-1-0-04" and v["ctsa"] == "CTSA16"]
    station, drn = pos(tmp_path, step, clock, ken=step["key"]["ken"])
    clock.moment = datetime(2014, 3, 1, 9, 0, tzinfo=UTC)
    with station.desk() as desk:
        supply_groups.add_group(desk, KeyTerms(step["key"]["sgc"], krn=2, base_date=1993))
        assert len(rekey.change_key(desk, drn, rekey.NewKey(krn=2)).tokens) == 4
    assert sell(station, meter=drn, units=256)


def test_ctsa16_key_change_to_an_expired_key_is_refused(station, clock):
    with station.desk() as desk:
        supply_groups.add_group(desk, KeyTerms(SGC, krn=2, ken=10))
    with pytest.raises(Refusal, match="expired"), station.desk() as desk:
        rekey.change_key(desk, DRN, rekey.NewKey(krn=2))


@pytest.mark.parametrize(("drn", "right"), [("12345678904", 3), ("11111111113", 5)])
def test_ctsa17_wrong_check_digits_are_refused(station, drn, right):
    with pytest.raises(Refusal, match=f"comes {right}, not"), station.desk() as desk:
        meter_list.add_meter(desk, meter_list.NewMeter(drn, SGC))


@pytest.mark.parametrize(
    ("number", "drn", "iin"),
    [
        ("12345678903", "12345678903", "600727"), ("600727111111111153", "11111111115", "600727"),
        ("0100000000008", "0100000000008", "0000"), ("1234 5678 903", "12345678903", "600727"),
        ("000001000000000082", "0100000000008", "0000"),
    ],
)  # fmt: skip
def test_meter_numbers_in_every_form(number, drn, iin):
    assert meter_list.checked_drn(number) == drn
    assert meter_list.iin_of(drn) == iin


@pytest.mark.parametrize("number", ["", "x", "123", "600727123456789031", "999999123456789036"])
def test_numbers_that_are_no_meter_are_refused(number):
    refused(refusal.VALUE, lambda: meter_list.checked_drn(number))


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


def with_terms(station, **terms):
    with station.desk() as desk:
        tariff_list.keep_tariff(desk, "home", TARIFF | terms)


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


# -- receipts and taking back --------------------------------------------------------------------


def test_slip_says_of_which_meter_it_is_and_what_that_meter_shows(station):
    slip = sell(station, units=10)
    about = {"Meter": DRN, "SGC": SGC, "KRN": "1", "TI": "01"}
    assert about.items() <= slip.about.items()
    assert slip.meter_id == account(station).id
    with station.desk() as desk:
        assert sales.meter_test(desk, 0).about["Meter"] == "any"
        assert sales.read_extended(desk, 5).tokens[0].label == "read control 5"


def test_receipt_has_everything_to_check_before_typing(station):
    slip = sell(station, money=200_00)
    text = Receipt.of(slip, "kiosk").text()
    digits = slip.tokens[0].digits
    for part in (DRN, SGC, MARK, sts_digits.grouped(digits), "200.00 ZAR", "58.0 kWh"):
        assert part in text


def test_a_receipt_says_everything_in_its_order(station):
    slip = sell(station, money=200_00, ref="A-1")
    grouped = sts_digits.grouped(slip.tokens[0].digits)
    assert Receipt.of(slip, "kiosk").text().split("\n") == [
        MARK,
        "Receipt                  1",
        "Time (UTC)               2026-03-10 09:30:00",
        "Station                  kiosk",
        "Operator                 thandi",
        "Meter                    12345678903",
        "SGC                      123456",
        "KRN                      1",
        "TI                       01",
        "Reference                A-1",
        "Fixed charge             50.00 ZAR",
        "58.0 kWh at 2.1345       123.80 ZAR",
        "Tax 15 %                 26.07 ZAR",
        "Carried on               0.13 ZAR",
        "Paid                     200.00 ZAR",
        "",
        "58.0 kWh",
        "    " + grouped,
        f"    TID {slip.tokens[0].tid}, 2026-03-10 09:30",
        "",
        MARK,
    ]


def test_one_line_of_the_history_says_what_was_sold_and_hides_the_token(station):
    sold = receipt.summary(sell(station, money=200_00))
    assert sold == {
        "number": 1, "time": "2026-03-10T09:30:00Z", "meter": DRN, "operation": "credit",
        "state": "good", "corrects": None, "corrected_by": None,
        "paid": "200.00 ZAR", "tokens": "58.0 kWh",
    }  # fmt: skip
    with station.desk() as desk:
        change = rekey.change_key(desk, DRN, rekey.NewKey(ti=7))
    told = receipt.summary(change)
    assert (told["operation"], told["paid"], told["tokens"]) == ("key change", "", "4 tokens")


def test_history_calls_things_as_the_receipt_does(station):
    sold = sell(station, money=200_00)
    told, line = receipt.Receipt.of(sold, "kiosk").data(), receipt.summary(sold)
    assert [line[name] for name in ("number", "time", "operation", "state")] == [
        told[name] for name in ("number", "time", "operation", "state")
    ]


def test_values_of_a_receipt_stand_below_each_other_however_long_a_zone_is(station):
    with station.desk() as desk:
        desk.module.set_zone(desk.session, "thandi", "America/Argentina/ComodRivadavia")
    made = receipt.Receipt.of(sell(station, money=200_00), "kiosk")
    _mark, *lines = made.text().splitlines()
    columns = {line.rindex(value) for (_, value), line in zip(made.rows(), lines)}
    assert columns == {len("Time (America/Argentina/ComodRivadavia) ")}


def test_money_is_told_with_two_decimals_and_its_sign():
    assert [receipt.money(cents) for cents in (0, 5, 199, 20_000, -5, -199)] == [
        "0.00", "0.05", "1.99", "200.00", "-0.05", "-1.99",
    ]  # fmt: skip


def test_page_has_a_qr_code_of_the_digits_and_escapes_names(station):
    with station.desk() as desk:
        meter_list.find_meter(desk.session, DRN).customer = "<script>"
    page = Receipt.of(sell(station, units=10), "kiosk").page()
    assert "<svg" in page
    assert "<script>" not in page
    assert MARK in page


def test_qr_code_of_a_token_is_one_that_every_reader_finds():
    code = receipt.qr_code("12345678901234567890")
    assert (code.is_micro, code.mode) == (False, "numeric")


def test_reprint_is_a_copy_of_the_same_token_with_the_key_of_then(station):
    slip = sell(station, units=10)
    with station.desk() as desk:
        rekey.change_key(desk, DRN, rekey.NewKey(ti=7))
    with station.desk() as desk:
        again = sales.reprinted(desk, slip.id)
    receipt = Receipt.of(again, "kiosk")
    assert (receipt.copy, receipt.meter["TI"]) == (1, "01")
    assert receipt.tokens[0][2] == slip.tokens[0].digits


def reverse(station, number, delivered):
    with station.desk() as desk:
        return sales.reverse(desk, number, "mistyped", delivered)


def test_undelivered_sale_is_void_and_the_account_as_before(station):
    with_terms(station, free_kwh="50")
    before = vars(account(station)).copy()
    slip = sell(station, money=200_00)
    back = reverse(station, slip.id, delivered=False)
    after = vars(account(station))
    names = ("debt_cents", "carried_cents", "period_units", "period_fixed", "period_free")
    assert [after[name] for name in names] == [before[name] for name in names]
    assert back.paid_cents == -200_00
    assert "void" in refused(refusal.STATE, lambda: reprint(station, slip.id))
    ((meter, detail),) = noted(station, "reverse")
    assert meter == DRN and detail.startswith(f"receipt {slip.id}: The sale is void")
    with station.looking() as session:
        assert Receipt.of(sales.find_slip(session, slip.id), "kiosk").tokens == []


def noted(station, operation):
    """Return (meter, detail) of the entries of the audit log with this operation."""
    with station.looking() as session:
        entries = select(AuditEntry).filter_by(operation=operation).order_by(AuditEntry.seq)
        return [(entry.meter, entry.detail) for entry in session.scalars(entries)]


def reprint(station, number):
    with station.desk() as desk:
        return sales.reprinted(desk, number)


def test_minute_of_a_void_sale_is_not_used_again(station):
    slip = sell(station, units=10)
    reverse(station, slip.id, delivered=False)
    assert sell(station, units=10).tokens[0].tid == slip.tokens[0].tid + 1


def test_only_the_last_sale_can_be_undelivered(station):
    slip = sell(station, units=10)
    manage(station)
    words = refused(refusal.STATE, lambda: reverse(station, slip.id, delivered=False))
    assert "as delivered" in words


def test_delivered_sale_becomes_a_debt_and_its_token_stands(station):
    slip = sell(station, money=200_00)
    reverse(station, slip.id, delivered=True)
    assert account(station).debt_cents == 200_00
    assert reprint(station, slip.id).tokens
    ((meter, detail),) = noted(station, "reverse")
    assert meter == DRN and detail.startswith(f"receipt {slip.id}: The token stays good")


@pytest.mark.parametrize("delivered", [True, False])
def test_nothing_is_reversed_twice(station, delivered):
    slip = sell(station, money=200_00)
    reverse(station, slip.id, delivered)
    assert "already" in refused(refusal.STATE, lambda: reverse(station, slip.id, delivered))


def test_management_is_not_reversed(station):
    slip = manage(station)
    refused(refusal.STATE, lambda: reverse(station, slip.id, delivered=False))


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
        desk.module.change_limits(desk.session, row, {"max_token_energy": 100}, "x")
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


def test_sale_that_is_taken_back_leaves_what_was_bought_before_it(station):
    sell(station, money=200_00)
    before = vars(account(station)).copy()
    reverse(station, sell(station, money=100_00).id, delivered=False)
    after = vars(account(station))
    names = ("period", "period_units", "period_fixed", "carried_cents")
    assert [after[name] for name in names] == [before[name] for name in names]
    assert (after["period_units"], after["period_fixed"]) == (580, True)


def test_order_of_neither_money_nor_energy_or_of_both_is_refused(station):
    for order in ({}, {"money": 10_00, "units": 10}):
        words = refused(refusal.VALUE, lambda: sell(station, **order))  # noqa: B023
        assert words == "Say either how much money or how many kWh."


def test_receipt_beyond_any_number_is_unknown(any_station):
    for number in (0, (1 << 31) - 1, 1 << 31, (1 << 31) + 1):
        refused(refusal.UNKNOWN, lambda: reprint(any_station, number))  # noqa: B023


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
