"""Statements past SQLAlchemy's execution, and the meters that are written by them."""

import pytest
from rigs.stations import DRN
from sqlalchemy import bindparam, insert, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from meter20.vending import meter_list, sales, supply_groups
from meter20.vending.models import Meter, Token, VendingKey, table
from meter20.vending.plain_sql import Plain
from meter20.vending.sales import CreditOrder

METERS, TOKENS = table(Meter), table(Token)


def one(station, **facts):
    """Return the values that the database has for the meter, by SQLAlchemy's own way."""
    with station.looking() as session:
        meter = session.query(Meter).filter_by(drn=DRN).one()
        return {name: getattr(meter, name) for name in facts}


def test_values_come_back_as_their_types_say(any_station):
    plain = Plain(select(*METERS.columns).where(METERS.c.drn == bindparam("number")))
    with any_station.looking() as session:
        found = plain.row(session.connection(), {"number": DRN})
        meter = session.query(Meter).filter_by(drn=DRN).one()
        told = {column.name: getattr(meter, column.name) for column in METERS.columns}
        assert plain.row(session.connection(), {"number": "none"}) is None
    assert dict(zip(told, found, strict=True)) == told
    assert [type(value) for value in found] == [type(value) for value in told.values()]


def test_a_statement_that_fails_raises_what_sqlalchemy_does_and_hides_the_values(any_station):
    digits = "12345678901234567890"
    facts = {"slip_id": 99_999, "meter_id": None, "base_date": None, "tid": None}
    row = facts | {"position": 1, "kind": "x", "label": "x", "digits": digits}
    with pytest.raises(IntegrityError) as caught, any_station.desk() as desk:
        Plain(insert(TOKENS), tuple(row)).run(desk.session.connection(), [row])
    assert isinstance(caught.value, DBAPIError)
    assert digits not in str(caught.value)


def test_what_was_changed_of_a_meter_is_written_and_nothing_else(any_station):
    with any_station.desk() as desk:
        meter = meter_list.find_meter(desk.session, DRN)
        assert meter_list.find_meter(desk.session, DRN) is meter
        meter.customer, meter.debt_cents = "Naledi", 100
        desk.session.flush()
        meter.debt_cents = 300
    assert one(any_station, customer="", debt_cents=0) == {"customer": "Naledi", "debt_cents": 300}
    with any_station.desk() as desk:
        meter_list.find_meter(desk.session, DRN)
        desk.session.connection().execute(METERS.update().values(debt_cents=700))
    assert one(any_station, debt_cents=0) == {"debt_cents": 700}


def test_another_key_of_a_meter_is_written_by_its_number(any_station):
    with any_station.desk() as desk:
        meter = meter_list.find_meter(desk.session, DRN)
        before = meter.vending_key
        assert sales.credit(desk, CreditOrder(DRN, units=10)).meter is meter
        other = supply_groups.find_key(desk.session, before.sgc, meter.ea)
        assert (other is before, other.id) == (False, before.id)  # the unit of work has its own
        meter.vending_key = other
    with any_station.looking() as session:
        assert session.query(VendingKey).count() == 1
        assert session.query(Meter).filter_by(drn=DRN).one().vending_key.id == before.id


def test_a_change_at_a_desk_that_ends_in_a_refusal_is_not_written(any_station):
    with pytest.raises(ZeroDivisionError), any_station.desk() as desk:
        meter_list.find_meter(desk.session, DRN).debt_cents = 900
        desk.session.flush()
        raise ZeroDivisionError
    assert one(any_station, debt_cents=0) == {"debt_cents": 0}


def test_a_sale_after_a_reversal_at_one_desk_repays_of_the_debt_that_it_made(station):
    with station.desk() as desk:
        slip = sales.credit(desk, CreditOrder(DRN, money=20_000))
        desk.session.flush()
        sales.reverse(desk, slip.id, "test", delivered=True)
        sales.credit(desk, CreditOrder(DRN, money=20_000))
    assert one(station, debt_cents=0) == {"debt_cents": 15_000}  # a quarter of what is paid
