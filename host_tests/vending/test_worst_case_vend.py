"""The longest thing a customer has to type: a key change set, paid credit, then free units.

From the station to the meter, key by key through the service port, on both bodies.
"""

import itertools
from dataclasses import dataclass

import pytest
from rigs.benches import BODIES
from rigs.stations import DRN, SGC, TARIFF

from meter20 import bodies
from meter20.bodies import EmulatedBody
from meter20.vending import meter_list, rekey, sales, supply_groups, tariff_list
from meter20.vending.sales import CreditOrder
from meter20.vending.sealing import Secret
from meter20.vending.station import Station
from meter20.vending.storage import Storage
from meter20.vending.vending_key import KeyTerms

#: Encryption algorithm and tokens of a key change set.
SETS = (("07", 2), ("07", 3), ("11", 4))


@dataclass
class Counter:
    """A station with one meter and free units. tokens: of a key change set."""

    station: Station
    tokens: int

    def __call__(self):
        return self.station.desk()


@pytest.fixture(params=SETS, ids=lambda each: f"EA{each[0]}, {each[1]} key change tokens")
def counter(request, tmp_path, clock):
    ea, tokens = request.param
    storage, secret = Storage(str(tmp_path / "s.sqlite")), Secret.passphrase("passphrase")
    station = Station.found(storage, secret, "x", "x", clock)
    with station.desk() as desk:
        tariff_list.keep_tariff(desk, "home", TARIFF | {"free_kwh": "50"})
        supply_groups.add_group(desk, KeyTerms(SGC, ea=ea), tariff="home")
        supply_groups.add_group(desk, KeyTerms(SGC, ea=ea, krn=2))
        meter_list.add_meter(desk, meter_list.NewMeter(DRN, SGC, ea=ea, krn=1))
    return Counter(station, tokens)


@pytest.fixture(params=bodies.NAMES)
def meter(request):
    with BODIES[request.param]() as body:
        yield body


def keyed(meter, slip):
    """Press every digit of every token of a slip; return what the meter said to each token."""
    results = []
    for token in slip.tokens:
        for digit in token.digits:
            told = meter.request(do="keys", keys=digit)
        results.append(told["last_result"])
        assert told["display"][0], "the meter shows nothing"
        meter.request(do="advance", seconds=10)  # while the customer reads it
    return results


def sections(count):
    """Return what a meter says to the `count` tokens of a key change set, in order."""
    return ["1stKCT", "2ndKCT", "3rdKCT"][: count - 1] + ["Accept"]


def test_key_change_then_paid_credit_then_free_units(counter, meter, clock):
    with counter() as desk:
        record, first_set = rekey.provision(desk, DRN, rekey.Factory())
    assert meter.request(**record["request"])["ok"]
    assert keyed(meter, first_set) == sections(len(first_set.tokens))
    clock.advance(days=1)
    with counter() as desk:
        new = rekey.NewKey(krn=2, ti=7, sections=counter.tokens)
        second_set = rekey.change_key(desk, DRN, new)
        sale = sales.credit(desk, CreditOrder(DRN, money=200_00))
    assert len(second_set.tokens) == counter.tokens
    assert keyed(meter, second_set) == sections(counter.tokens)
    assert keyed(meter, sale) == ["Accept", "Accept"]
    told = meter.request(do="read")
    assert (told["krn"], told["ti"]) == (2, "07")
    assert told["credit_wh"] == sale.units * 100 + 50_000
    assert keyed(meter, sale) == ["UsedError", "UsedError"]


def test_credit_typed_before_its_key_change_is_refused_and_not_lost(counter, meter, clock):
    with counter() as desk:
        record, first_set = rekey.provision(desk, DRN, rekey.Factory())
    meter.request(**record["request"])
    clock.advance(days=1)
    with counter() as desk:
        sale = sales.credit(desk, CreditOrder(DRN, money=200_00))
    assert keyed(meter, sale) == ["CRCError", "CRCError"]
    meter.request(do="advance", seconds=meter.request(do="read")["lockout_s"])
    assert keyed(meter, first_set)[-1] == "Accept"
    assert keyed(meter, sale) == ["Accept", "Accept"]
    assert meter.request(do="read")["credit_wh"] == sale.units * 100 + 50_000


def test_set_in_any_order(counter):
    with counter() as desk:
        record, slip = rekey.provision(desk, DRN, rekey.Factory())
    digits = [token.digits for token in slip.tokens]
    for order in itertools.permutations(digits):
        with EmulatedBody() as fresh:
            fresh.request(**record["request"])
            results = [fresh.request(do="token", digits=each)["result"] for each in order]
            assert results[-1] == "Accept"
            assert fresh.request(do="read")["sgc"] == SGC
