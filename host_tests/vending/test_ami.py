"""The head-end: each purchase is credited once or still pending, wherever it is cut."""

from datetime import datetime, timedelta
from queue import SimpleQueue
from types import SimpleNamespace

import pytest
from rigs.ami_rig import HeadEnd
from rigs.stations import TARIFF
from sqlalchemy import select

from meter20.ami import purchases
from meter20.ami.carriers import MQTT, Answer, Awake, Back
from meter20.ami.mqtt_carrier import Broker, MqttCarrier
from meter20.ami.outbox import DOUBT, outcome_of, record
from meter20.ami.purchases import ANSWERED, BY_HAND, CLOSED, CREDITED, REFUSED, SENT, Order
from meter20.ami.reports import Report
from meter20.vending import meter_list, refusal, rekey, sales, supply_groups, tariff_list
from meter20.vending.models import Purchase, Route, Slip
from meter20.vending.refusal import Refusal
from meter20.vending.report_models import MeterLoad, MeterReport
from meter20.vending.vending_key import KeyTerms

_EACH = 9  # all of them: make ami-campaign


@pytest.fixture
def head_end(sqlite, secret, clock):
    made = HeadEnd(sqlite, secret, clock, 1)
    yield made
    made.close()


def only(head_end):
    (purchase,) = head_end.all()
    return purchase


def test_purchase_is_sold_sent_credited_and_closed(head_end):
    number = head_end.order(head_end.drns[0], 105)
    assert head_end.until_closed(10, steps_s=(1,)) == 0
    purchase = only(head_end)
    assert (purchase.id, purchase.state, purchase.outcome) == (number, CLOSED, CREDITED)
    assert (purchase.carrier, purchase.sends, purchase.result) == (MQTT, 1, "Accept")
    assert purchase.told == [
        {"token": 1, "result": "Accept", "outcome": CREDITED, "amount": 10_500}
    ]
    assert purchase.ordered_at <= purchase.vended_at <= purchase.sent_at <= purchase.closed_at
    assert head_end.check() == {CREDITED: 1}


def test_worker_that_dies_at_any_of_its_calls_loses_and_doubles_nothing(
    storage, secret, clock, note
):
    head_end = HeadEnd(storage, secret, clock, 1)
    sold = head_end.die_everywhere(_EACH)
    assert head_end.check() == {CREDITED: sold}
    assert head_end.kills > 30 // _EACH, "a purchase takes more calls than that"
    note(f"head-end: killed at {head_end.kills} calls of a worker, each {_EACH}th")
    head_end.close()


def test_chaos_between_two_workers_and_their_meters(storage, secret, clock):
    head_end = HeadEnd(storage, secret, clock, 3, seed=7, harm=1.0, workers=2)
    for _ in range(2):
        for drn in head_end.drns:
            head_end.order(drn, head_end.random.randint(1, 50))
    head_end.until_closed(150, head_end.trouble)
    head_end.calm()
    assert head_end.until_closed(50) == 0
    assert head_end.kills > 0
    assert head_end.check() == {CREDITED: 6}
    head_end.close()


def test_buyers_have_their_tokens_though_the_meter_is_off_and_they_are_sent_one_at_a_time(
    head_end,
):
    for units in (1, 2, 3):
        head_end.order(head_end.drns[0], units)
    head_end.houses[head_end.drns[0]].on = False
    for _ in range(3):
        head_end.round()
    assert [purchase.state for purchase in head_end.all()] == [SENT, "vended", "vended"]
    head_end.calm()
    assert head_end.until_closed(50) == 0
    assert head_end.check() == {CREDITED: 3}


def sent_in_vain(head_end, house) -> str:
    """Order 1 kWh for the meter of `house` and lose what is sent; return the token's digits."""
    head_end.order(head_end.drns[0], 10)
    house.lost = True
    head_end.round()
    with head_end.storage.reading() as session:
        (token,) = purchases.tokens(session, session.scalar(select(Purchase)))
    return token["digits"]


def test_token_keyed_in_by_hand_is_credited_by_hand(head_end):
    house = head_end.houses[head_end.drns[0]]
    digits = sent_in_vain(head_end, house)
    house.body.request(do="keys", keys=digits)
    house.lost = False
    assert head_end.until_closed(20) == 0
    purchase = only(head_end)
    assert (purchase.result, purchase.outcome) == ("UsedError", BY_HAND)
    assert head_end.check() == {BY_HAND: 1}


@pytest.mark.parametrize(
    ("amount", "reason"),
    [(2000, "The meter says that it credited 2.000 kWh, but 1.0 kWh were sold."),
     (1000, ""), (None, "")],
)  # fmt: skip
def test_other_energy_than_was_sold_is_remarked(head_end, amount, reason):
    (drn,) = head_end.drns
    digits = sent_in_vain(head_end, head_end.houses[drn])
    with head_end.storage.sharing() as session:
        record(session, Answer(drn, digits, "Accept", amount=amount), head_end.clock())
    purchase = only(head_end)
    assert (purchase.state, purchase.outcome, purchase.reason) == (CLOSED, CREDITED, reason)


def test_free_units_were_sold_too(head_end):
    with head_end.station.desk() as desk:
        tariff_list.keep_tariff(desk, "home", {**TARIFF, "free_kwh": "5"})
        meter_list.find_meter(desk.session, head_end.drns[0]).tariff = "home"
    head_end.clock.advance(days=1)  # on the day when it is made, a meter takes none
    head_end.order(head_end.drns[0], 10)
    assert head_end.until_closed(20, steps_s=(1,)) == 0
    purchase = only(head_end)
    assert [each["amount"] for each in purchase.told] == [1000, 5000]
    assert (purchase.outcome, purchase.reason) == (CREDITED, "")


def test_used_without_a_trace_in_the_history_waits_for_a_person_and_stops_nobody(head_end):
    house = head_end.houses[head_end.drns[0]]
    digits = sent_in_vain(head_end, house)
    house.body.request(do="token", digits=digits)
    house.body.sim.app.notes.history = ()
    house.lost = False
    head_end.order(head_end.drns[0], 20)
    assert head_end.until_closed(20) == 0
    first, second = head_end.all()
    assert (first.state, first.outcome, second.outcome) == (ANSWERED, "", CREDITED)
    with head_end.storage.sharing() as session:
        purchases.judge(session, first.id, True, "seen on the display", head_end.clock())
    assert head_end.check() == {CREDITED: 2}


def test_used_counts_only_with_the_same_tid_in_the_history():
    def said(**more):
        return outcome_of(Answer("1", "2", "UsedError", **more), 77)

    assert said() == DOUBT
    assert said(accepted_tid=78, accepted_by="remote") == DOUBT
    assert said(accepted_tid=77, accepted_by="remote") == CREDITED
    assert said(accepted_tid=77, accepted_by="manual") == BY_HAND
    assert outcome_of(Answer("1", "2", "LockedOut"), 77) is None
    assert outcome_of(Answer("1", "2", "OldError"), 77) == REFUSED


def test_meter_that_subscribed_closes_the_purchase_with_its_reason(head_end):
    house = head_end.houses[head_end.drns[0]]
    head_end.order(head_end.drns[0], 10)
    house.body.sim.app.meter.kept.state = house.body.sim.app.meter.state._replace(
        tids=tuple(range(16_000_000, 16_000_050))
    )
    assert head_end.until_closed(20) == 0
    purchase = only(head_end)
    assert purchase.outcome == REFUSED
    assert purchase.reason == "OldError: the meter takes no token as old as this."


def test_order_that_the_station_subscribed_is_closed_and_sent_nowhere(head_end):
    number = head_end.order(head_end.drns[0], 1_999_999_999)
    assert head_end.until_closed(5) == 0
    purchase = only(head_end)
    assert (purchase.id, purchase.outcome, purchase.sends) == (number, REFUSED, 0)
    assert purchase.slip_id is None
    assert purchase.reason


def test_ref_is_one_purchase_and_another_order_under_it_is_refused(head_end):
    drn = head_end.drns[0]
    with head_end.storage.sharing() as session:
        first = purchases.place(session, Order(drn, units=5, ref=" A-1 "), head_end.clock())
        session.flush()
        again = purchases.place(session, Order(drn, units=5, ref="A-1"), head_end.clock())
        assert again is first
        for wrong in (Order(drn, units=6, ref="A-1"), Order(drn, units=0), Order(drn),
                      Order(drn, units=5, money=5), Order(drn, units=5, ref="\x1b")):  # fmt: skip
            with pytest.raises(Refusal):
                purchases.place(session, wrong, head_end.clock())


def test_order_sale_and_outbox_stand_together_or_not_at_all(head_end):
    class Cut(Exception):
        pass

    with pytest.raises(Cut), head_end.station.desk() as desk:
        made = purchases.place(desk.session, Order(head_end.drns[0], units=5), desk.now)
        desk.session.flush()
        purchases.vend(desk, made)
        raise Cut
    with head_end.storage.reading() as session:
        assert session.scalar(select(Purchase.id)) is None
        assert session.scalar(select(Slip.id).filter_by(operation="credit")) is None


def test_sale_whose_token_is_on_its_way_is_not_made_void(head_end):
    head_end.order(head_end.drns[0], 5)
    head_end.workers[0].sell()
    (purchase,) = head_end.all()
    with pytest.raises(Refusal) as refused, head_end.station.desk() as desk:
        sales.reverse(desk, purchase.slip_id, "wrong meter", delivered=False)
    assert refused.value.code == refusal.STATE


def test_meter_that_is_off_for_a_day_is_asked_ever_more_seldom(head_end):
    house = head_end.houses[head_end.drns[0]]
    house.on = False
    head_end.order(head_end.drns[0], 5)
    for _ in range(24 * 3):
        head_end.round(1200)
    purchase = only(head_end)
    assert purchase.state == SENT
    assert 12 < purchase.sends < 45
    house.on = True
    assert head_end.until_closed(50) == 0
    assert head_end.check() == {CREDITED: 1}


def test_meters_without_a_route_wait_and_disturb_nobody(head_end):
    other = meter_list.NewMeter("12345678903", "123456")
    with head_end.station.desk() as desk:
        meter_list.add_meter(desk, other)
    waiting = head_end.order("12345678903", 5)
    sent = head_end.order(head_end.drns[0], 5)
    head_end.until_closed(5)
    states = {purchase.id: purchase.state for purchase in head_end.all()}
    assert states == {waiting: "vended", sent: CLOSED}


# -- many at once --------------------------------------------------------------------------------


def test_order_that_is_refused_takes_none_of_those_sold_with_it_along(head_end):
    drn, others = head_end.drns[0], ("12345678903", "01234567897")
    with head_end.station.desk() as desk:
        for other in others:
            meter_list.add_meter(desk, meter_list.NewMeter(other, "123456"))
    good = [head_end.order(other, 5) for other in others]
    bad = head_end.order(drn, 1_999_999_999)
    assert head_end.workers[0].sell() == 3
    states = {purchase.id: (purchase.state, purchase.outcome) for purchase in head_end.all()}
    assert states == {good[0]: ("vended", ""), good[1]: ("vended", ""), bad: (CLOSED, REFUSED)}


def test_answers_wait_in_the_worker_while_the_database_is_away(head_end, monkeypatch):
    head_end.order(head_end.drns[0], 5)
    (worker,) = head_end.workers
    worker.turn()
    for _ in range(2):
        head_end.chaos.move()

    def away():
        raise Refusal(refusal.DATABASE, "away")

    with monkeypatch.context() as broken:
        broken.setattr(head_end.storage, "sharing", away)
        with pytest.raises(Refusal):
            worker.listen()
    assert only(head_end).state == SENT
    worker.listen()
    assert (only(head_end).outcome, only(head_end).sends) == (CREDITED, 1)


def test_answer_is_noted_before_reports_and_of_those_the_newest_is_kept(head_end):
    drn = head_end.drns[0]
    head_end.order(drn, 5)
    (worker,) = head_end.workers
    worker.turn()
    ear = head_end.chaos.ears[0]
    for total_wh in range(300):
        ear.put(Report(drn, {"total_wh": total_wh, "power_w": 7}))
        ear.put(Report("99999999999", {"events": []}))
    for _ in range(2):
        head_end.chaos.move()
    assert (worker.listen(), only(head_end).outcome) == (1, CREDITED)
    worker.keep_reports()
    with head_end.storage.reading() as session:
        (kept,) = session.scalars(select(MeterReport))
        (load,) = session.scalars(select(MeterLoad))
        assert (kept.total_wh, kept.events, load.total_wh) == (299, [], 299)
        assert session.scalar(select(Route.seen_at)) == kept.heard_at


def test_what_is_under_way_is_sent_again_soon_when_its_carrier_comes_back(head_end):
    house = head_end.houses[head_end.drns[0]]
    house.lost = True
    head_end.order(head_end.drns[0], 5)
    for _ in range(4):
        head_end.round(600)
    before = only(head_end).sends
    house.lost = False
    head_end.round(10)
    assert only(head_end).sends == before
    for name in ("another", MQTT):
        head_end.chaos.ears[0].put(Back(name))
        assert only(head_end).outcome == ""
        for _ in range(5):
            head_end.round(10)
    assert (only(head_end).outcome, only(head_end).sends) == (CREDITED, before + 1)


def test_carrier_that_has_its_broker_again_says_so():
    heard, took, subscribed = SimpleQueue(), SimpleNamespace(is_failure=False), []
    carrier = MqttCarrier(Broker("127.0.0.1", 1), heard)
    client = SimpleNamespace(subscribe=subscribed.append)
    for reason in (took, SimpleNamespace(is_failure=True), took):
        assert heard.empty()
        carrier._connected(client, None, None, reason, None)
    assert heard.get_nowait() == Back(MQTT)
    assert [dict(topics)["meter20/+/result"] for topics in subscribed] == [1, 1]
    assert dict(subscribed[0])["meter20/+/registers"] == 0
    carrier.close()


def test_worker_says_that_it_does_not_reach_its_broker_and_that_it_does(head_end, monkeypatch):
    monkeypatch.setattr("meter20.ami.worker._PATIENCE_S", 0)
    said, worker = [], head_end.workers[0]
    worker._say = said.append
    head_end.chaos.ready = False
    worker.turn()
    worker.turn()
    head_end.chaos.ready = True
    worker.turn()
    worker.turn()
    assert [line.partition(":")[0] for line in said] == [
        "mqtt is not connected", "mqtt is connected",
    ]  # fmt: skip


def test_worker_without_reports_hears_answers_only():
    subscribed = []
    carrier = MqttCarrier(Broker("127.0.0.1", 1), SimpleQueue(), reports=False)
    client = SimpleNamespace(subscribe=subscribed.extend)
    carrier._connected(client, None, None, SimpleNamespace(is_failure=False), None)
    assert subscribed == [("meter20/+/result", 1), ("meter20/+/state", 1)]
    carrier.close()


def test_meter_that_came_back_often_is_asked_again_as_soon_as_before(head_end):
    house, drn = head_end.houses[head_end.drns[0]], head_end.drns[0]
    house.lost = True
    head_end.order(drn, 5)
    for _ in range(10):
        head_end.chaos.ears[0].put(Awake(drn))
        head_end.round(6)
    purchase = only(head_end)
    assert purchase.sends > 3, "often enough to wait for long, if that counted"
    waits = datetime.fromisoformat(purchase.due_at) - head_end.clock()
    assert waits < timedelta(minutes=3)


# -- key changes ---------------------------------------------------------------------------------


def change_key(head_end):
    """Issue a key change, which the head-end brings; return the number of its purchase."""
    with head_end.station.desk() as desk:
        supply_groups.add_group(desk, KeyTerms("123456", krn=2))
        slip = rekey.change_key(desk, head_end.drns[0], rekey.NewKey(krn=2))
        brought = purchases.bring(desk, slip)
        desk.session.flush()
        return brought.id


def krn_of(head_end):
    return head_end.houses[head_end.drns[0]].body.request(do="read")["krn"]


def test_key_change_travels_between_what_was_sold_before_it_and_after_it(head_end):
    (worker,), drn = head_end.workers, head_end.drns[0]
    early = head_end.order(drn, 5)
    worker.sell()
    late = head_end.order(drn, 7)  # ordered before the key change, and sold after it
    change = change_key(head_end)
    assert head_end.until_closed(60, steps_s=(1,)) == 0
    assert krn_of(head_end) == 2
    assert head_end.check() == {CREDITED: 3}
    by_id = {purchase.id: purchase for purchase in head_end.all()}
    slips = [by_id[number].slip_id for number in (early, change, late)]
    assert slips == sorted(slips)
    assert [each["result"] for each in by_id[change].told] == [
        "1stKCT", "2ndKCT", "3rdKCT", "Accept"
    ]  # fmt: skip
    assert by_id[change].sends == 4


def test_key_change_through_chaos_is_done_or_waits_for_a_person(storage, secret, clock):
    head_end = HeadEnd(storage, secret, clock, 1, seed=3, harm=1.0, workers=2)
    change = change_key(head_end)
    after = head_end.order(head_end.drns[0], 7)
    head_end.until_closed(150, head_end.trouble)
    head_end.calm()
    assert head_end.until_closed(50) == 0
    by_id = {purchase.id: purchase for purchase in head_end.all()}
    assert krn_of(head_end) == 2
    assert by_id[after].outcome == CREDITED
    assert (by_id[change].state, by_id[change].outcome) in ((CLOSED, CREDITED), (ANSWERED, ""))
    head_end.close()


def test_key_change_of_which_the_meter_reads_nothing_waits_for_a_person(head_end):
    change = change_key(head_end)
    with head_end.storage.reading() as session:
        digits = [each["digits"] for each in
                  purchases.tokens(session, session.get(Purchase, change))]  # fmt: skip
    for token in digits:
        assert head_end.houses[head_end.drns[0]].body.request(do="token", digits=token)["ok"]
    assert head_end.until_closed(10, steps_s=(1,)) == 0
    purchase = only(head_end)
    assert (purchase.state, purchase.result, purchase.sends) == (ANSWERED, "CRCError", 1)
    assert "look which key it reports" in purchase.reason


def test_key_change_of_a_meter_without_a_route_is_keyed_in(head_end):
    with head_end.station.desk() as desk:
        meter_list.add_meter(desk, meter_list.NewMeter("12345678903", "123456"))
        supply_groups.add_group(desk, KeyTerms("123456", krn=2))
        slip = rekey.change_key(desk, "12345678903", rekey.NewKey(krn=2))
        assert purchases.bring(desk, slip) is None
