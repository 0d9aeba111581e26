"""The report of a day: what was sold, given back and made void, by the day asked for."""

from rigs.stations import DRN

from meter20.vending import day_report, sales
from meter20.vending.sales import CreditOrder


def sell(station, **order):
    with station.desk() as desk:
        slip = sales.credit(desk, CreditOrder(DRN, **order))
    return slip.id


def test_report_adds_up_one_day_and_no_other(station, clock):
    empty = day_report.of(station)
    assert (empty["receipts"], empty["tokens"], empty["paid"], empty["kwh"]) == (0, 0, "", "0.0")
    sell(station, money=200_00)
    sell(station, money=30_00)
    today = day_report.of(station)
    assert (today["station"], today["day"]) == ("kiosk", "2026-03-10")
    assert (today["receipts"], today["tokens"], today["paid"]) == (2, 2, "230.00 ZAR")
    assert today["kwh"] == "70.2"
    clock.advance(days=1)
    assert day_report.of(station)["receipts"] == 0
    assert day_report.of(station, clock.moment.replace(day=10))["paid"] == "230.00 ZAR"


def test_a_void_sale_is_money_given_back_and_no_energy(station):
    number = sell(station, money=200_00)
    with station.desk() as desk:
        sales.reverse(desk, number, "no paper", delivered=False)
    today = day_report.of(station)
    assert (today["paid"], today["kwh"]) == ("0.00 ZAR", "0.0")


def test_report_says_where_the_log_stands(station):
    sell(station, units=10)
    today = day_report.of(station)
    with station.looking() as session:
        assert today["log"] == station.module.verify_log(session).head
