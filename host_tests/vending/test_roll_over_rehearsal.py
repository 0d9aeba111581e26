"""The roll-over rehearsal: meters walked through the last minute of a base date, and past it.

The 24 bits of a TID end 31.9 years after the base date: 1993 on 24 November 2024 at 20:15, 2014 on
24 November 2045. Before that every meter needs a key change with RO = 1 to the next base date.
Here customers do it early, late, twice, or lose the set; nobody loses a kWh, no old token comes
back, and nobody stays locked out.
"""

from datetime import UTC, datetime

import pytest
from freezegun import freeze_time
from rigs.benches import BODIES
from rigs.stations import FrozenClock

from meter20 import bodies
from meter20.vending import meter_list, rekey, sales, supply_groups
from meter20.vending.refusal import Refusal
from meter20.vending.sales import CreditOrder
from meter20.vending.sealing import Secret
from meter20.vending.station import Station
from meter20.vending.storage import Storage
from meter20.vending.vending_key import KeyTerms

SGC = "123457"
DRNS = ("12345678903", "11111111115", "0100000000008")
ROLL_OVERS = {1993: (2024, 2014), 2014: (2045, 2035)}


class Walk:
    """A station for rehearsals, some days before the end of a base date, and its meters.

    It takes the time from the clock of the machine, which `frozen` moves.
    """

    def __init__(self, folder, base_date, frozen, ea="11"):
        self.year, self.next_base_date = ROLL_OVERS[base_date]
        self.clock = FrozenClock(frozen)
        self.clock.moment = datetime(self.year, 11, 1, 9, 0, tzinfo=UTC)
        storage = Storage(str(folder / "station.sqlite"))
        secret = Secret.passphrase("rehearsal")
        self.station = Station.found(storage, secret, "kiosk", "thandi", rehearsal=True)
        with self.station.desk() as desk:
            supply_groups.add_group(desk, KeyTerms(SGC, ea=ea, base_date=base_date))
            for drn in DRNS:
                meter_list.add_meter(desk, meter_list.NewMeter(drn, SGC, ea=ea))
        self.clock.advance(days=-10)

    def new_meter(self, drn, name="emulated"):
        with self.station.desk() as desk:
            record, _set = rekey.provision(desk, drn, rekey.Factory(), direct=True)
        body = BODIES[name]()
        assert body.request(**record["request"])["ok"]
        self.clock.advance(days=1)
        return body

    def vend(self, drn, kwh=10):
        with self.station.desk() as desk:
            return sales.credit(desk, CreditOrder(drn, units=10 * kwh)).tokens[0].digits

    def roll_over(self, drn):
        """Issue the key change set to the next base date."""
        with self.station.desk() as desk:
            try:
                supply_groups.add_group(desk, KeyTerms(SGC, krn=2, base_date=self.next_base_date))
            except Refusal:
                pass  # the group has the key already
            new = rekey.NewKey(krn=2, base_date=self.next_base_date)
            return [token.digits for token in rekey.change_key(desk, drn, new).tokens]

    def to_the_last_minute(self):
        self.clock.moment = self.clock.moment.replace(
            year=self.year, month=11, day=24, hour=20, minute=15
        )


@pytest.fixture(params=ROLL_OVERS, ids=lambda base_date: f"from {base_date}")
def walk(request, tmp_path):
    with freeze_time() as frozen:
        yield Walk(tmp_path, request.param, frozen)


def entered(body, *tokens):
    return [body.request(do="token", digits=digits)["result"] for digits in tokens]


def credit_wh(body):
    return body.request(do="read")["credit_wh"]


@pytest.mark.parametrize("name", bodies.NAMES)
def test_roll_over_in_time_keeps_credit_and_ends_old_tokens(walk, name):
    drn = DRNS[0]
    meter = walk.new_meter(drn, name)
    early, forgotten = walk.vend(drn), walk.vend(drn, 20)
    assert entered(meter, early) == ["Accept"]
    key_set = walk.roll_over(drn)
    assert entered(meter, *key_set) == ["1stKCT", "2ndKCT", "3rdKCT", "Accept"]
    assert credit_wh(meter) == 10_000
    assert entered(meter, early, forgotten) == ["CRCError", "CRCError"]
    walk.to_the_last_minute()
    walk.clock.advance(minutes=1)
    assert entered(meter, walk.vend(drn, 5)) == ["Accept"]
    assert credit_wh(meter) == 15_000
    meter.close()


def test_the_last_minute_sells_and_the_next_one_does_not(walk):
    drn = DRNS[1]
    meter = walk.new_meter(drn)
    walk.to_the_last_minute()
    last = walk.vend(drn)
    assert entered(meter, last) == ["Accept"]
    assert entered(meter, last) == ["UsedError"]
    walk.clock.advance(minutes=1)
    with pytest.raises(Refusal, match="base date"):
        walk.vend(drn)
    assert credit_wh(meter) == 10_000


def test_late_key_change_months_after_the_end_still_works(walk):
    drn = DRNS[0]
    meter = walk.new_meter(drn)
    assert entered(meter, walk.vend(drn)) == ["Accept"]
    old = walk.vend(drn, 3)
    walk.to_the_last_minute()
    walk.clock.advance(days=90)
    key_set = walk.roll_over(drn)
    new = walk.vend(drn, 7)
    assert entered(meter, new) == ["CRCError"]  # the set comes first
    assert entered(meter, old) == ["Accept"]  # and old tokens before the set
    assert entered(meter, *key_set)[-1] == "Accept"
    assert entered(meter, new, old) == ["Accept", "CRCError"]
    assert credit_wh(meter) == 20_000


def test_lost_set_is_issued_again_and_no_credit_is_lost(walk):
    drn = DRNS[1]
    meter = walk.new_meter(drn)
    assert entered(meter, walk.vend(drn)) == ["Accept"]
    key_set = walk.roll_over(drn)
    paid = walk.vend(drn, 7)
    with walk.station.desk() as desk:
        slips = sales.history(desk.session, meter_list.find_meter(desk.session, drn), 10)
        number = next(slip.id for slip in slips if len(slip.tokens) == 4)
        again = [token.digits for token in sales.reprinted(desk, number).tokens]
    assert again == key_set
    assert entered(meter, *again)[-1] == "Accept"
    assert entered(meter, paid) == ["Accept"]
    assert credit_wh(meter) == 17_000


def test_set_that_stops_half_way_is_dropped_and_entered_anew(walk):
    drn = DRNS[2]
    meter = walk.new_meter(drn)
    key_set = walk.roll_over(drn)
    assert entered(meter, *key_set[:3])[-1] == "3rdKCT"
    meter.request(do="power_cut")
    assert meter.request(do="read")["display"][0] == "Key change ended"
    assert entered(meter, key_set[3]) == ["4thKCT"]
    meter.request(do="advance", seconds=700)
    assert entered(meter, *reversed(key_set))[-1] == "Accept"
    assert meter.request(do="read")["krn"] == 2


def test_set_entered_twice_harms_nothing_and_locks_nobody_out(walk):
    drn = DRNS[0]
    meter = walk.new_meter(drn)
    assert entered(meter, walk.vend(drn)) == ["Accept"]
    key_set = walk.roll_over(drn)
    assert entered(meter, *key_set)[-1] == "Accept"
    for digits in key_set:  # typed in as a customer would: under the new key they are no tokens
        meter.request(do="keys", keys=digits)
    read = meter.request(do="read")
    assert (read["krn"], read["credit_wh"]) == (2, 10_000)
    meter.request(do="advance", seconds=read["lockout_s"])
    assert entered(meter, walk.vend(drn, 1)) == ["Accept"]
    assert credit_wh(meter) == 11_000


def test_two_meters_do_not_mix_their_sets(walk):
    meters = {drn: walk.new_meter(drn) for drn in DRNS[:2]}
    sets = {drn: walk.roll_over(drn) for drn in DRNS[:2]}
    first, second = DRNS[:2]
    assert entered(meters[first], sets[second][0], sets[second][1]) == ["CRCError", "CRCError"]
    for drn, meter in meters.items():
        assert entered(meter, *sets[drn])[-1] == "Accept"
        assert entered(meter, walk.vend(drn)) == ["Accept"]
