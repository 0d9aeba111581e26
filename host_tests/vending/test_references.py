"""A reference (`ref`) means one order."""

import json

import pytest
from rigs.stations import DRN, SGC
from sqlalchemy import func, select

from meter20.vending import batch, meter_list, refusal, sales, slips
from meter20.vending.models import Slip
from meter20.vending.receipt import Receipt
from meter20.vending.refusal import Refusal
from meter20.vending.sales import CreditOrder

OTHER = "11111111115"
ORDER = CreditOrder(DRN, money=20000, ref="A-17")


@pytest.fixture
def two(station):
    with station.desk() as desk:
        meter_list.add_meter(desk, meter_list.NewMeter(OTHER, SGC))
    return station


def sell(station, order):
    with station.desk() as desk:
        slip = sales.credit(desk, order)
        desk.session.flush()
        return slip


def count(station):
    with station.looking() as session:
        return session.scalar(select(func.count()).select_from(Slip))


def test_same_order_gives_the_same_receipt_as_a_copy(station):
    first, again = sell(station, ORDER), sell(station, ORDER)
    assert (again.id, again.prints, count(station)) == (first.id, 2, 1)
    assert [token.digits for token in again.tokens] == [token.digits for token in first.tokens]
    assert ("Receipt", "1, copy 1") in Receipt.of(again, "kiosk").rows()


def test_same_order_written_otherwise_is_the_same_order(station):
    pan = meter_list.checked_drn("600727123456789030")
    first = sell(station, ORDER)
    assert sell(station, CreditOrder("1234-5678-903", money=20000, ref="A-17")).id == first.id
    assert sell(station, CreditOrder(pan, money=20000, ref="A-17")).id == first.id


@pytest.mark.parametrize(
    "other",
    [
        CreditOrder(DRN, money=20001, ref="A-17"),
        CreditOrder(DRN, units=200, ref="A-17"),
        CreditOrder(OTHER, money=20000, ref="A-17"),
    ],
)
def test_another_order_under_the_same_reference_is_refused_by_name(two, other):
    sell(two, ORDER)
    with pytest.raises(Refusal) as caught:
        sell(two, other)
    assert caught.value.code == refusal.EXISTS
    assert "'A-17' is that of receipt 1: money 200.00 for 12345678903" in str(caught.value)
    assert count(two) == 1


def test_reference_of_a_void_sale_is_refused_by_name(station):
    sell(station, ORDER)
    with station.desk() as desk:
        sales.reverse(desk, 1, "wrong meter", delivered=False)
    with pytest.raises(Refusal) as caught:
        sell(station, ORDER)
    assert "'A-17' is that of receipt 1, which is void" in str(caught.value)
    assert count(station) == 2


def test_empty_reference_is_none(station):
    order = CreditOrder(DRN, money=20000, ref="")
    assert sell(station, order).id != sell(station, order).id
    with station.looking() as session:
        assert set(session.scalars(select(Slip.ref))) == {None}


def test_receipts_carry_the_reference_in_every_form(station):
    receipt = Receipt.of(sell(station, ORDER), "kiosk")
    assert receipt.data()["ref"] == "A-17"
    assert "Reference                A-17" in receipt.text()
    assert "<th>Reference</th><td>A-17</td>" in receipt.page()


def test_reference_twice_in_one_batch_is_sold_once(two):
    orders = [
        {"meter": DRN, "money": "200", "ref": "A-17"},
        {"meter": DRN, "money": 200, "ref": "A-17"},
        {"meter": DRN, "kwh": "200", "ref": "A-17"},
        {"meter": OTHER, "money": "200.00", "ref": "A-18"},
        {"meter": OTHER, "money": "200", "ref": 18},
    ]
    answers = list(batch.run(two, [json.dumps(order) for order in orders]))
    told = [answer.get("number") or answer["error"] for answer in answers]
    assert told == [1, 1, refusal.EXISTS, 2, 3]
    assert [answer.get("copy") for answer in answers][:2] == [0, 1]


@pytest.mark.parametrize("ref", ["true", "[1]", "{}"])
def test_reference_that_is_no_text_is_refused(station, ref):
    line = f'{{"meter": "{DRN}", "kwh": "1", "ref": {ref}}}'
    (answer,) = batch.run(station, [line])
    assert answer["message"] == "The ref of an order is text."


def test_sale_from_before_references_had_orders_is_told_by_its_meter(two):
    sell(two, ORDER)
    with two.desk() as desk:
        slip = desk.session.get_one(Slip, 1)
        slip.asked = None
        slips.bind(desk.session, desk.module, slip, desk.actor)
    assert sell(two, CreditOrder(DRN, money=7, ref="A-17")).id == 1
    with pytest.raises(Refusal):
        sell(two, CreditOrder(OTHER, money=20000, ref="A-17"))


@pytest.mark.parametrize(
    "amount",
    ["1_5", "1e3", "１０", "٣", " 5", "5 ", "+5", "-5", "5.", ".5", "0x10", "nan", "", "1,5"],
)
def test_amount_is_digits_with_one_point_and_nothing_else(station, amount):
    for name in ("kwh", "money"):
        (answer,) = batch.run(station, [json.dumps({"meter": DRN, name: amount})])
        assert "is not an amount" in answer["message"]
    assert count(station) == 0


def test_number_of_json_counts_as_it_is_written(station):
    lines = [f'{{"meter": "{DRN}", "money": {money}}}' for money in ("200.10", "1e3", "NaN")]
    answers = list(batch.run(station, lines))
    assert [answer.get("paid_cents") for answer in answers] == [20010, None, None]
