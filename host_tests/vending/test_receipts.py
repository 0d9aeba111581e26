"""Receipts, the history, and taking sales back."""

import pytest
from rigs.selling import account, manage, refused, sell, with_terms
from rigs.stations import DRN, SGC
from sqlalchemy import select
from sts import digits as sts_digits

from meter20.vending import meter_list, receipt, refusal, rekey, sales
from meter20.vending.models import AuditEntry
from meter20.vending.receipt import MARK, Receipt


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
        desk.module.clock.set_zone(desk.session, "thandi", "America/Argentina/ComodRivadavia")
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


def test_sale_that_is_taken_back_leaves_what_was_bought_before_it(station):
    sell(station, money=200_00)
    before = vars(account(station)).copy()
    reverse(station, sell(station, money=100_00).id, delivered=False)
    after = vars(account(station))
    names = ("period", "period_units", "period_fixed", "carried_cents")
    assert [after[name] for name in names] == [before[name] for name in names]
    assert (after["period_units"], after["period_fixed"]) == (580, True)


def test_receipt_beyond_any_number_is_unknown(any_station):
    for number in (0, (1 << 31) - 1, 1 << 31, (1 << 31) + 1):
        refused(refusal.UNKNOWN, lambda: reprint(any_station, number))  # noqa: B023
