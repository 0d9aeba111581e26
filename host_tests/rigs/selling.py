"""Selling at a station in tests, and what it leaves in the books."""

import pytest
from sts import kinds

from meter20.vending import meter_list, sales, tariff_list
from meter20.vending.refusal import Refusal
from meter20.vending.sales import CreditOrder
from rigs.stations import DRN, TARIFF


def sell(station, **order):
    """Sell credit to the usual meter; returns the slip."""
    with station.desk() as desk:
        return sales.credit(desk, CreditOrder(**({"meter": DRN} | order)))


def manage(station, kind=kinds.CLEAR_TAMPER, value=0, drn=DRN):
    """Issue a management token; returns the slip."""
    with station.desk() as desk:
        return sales.manage(desk, drn, kind, value, "words")


def with_terms(station, **terms):
    """Set terms of the tariff of the usual station."""
    with station.desk() as desk:
        tariff_list.keep_tariff(desk, "home", TARIFF | terms)


def account(station):
    """Return the usual meter as the books have it."""
    with station.looking() as session:
        return meter_list.find_meter(session, DRN)


def tids(slip):
    """Return the TIDs of the tokens of a slip."""
    return [token.tid for token in slip.tokens]


def refused(code, call, *arguments, **more):
    """Return the words of the Refusal with `code` that `call` must raise."""
    with pytest.raises(Refusal) as caught:
        call(*arguments, **more)
    assert caught.value.code == code, caught.value
    return str(caught.value)
