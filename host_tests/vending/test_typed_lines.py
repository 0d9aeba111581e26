"""Typed lines of a slip: tax, debt, charges, steps and free units add up to the cent."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rigs.stations import DRN, SGC, TARIFF, furnished
from sts import kinds

from meter20.vending import (
    meter_list,
    offers,
    refusal,
    sales,
    supply_groups,
    tariff_list,
    typed_lines,
)
from meter20.vending.refusal import Refusal
from meter20.vending.sales import CreditOrder
from meter20.vending.station import Station
from meter20.vending.tariff import Account, Tariff

FREE = TARIFF | {"free_kwh": "50"}


def sell(station, how=sales.credit, **order):
    with station.desk() as desk:
        slip = how(desk, CreditOrder(**({"meter": DRN} | order)))
        desk.session.flush()
        return slip


def offer(station):
    with station.desk() as desk:
        return offers.of(desk, meter_list.find_meter(desk.session, DRN))


@pytest.fixture
def free_station(sqlite, secret, clock):
    """Return a station whose meter has 50 kWh free a month and a debt of 273.00."""
    station = furnished(Station.found(sqlite, secret, "kiosk", "thandi", clock))
    clock.advance(days=1)
    with station.desk() as desk:
        tariff_list.keep_tariff(desk, "home", FREE)
        meter_list.find_meter(desk.session, DRN).debt_cents = 273_00
    return station


@settings(max_examples=60)
@given(
    st.integers(min_value=1, max_value=10**7), st.integers(min_value=0, max_value=10**6),
    st.integers(min_value=0, max_value=400), st.integers(min_value=0, max_value=9_0000),
    st.integers(min_value=0, max_value=2500), st.sampled_from(["for_money", "for_transfer"]),
)  # fmt: skip
def test_typed_lines_add_up_to_what_was_paid(paid, debt, carried, bought, tax, way):
    tariff = Tariff("ZAR", ((3500, 213450), (None, 298000)), tax, 5000, debt_share=25)
    try:
        quote = getattr(tariff, way)(paid, Account(debt, carried, bought))
    except Refusal:
        return
    assert sum(line.cents for line in quote.typed) == paid
    assert typed_lines.total(quote.typed, typed_lines.DEBT) == quote.debt
    assert sum(line.units for line in quote.typed) == quote.units
    assert all(line.cents >= 0 for line in quote.typed if line.kind != typed_lines.CARRIED_OVER)
    words = sum(cents for words, cents in quote.lines if words.startswith("Tax"))
    taxes = typed_lines.total(quote.typed, typed_lines.CHARGE_TAX, typed_lines.ENERGY_TAX)
    assert way == "for_transfer" or words == taxes


def test_slip_keeps_each_part_of_a_sale(free_station):
    slip = sell(free_station, money=200_00)
    parts = {line.kind: line for line in typed_lines.of(slip.typed)}
    assert parts[typed_lines.DEBT].cents == 50_00
    assert parts[typed_lines.FIXED].cents == 50_00
    assert parts[typed_lines.CHARGE_TAX] == (typed_lines.CHARGE_TAX, 7_50, 0, 1500)
    assert parts[typed_lines.STEP].rate == 213450
    assert parts[typed_lines.STEP].units == slip.units
    assert parts[typed_lines.FREE].units == 500
    assert sum(line.cents for line in parts.values()) == 200_00


def test_typed_lines_are_under_the_seal_of_the_slip(free_station):
    slip = sell(free_station, money=200_00)
    with pytest.raises(Refusal), free_station.desk() as desk:
        found = sales.find_slip(desk.session, slip.id)
        found.typed = [[*found.typed[0][:1], 1, *found.typed[0][2:]], *found.typed[1:]]
        desk.module.check_bound(found)


def test_free_units_alone_cost_nothing_and_come_once(free_station):
    slip = sell(free_station, sales.free, money=0, ref="f-1")
    assert (slip.paid_cents, slip.units, slip.lines) == (0, 0, [])
    assert [(each.kind, each.label) for each in slip.tokens] == [
        (kinds.ELECTRICITY, "free 50.0 kWh")
    ]
    assert [each.digits for each in sell(free_station, sales.free, money=0, ref="f-1").tokens] == [
        each.digits for each in slip.tokens
    ]
    with pytest.raises(Refusal) as refused:
        sell(free_station, sales.free, money=0, ref="f-2")
    assert refused.value.code == refusal.STATE
    assert len(sell(free_station, money=200_00).tokens) == 1


def test_free_units_that_one_token_cannot_say_are_owed_and_come_once(free_station, clock):
    with free_station.desk() as desk:
        row = supply_groups.find_key(desk.session, SGC, "11")
        desk.module.keys.change_limits(desk.session, row, {"max_token_energy": 300}, desk.actor)
    given = []
    for _ in range(2):
        slip = sell(free_station, sales.free, money=0)
        given.append((slip.tokens[0].label, slip.note))
        clock.advance(days=1)
    assert [label for label, _ in given] == ["free 30.0 kWh", "free 20.0 kWh"]
    assert "still due: 20.0 kWh" in given[0][1] and not given[1][1]
    with pytest.raises(Refusal):
        sell(free_station, sales.free, money=0)


def test_charge_of_the_month_is_still_due_after_free_units_alone(free_station):
    sell(free_station, sales.free, money=0)
    paid = sell(free_station, money=200_00)
    assert typed_lines.total(typed_lines.of(paid.typed), typed_lines.FIXED) == 50_00


def test_least_and_most_of_an_offer_are_sold_and_a_cent_beyond_is_not(free_station):
    with free_station.desk() as desk:
        row = supply_groups.find_key(desk.session, SGC, "11")
        desk.module.keys.change_limits(desk.session, row, {"max_token_energy": 10_000}, desk.actor)
    made = offer(free_station)
    assert (made.debt, made.free, made.currency) == (273_00, 500, "ZAR")
    for cents in (made.least - 1, made.most + 1):
        with pytest.raises(Refusal):
            sell(free_station, money=cents)
    assert sell(free_station, money=made.least).units == 1
    with free_station.desk() as desk:
        most = offers.of(desk, meter_list.find_meter(desk.session, DRN)).most
    assert sell(free_station, money=most).units == 10_000


def test_least_free_units_come_once_a_month_and_are_a_line_of_their_own(free_station, clock):
    with free_station.desk() as desk:
        tariff_list.keep_tariff(desk, "home", TARIFF | {"free_kwh": "0.1"})
    slip = sell(free_station, money=200_00)
    assert typed_lines.of(slip.typed)[-1] == (typed_lines.FREE, 0, 1, 0)
    clock.advance(days=1)
    assert len(sell(free_station, money=200_00).tokens) == 1


def test_same_reference_twice_at_one_desk_gives_the_free_units_once(free_station):
    with free_station.desk() as desk:
        first, again = (sales.free(desk, CreditOrder(DRN, money=0, ref="f")) for _ in range(2))
    assert (again.id, again.prints) == (first.id, 2)
