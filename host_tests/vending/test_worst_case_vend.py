"""From the station to the meter: a new meter, its key change, paid credit, then free units."""

import itertools

import pytest
from fakes.stations import DRN, SGC, TARIFF

from meter20.bodies import EmulatedBody, open_store
from meter20.vending import register, rekey, sales
from meter20.vending.sales import CreditOrder
from meter20.vending.sealing import Secret
from meter20.vending.station import Station
from meter20.vending.storage import Storage
from meter20.vending.vending_key import KeyTerms


@pytest.fixture(params=["07", "11"])
def counter(request, tmp_path, clock):
    """Return a station with one meter and free units, for EA07 or EA11."""
    storage, secret = Storage(str(tmp_path / "s.sqlite")), Secret.passphrase("passphrase")
    station = Station.found(storage, secret, "x", "x", clock)
    with station.desk() as desk:
        register.keep_tariff(desk, "home", TARIFF | {"free_kwh": "50"})
        register.add_group(desk, KeyTerms(SGC, ea=request.param), tariff="home")
        register.add_group(desk, KeyTerms(SGC, ea=request.param, krn=2))
        register.add_meter(desk, register.NewMeter(DRN, SGC, ea=request.param, krn=1))
    return station


@pytest.fixture
def meter():
    with EmulatedBody(open_store(None)) as body:
        yield body


def entered(meter, slip):
    """Enter every token of a slip; return what the meter said to each."""
    return [meter.request(do="token", digits=token.digits) for token in slip.tokens]


def test_new_meter_takes_its_key_change_paid_credit_and_free_units(counter, meter, clock):
    with counter.desk() as desk:
        record, first_key = rekey.provision(desk, DRN, rekey.Factory())
    assert meter.request(**record["request"])["ok"]
    assert entered(meter, first_key)[-1]["result"] == "Accept"
    clock.advance(days=1)
    with counter.desk() as desk:
        second_key = rekey.change_key(desk, DRN, rekey.NewKey(krn=2, ti=7))
        sale = sales.credit(desk, CreditOrder(DRN, money=200_00))
    assert entered(meter, sale)[0]["result"] == "CRCError"  # the set comes first
    assert [reply["result"] for reply in entered(meter, second_key)][-1] == "Accept"
    paid, free = entered(meter, sale)
    assert (paid["result"], paid["amount_wh"]) == ("Accept", sale.units * 100)
    assert (free["result"], free["amount_wh"]) == ("Accept", 50_000)
    told = meter.request(do="read")
    assert (told["krn"], told["ti"], told["credit_wh"]) == (2, "07", sale.units * 100 + 50_000)
    assert [reply["result"] for reply in entered(meter, sale)] == ["UsedError", "UsedError"]


def test_set_in_any_order(counter, meter):
    with counter.desk() as desk:
        record, slip = rekey.provision(desk, DRN, rekey.Factory())
    digits = [token.digits for token in slip.tokens]
    for order in itertools.permutations(digits):
        with EmulatedBody(open_store(None)) as fresh:
            fresh.request(**record["request"])
            results = [fresh.request(do="token", digits=each)["result"] for each in order]
            assert results[-1] == "Accept"
            assert fresh.request(do="read")["sgc"] == SGC
