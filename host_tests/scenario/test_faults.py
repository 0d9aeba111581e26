"""Parts break while the meter runs: the supply goes off, the display says why, nothing is lost."""

import pytest
from account import state as meter_state
from breakage import PARTS
from data import meters
from meter.app import App
from models import carriers
from parts import Clock, SimBuzzer, SimDisplay, SimKeypad, SimPulses
from rigs import whole_meter
from rigs.benches import Bench

from meter20.bodies import EmulatedBody

OFTEN_ASKED = ("pulses", "display", "keypad", "tamper", "brown_out", "credit_display")
WORDS = {
    "load_switch": "load switch",
    "brown_out": "brown-out",
    "credit_display": "credit display",
}
CREDIT_WH = 100


@pytest.fixture
def supplied(meter):
    """A meter with credit, whose load switch is closed."""
    meter.ask("token", digits=meters.TOKEN_100_WH)
    meter.wait(30)
    assert meter.ask("read")["relay"] == "closed"
    return meter


def broken(meter, part, how, call=""):
    assert meter.ask("break", part=part, call=call, how=how)["ok"]


def state(meter):
    read = meter.ask("read")
    return read["relay"], read["relay_reason"]


def faults(meter):
    return meter.keys("#77#")


@pytest.mark.parametrize("how", ["error", "MemoryError"])
@pytest.mark.parametrize("part", OFTEN_ASKED)
def test_a_part_that_raises_opens_the_switch_and_restarts_the_meter(supplied, part, how):
    broken(supplied, part, how)
    supplied.ask("keys", keys="1")  # a display is asked when there is something new to show
    if part == "credit_display":
        supplied.ask("pulses", count=1, over_s=0)
    lines = supplied.wait(2)
    kind = "RuntimeError" if how == "error" else how
    word = WORDS.get(part, part)
    assert lines == ["FAULT", word, kind, "Meter restarts"]
    assert state(supplied) == ("open", "fault")
    assert supplied.ask("token", digits=meters.TOKEN_100_WH)["error"] == "fault"
    boots = supplied.ask("power_cut")["boots"]
    broken(supplied, part, "")
    supplied.wait(10)
    assert supplied.ask("power_cut")["boots"] == boots + 2
    assert faults(supplied) == ["Faults 2", "Last in:", word, kind]
    assert supplied.ask("read")["credit_wh"] == CREDIT_WH - (part == "credit_display")


def test_a_fault_moves_the_contact_itself():
    """What the service port calls the relay is what the meter believes."""
    rig = whole_meter.provisioned(carriers.SMALL)
    rig.enter(meters.TOKEN_100_WH)
    rig.app.step(1)
    assert rig.switch.closed

    def breaks():
        raise RuntimeError

    rig.pulses.take = breaks
    rig.app.step(1000)
    assert rig.app.fault == ("pulses", "RuntimeError")
    assert not rig.switch.closed


def test_the_watchdog_restarts_a_meter_that_hangs(supplied):
    boots = supplied.ask("power_cut")["boots"]
    broken(supplied, "tamper", "hang")
    supplied.wait(30)
    broken(supplied, "tamper", "")
    supplied.wait(10)
    assert state(supplied) == ("open", "fault")
    assert faults(supplied)[2:] == ["program", "hang"]
    assert supplied.ask("power_cut")["boots"] >= boots + 3
    assert supplied.ask("token", digits=meters.TOKEN_100_WH)["result"] == "UsedError"


def test_supply_comes_back_a_minute_after_a_fault_that_went_away(supplied):
    broken(supplied, "keypad", "error")
    supplied.wait(2)
    broken(supplied, "keypad", "")
    supplied.wait(7 + 58)
    assert state(supplied) == ("open", "fault")
    assert supplied.wait(0)[1] == "OFF: fault"
    supplied.wait(5)
    assert state(supplied) == ("closed", "credit")


def test_a_fault_that_comes_back_does_not_make_the_switch_chatter(supplied):
    broken(supplied, "keypad", "error")
    seen = set()
    for _ in range(300):
        supplied.wait(2)
        seen.add(state(supplied))
    assert seen == {("open", "fault")}
    broken(supplied, "keypad", "")
    supplied.wait(10)
    assert faults(supplied)[0] == "Faults 16"  # and then no more: the flash would wear out
    supplied.wait(3590)
    assert state(supplied) == ("open", "fault")
    supplied.wait(20)
    assert state(supplied) == ("closed", "credit")
    supplied.wait(3600)
    broken(supplied, "keypad", "error")
    supplied.wait(2)
    broken(supplied, "keypad", "")
    supplied.wait(10)
    assert faults(supplied)[0] == "Faults 17"
    supplied.wait(60)
    assert state(supplied) == ("closed", "credit")


def test_a_display_that_came_loose_is_no_fault(supplied):
    broken(supplied, "display", "OSError")
    supplied.wait(60)
    assert supplied.ask("pulses", count=10, over_s=10)["relay"] == "closed"
    broken(supplied, "display", "")
    assert supplied.wait(2)[0] == "0.090 kWh"
    assert faults(supplied)[0] == "Faults"


@pytest.mark.parametrize("part", ["store", "load_switch", "buzzer"])
def test_a_part_that_is_asked_seldom_is_a_fault_when_it_is(supplied, part):
    broken(supplied, part, "error")
    if part == "buzzer":
        supplied.ask("keys", keys="1")
    else:
        supplied.ask("pulses", count=CREDIT_WH, over_s=10)
    word = "metering" if part == "store" else WORDS.get(part, part)
    assert supplied.wait(0)[:2] == ["FAULT", word]
    broken(supplied, part, "")
    supplied.wait(10)
    read = supplied.ask("read")
    assert read["total_wh"] in (0, CREDIT_WH)
    assert read["credit_wh"] == CREDIT_WH - read["total_wh"]


def test_a_clock_that_raises_is_a_fault(factory_meter):
    # It is asked by a meter without credit that has friendly hours.
    assert factory_meter.provision(friendly_from=0, friendly_to=23)["ok"]
    factory_meter.wait(2)
    broken(factory_meter, "clock", "OSError")
    assert factory_meter.wait(2)[:3] == ["FAULT", "clock", "OSError"]
    assert state(factory_meter) == ("open", "fault")


def test_a_full_store_is_no_fault_but_takes_no_token_and_loses_none(supplied):
    broken(supplied, "store", "OSError", "commit")
    assert supplied.ask("token", digits=meters.TOKEN_WATER)["error"] == "store_failed"
    supplied.ask("keys", keys=meters.TOKEN_WATER)
    assert supplied.wait(0)[0] == "NOT TAKEN"
    assert supplied.ask("pulses", count=10, over_s=60)["relay"] == "closed"
    broken(supplied, "store", "")
    assert supplied.ask("token", digits=meters.TOKEN_WATER)["result"] == "FunctionError"
    assert supplied.ask("token", digits=meters.TOKEN_100_WH)["result"] == "UsedError"
    assert supplied.ask("read")["credit_wh"] == CREDIT_WH - 10
    assert faults(supplied)[0] == "Faults"


def test_a_store_that_cannot_be_read_leaves_the_supply_off_and_the_port_alive(supplied):
    broken(supplied, "store", "OSError")
    supplied.ask("power_cut")
    assert supplied.wait(60)[:3] == ["FAULT", "store", "OSError"]
    for request in ("read", "token", "keys", "explain", "pulses"):
        fields = {"digits": meters.TOKEN_100_WH, "keys": "12", "count": 1}
        assert supplied.ask(request, **fields)["error"] == "fault"
    broken(supplied, "store", "")
    supplied.wait(10)
    assert state(supplied) == ("open", "fault")
    assert supplied.ask("read")["credit_wh"] == CREDIT_WH


def test_a_store_of_settings_that_fails_stops_neither_tokens_nor_supply(supplied):
    broken(supplied, "notes", "OSError", "commit")
    assert supplied.keys("#12330#")[:2] == ["NOT TAKEN", "Memory failed"]
    assert supplied.ask("token", digits=meters.TOKEN_100_WH)["result"] == "UsedError"
    supplied.wait(60)
    assert state(supplied) == ("closed", "credit")


def test_a_load_switch_that_cannot_open_does_not_stop_the_rest(supplied):
    broken(supplied, "load_switch", "error")
    broken(supplied, "keypad", "error")
    assert supplied.wait(2) == ["FAULT", "keypad", "RuntimeError", "Meter restarts"]
    supplied.wait(10)
    assert supplied.wait(0)[:2] == ["FAULT", "load switch"]


def test_keys_without_end_do_not_stop_the_metering(supplied):
    supplied.ask("keys", keys="*" * 1000)
    assert supplied.ask("pulses", count=10, over_s=10)["credit_wh"] == CREDIT_WH - 10
    assert faults(supplied)[0] == "Faults"


#: What makes the meter ask a part, so that it hangs there.
ASKS = {
    "store": lambda meter: meter.ask("token", digits=meters.TOKEN_WATER),
    "notes": lambda meter: meter.ask("keys", keys="#12330#"),
    "pulses": lambda meter: meter.ask("advance", seconds=12),
    "load_switch": lambda meter: meter.ask("advance", seconds=12),
    "display": lambda meter: meter.ask("keys", keys="1"),
    "keypad": lambda meter: meter.ask("advance", seconds=12),
    "buzzer": lambda meter: meter.ask("keys", keys="1"),
    "tamper": lambda meter: meter.ask("advance", seconds=12),
    "brown_out": lambda meter: meter.ask("advance", seconds=12),
    "credit_display": lambda meter: meter.ask("pulses", count=1, over_s=0),
    "clock": lambda meter: meter.ask("pulses", count=CREDIT_WH + 1, over_s=20),
}


@pytest.mark.parametrize("part", ASKS)
def test_a_part_that_hangs_is_left_by_the_watchdog_and_nothing_is_lost(part):
    meter = Bench(EmulatedBody())
    assert meter.provision(friendly_from=0, friendly_to=23)["ok"]
    meter.ask("token", digits=meters.TOKEN_100_WH)
    meter.wait(30)
    boots = meter.ask("power_cut")["boots"]
    broken(meter, part, "hang")
    ASKS[part](meter)
    meter.wait(30)
    broken(meter, part, "")
    meter.wait(10)
    assert state(meter) == ("open", "fault")
    last = ["start", "RuntimeError"] if part == "store" else ["program", "hang"]
    assert faults(meter)[2:] == last  # a store that hangs while the meter starts raises instead
    read = meter.ask("read")
    assert read["credit_wh"] + read["total_wh"] == CREDIT_WH
    assert meter.ask("power_cut")["boots"] >= boots + 2
    assert meter.ask("token", digits=meters.TOKEN_100_WH)["result"] == "UsedError"


def test_every_part_is_broken_somewhere_above():
    parts = set(PARTS) - {"network"}  # asked by carriers only: see unit/test_mqtt.py
    assert set(ASKS) == parts
    assert set(OFTEN_ASKED) | {"store", "notes", "load_switch", "buzzer", "clock"} == parts


class _StuckKeypad(SimKeypad):
    stuck = ""


def test_a_stuck_key_is_named_and_what_was_being_entered_is_dropped():
    keypad = _StuckKeypad()
    app = App(
        whole_meter.ports(store=meters.RamStore(), pulses=SimPulses(Clock()), keypad=keypad), 0
    )
    keypad.press("123")
    app.step(10)
    assert app.front.lines[2] == "3 of 20 digits"
    keypad.stuck = "7"
    app.step(20)
    assert app.front.lines[:3] == ["KEY STUCK", "7", "Let go of it"]
    app.step(60_000)
    assert app.front.lines[0] == "Not provisioned"  # said once, and nothing is being entered
    keypad.stuck = ""
    app.step(60_010)
    keypad.press("#0#")
    app.step(60_020)
    assert app.front.lines[:2] == ["Meter number", "none"]


def test_the_display_itself_shows_the_fault():
    display, pulses = SimDisplay(16, 2), SimPulses(Clock())
    app = App(whole_meter.ports(store=meters.RamStore(), pulses=pulses, display=display), 0)
    app.step(10)

    def breaks():
        raise RuntimeError

    pulses.take = breaks
    app.step(20)
    assert display.lines == ["FAULT", "pulses"]


def test_a_fault_ends_the_tone_that_sounds():
    buzzer, pulses = SimBuzzer(), SimPulses(Clock())
    app = App(whole_meter.ports(store=meters.RamStore(), pulses=pulses, buzzer=buzzer), 0)
    app.front.press("1", 10)
    assert buzzer.hz == 2000

    def breaks():
        raise RuntimeError

    pulses.take = breaks
    app.step(20)
    assert app.fault is not None
    assert buzzer.hz == 0


def test_the_credit_display_is_told_only_what_is_new():
    class CreditDisplay:
        told, fails = (), False

        def show_wh(self, wh):
            if self.fails:
                raise OSError(5)
            self.told += (wh,)

    extra = CreditDisplay()
    store = meters.RamStore()
    store.record = meter_state.to_bytes(meters.state())
    parts = whole_meter.ports(store=store, pulses=SimPulses(Clock()), credit_display=extra)
    app = App(parts, 0)
    for second in range(5):
        app.step(1000 * second)
    assert extra.told == (0,)
    app.front.enter(meters.TOKEN_100_WH, 5000)
    extra.fails = True
    app.step(6000)
    extra.fails = False
    for second in range(7, 10):
        app.step(1000 * second)
    assert extra.told == (0, 100)
