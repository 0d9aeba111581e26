"""A meter and the fixture, two whole programs on two emulated chips, wired together in memory."""

import json
import random
import subprocess
import sys

import pytest
from acceptance.bodies import check_usage
from acceptance.two_boards import TwoBoardSubject
from hypothesis import given, settings
from hypothesis import strategies as st
from powercut.campaign import sized
from rigs.pair import MS, STEP_NS, Pair

from meter20.board import service
from meter20.board.fixture import Fixture
from meter20.board.service import ServicePort
from meter20.board.trouble import Code, Trouble
from meter20.virtual.pty_board import Pty

REDUCED = ("host_tests/acceptance/test_two_boards.py", "host_tests/acceptance/test_power_cuts.py",
           "host_tests/acceptance/test_rules.py::test_credit_runs_out_to_the_pulse",
           "host_tests/acceptance/test_rules.py::test_a_token_counts_once_whatever_carries_it",
           "host_tests/acceptance/test_rules.py::test_a_lock_out_outlives_a_restart",
           "host_tests/acceptance/test_rules.py::test_keys_show_each_digit_and_the_result",
           "host_tests/acceptance/test_bad_input.py::test_an_id_comes_back",
           "--deselect=host_tests/acceptance/test_power_cuts.py::"
           "test_a_token_counts_exactly_once_wherever_the_power_goes"
           "[in an operation]")  # fmt: skip


#: Cuts that must come inside an operation of the flash, and the tokens that it may take.
TORN = sized(6, 300)
MOST_TOKENS = 20 * TORN
#: Tokens that are typed while pulses come, and how many come meanwhile.
TOKENS, PULSES = sized(4, 300), 60


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A pair whose ports are free."""
    with Pair(tmp_path_factory.mktemp("pair")) as pair:
        yield pair


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    """Another pair, and the harness that holds its ports."""
    with Pair(tmp_path_factory.mktemp("held")) as pair:
        subject = TwoBoardSubject(pair.meter, pair.fixture).with_test_key()
        yield pair, subject
        subject.close()


@pytest.fixture(scope="module")
def frozen(tmp_path_factory):
    """A pair whose meter keeps its records in flash that takes its time, and its harness."""
    with Pair(tmp_path_factory.mktemp("frozen"), build="frozen") as pair:
        subject = TwoBoardSubject(pair.meter, pair.fixture).with_test_key()
        yield pair, subject
        subject.close()


@pytest.fixture
def wires(held):
    """The pair whose wires a test may break; they are mended afterwards."""
    yield held[0]
    held[0].broken.clear()


@pytest.fixture
def subject(held):
    return held[1]


def suite(pair, folder, *words, fixture=None):
    """Run a part of the acceptance suite on the pair; return (exit code, output)."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
               "--body", f"serial:{pair.meter}", "--fixture", fixture or pair.fixture,
               "--report", str(folder), *words]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout + done.stderr


def test_reduced_acceptance_suite_passes_on_the_pair(pair, tmp_path, note):
    began_ns, boots = pair.now_ns, pair.boots
    code, said = suite(pair, tmp_path, *REDUCED)
    assert code == 0, said
    table = json.loads((tmp_path / "acceptance.json").read_text())
    refused = {case["case"] for case in table["cases"] if case["result"] != "passed"}
    assert refused == {"a key change is whole or not at all wherever the power goes"}
    assert {case["group"] for case in table["cases"]} >= {"two boards", "power cut", "keypad"}
    note(
        f"two boards: {table['counts']['passed']} acceptance cases, keys, pulses and cuts by "
        f"the fixture, {pair.boots - boots} cuts, {(pair.now_ns - began_ns) // 10**9} s for them"
    )


def test_ports_that_are_swapped_end_the_suite_in_words(pair, tmp_path):
    command = (pair, tmp_path, "host_tests/acceptance/test_bad_input.py")
    code, said = suite(*command, fixture=pair.meter)
    assert code == 2
    assert f"a meter answers on {pair.meter}: the fixture's port is needed" in said


def test_fixture_without_a_serial_meter_is_wrong_usage(pytestconfig, monkeypatch):
    monkeypatch.setattr(pytestconfig.option, "fixture", "/dev/ttyACM1")
    with pytest.raises(ValueError, match="--fixture needs --body serial:PORT"):
        check_usage(pytestconfig)
    monkeypatch.setattr(pytestconfig.option, "body", "serial:/dev/ttyACM0")
    check_usage(pytestconfig)


def test_wrong_board_on_a_port_is_named(pair):
    with pytest.raises(Trouble, match=r"a meter answers on .*: the fixture's port") as trouble:
        Fixture(pair.meter)
    assert trouble.value.exit_code == Code.WRONG_BOARD
    with pytest.raises(Trouble, match=r"the fixture answers on .*: the meter's port") as trouble:
        ServicePort(pair.fixture)
    assert trouble.value.exit_code == Code.WRONG_BOARD


def test_fixture_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr(service, "_START_TIMEOUT_S", 0.2)
    monkeypatch.setattr(service, "_FIRST_TIMEOUT_S", 0.2)
    silent = Pty()
    with pytest.raises(Trouble, match=r"no fixture answers on .* --board fixture_pico") as trouble:
        Fixture(silent.port)
    silent.close()
    assert trouble.value.exit_code == Code.NO_ANSWER
    with pytest.raises(Trouble, match="is not there") as trouble:
        Fixture(silent.port)
    assert trouble.value.exit_code == Code.NO_BOARD


def test_order_that_the_fixture_refuses_is_told(pair):
    with Fixture(pair.fixture) as fixture, pytest.raises(Trouble, match="refused: keys: only"):
        fixture.press("E")


def test_power_comes_back_after_the_time_and_the_meter_starts_anew(subject, wires):
    # Their time goes on while this thread waits for its turn: read it before the order.
    began_ns, boots = wires.now_ns, wires.boots
    subject.fixture.arm_cut(delay_us=100_000, dark_ms=2000)
    subject.await_power()
    assert wires.boots == boots + 1
    assert wires.cut_ns - began_ns >= 100 * MS
    assert 2000 * MS <= wires.back_ns - wires.cut_ns <= 2001 * MS
    uptime_s = subject.ask("read")["uptime_s"]
    assert 1000 * uptime_s * MS <= wires.now_ns + STEP_NS - wires.back_ns


def test_meter_that_does_not_come_back_after_a_cut_is_told(subject, wires, monkeypatch):
    monkeypatch.setattr(service, "_START_TIMEOUT_S", 0.5)
    monkeypatch.setattr(service, "_FIRST_TIMEOUT_S", 0.2)
    wires.broken.add("meter dead")
    with pytest.raises(Trouble, match="did not come back after a cut of its supply") as trouble:
        subject.ask("power_cut")
    assert trouble.value.exit_code == Code.UNPLUGGED
    wires.broken.clear()
    monkeypatch.undo()
    assert subject.ask("power_cut")["ok"]


def test_meter_that_goes_on_through_a_cut_is_told(subject, wires):
    subject.wait(5)
    wires.broken.add("supply not through the switch")
    with pytest.raises(Trouble, match="went on through a cut"):
        subject.ask("power_cut")


def test_contact_that_is_not_where_the_meter_says_fails_the_case(subject, wires):
    # The meter answers before it moves the relay: let each movement have its time.
    subject.clear_credit()
    subject.fixture.until(lambda read: read["relay"] == "open", 2000, "the relay did not open")
    wires.broken.add("contact loose")
    assert subject.results(subject.credit(1)) == ["Accept"]
    subject.fixture.pause(1000)
    with pytest.raises(pytest.fail.Exception, match="is open where the meter says closed"):
        subject.ask("read")
    wires.broken.clear()
    assert subject.ask("power_cut")["ok"]  # the relay moves again


def test_key_that_does_not_reach_the_meter_fails_the_case(subject, wires):
    subject.keys("C")
    wires.broken.add("row 2 loose")
    shown = subject.keys("1234567")
    assert "4 of 20 digits" in shown  # 1, 2, 3 and 7
    subject.keys("C")


def test_no_key_and_no_pulse_is_lost_while_both_come_and_the_flash_stalls(frozen, note):
    _pair, subject = frozen
    before = subject.ask("read")
    for _ in range(TOKENS):
        subject.fixture.begin_pulses(PULSES, bounces=8, bounce_us=250)
        subject.fixture.press(subject.credit(1), hold_ms=25, gap_ms=25)
        subject.fixture.until(lambda read: not read["pulses_running"], 10_000, "no end")
    after = subject.ask("pulses", count=0)
    assert after["total_wh"] == before["total_wh"] + PULSES * TOKENS
    assert after["credit_wh"] == before["credit_wh"] + (100 - PULSES) * TOKENS
    note(f"two boards: {20 * TOKENS} keys, {PULSES * TOKENS} pulses of 50 Hz at once, none lost")


def test_token_counts_exactly_once_wherever_in_a_flash_operation_the_supply_goes(frozen, note):
    pair, subject = frozen
    chance = random.Random(20)
    credited = []
    # Both ends of a cut are needed, too: chance may give a few tokens the same one.
    while (pair.torn < TORN or len(set(credited)) < 2) and len(credited) < MOST_TOKENS:
        digits, before = subject.credit(1), subject.ask("read")["credit_wh"]
        subject.fixture.arm_cut("key", 20, chance.randrange(20_000, 65_000), dark_ms=100)
        subject.fixture.press(digits, hold_ms=25, gap_ms=25)
        subject.await_power()
        credit_wh = subject.ask("read")["credit_wh"]
        assert credit_wh in (before, before + 100)
        credited.append(credit_wh > before)
        # At the keypad again: an attempt that a cut ends counts there as a wrong one, until a
        # token is accepted there. Three of them in a row lock it out.
        again = subject.ask("keys", keys=digits)["last_result"]
        assert again == ("UsedError" if credited[-1] else "Accept")
        assert subject.ask("read")["credit_wh"] == before + 100
        if len(credited) % 50 == 0:
            print(f"{len(credited)} tokens, {pair.torn} of {TORN} cuts inside", flush=True)
    assert pair.torn >= TORN
    assert {True, False} == set(credited)
    note(
        f"two boards: {len(credited)} tokens typed, the supply cut at each, {pair.torn} times "
        f"inside a flash operation: {sum(credited)} credited, each exactly once"
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner,
                                                                max_size=3),
    max_leaves=5,
)  # fmt: skip
NAMES = ("keys", "hold_ms", "gap_ms", "count", "low_us", "period_us", "bounces", "bounce_us",
         "after", "delay_us", "dark_ms", "on", "id")  # fmt: skip
orders = st.fixed_dictionaries(
    {"do": st.sampled_from(("read", "keys", "pulses", "cut", "supply", "stop", "fly"))},
    optional={name: json_values | st.integers(0, 200) for name in NAMES},
)


class TestFixtureByItself:
    """The fixture's program without a line to it: whatever is asked, it answers and goes on."""

    @settings(max_examples=100)
    @given(st.lists(orders | json_values, max_size=6))
    def test_whatever_is_asked_gets_one_reply_and_stop_ends_it(self, asked):
        from unit.test_fixture import Desk

        desk = Desk()
        for order in [*asked, {"do": "stop"}]:
            reply = json.loads(desk.fixture.reply(json.dumps(order).encode(), 0))
            assert reply["ok"] or reply["error"] in (
                "bad_request", "unknown_request", "bad_json", "busy", "supply_off",
            ), reply  # fmt: skip
            desk.advance(5)
        assert (desk.level("supply"), desk.level("key_off"), desk.level("pulse_out")) == (
            1,
            1,
            None,
        )
        assert desk.ask("read")["cut_armed"] is False
