"""What only a bench with the two-board fixture can try: `--fixture PORT`."""

import pytest

pytestmark = pytest.mark.group("two boards")

BOUNCE = {"bounces": 8, "bounce_us": 250}  # 4 ms at each edge


def test_the_contact_of_the_relay_follows_the_credit(meter):
    meter.clear_credit()
    assert meter.ask("read")["relay"] == "open"  # and so is the contact, or `ask` says so
    before = meter.fixture.read()["relay_closings"]
    assert meter.keys(meter.credit(1))[0] == "Accept"
    read = meter.fixture.read()
    assert (read["relay"], read["relay_closings"]) == ("closed", before + 1)
    assert meter.ask("pulses", count=99)["relay"] == "closed"
    assert meter.ask("pulses", count=1)["relay"] == "open"
    read = meter.fixture.read()
    assert (read["relay"], read["relay_closings"]) == ("open", before + 1)


def test_the_status_led_blinks_while_the_meter_is_well_and_not_in_the_dark(meter):
    before = meter.fixture.read()["status_led_falls"]
    assert meter.fixture.pause(10_000)["status_led_falls"] > before + 1
    meter.fixture.arm_cut(dark_ms=5000)
    dark = meter.fixture.until(lambda read: read["supply"] == "off", 1000, "no cut")
    dark = meter.fixture.pause(300)
    assert (dark["status_led"], dark["relay"], dark["supply"]) == (False, "open", "off")
    assert meter.fixture.pause(3000)["status_led_falls"] == dark["status_led_falls"]
    meter.await_power()


def test_the_pulse_led_changes_with_the_energy(meter):
    meter.results(meter.credit())
    before = meter.fixture.read()["pulse_led_falls"]
    meter.ask("pulses", count=20, over_s=10)
    assert meter.fixture.read()["pulse_led_falls"] > before + 3


@pytest.mark.parametrize(
    "train",
    [{"low_us": 10_000, "period_us": 20_000}, {"low_us": 10_000, "period_us": 20_000, **BOUNCE},
     {"low_us": 30_000, "period_us": 70_001, "bounces": 3, "bounce_us": 700}],
    ids=["50 Hz", "50 Hz with bounce", "14 Hz with bounce"],
)  # fmt: skip
def test_every_pulse_of_a_train_is_counted_once(meter, train):
    meter.results(meter.credit())
    before = meter.ask("read")["total_wh"]
    meter.fixture.pulses(200, **train)
    assert meter.ask("pulses", count=0)["total_wh"] == before + 200
    assert meter.fixture.read()["pulses_made"] == 200


def test_keys_typed_while_pulses_come_are_all_seen_and_so_are_the_pulses(meter):
    meter.results(meter.credit())
    before = meter.ask("read")["total_wh"]
    takes_ms = meter.fixture.begin_pulses(250)
    digits = meter.credit(1)
    meter.fixture.press(digits, hold_ms=60, gap_ms=60)
    meter.fixture.until(lambda read: not read["pulses_running"], takes_ms, "no end")
    after = meter.ask("pulses", count=0)
    assert (after["last_result"], after["total_wh"]) == ("Accept", before + 250)
    assert meter.results(digits) == ["UsedError"]


def test_a_finger_in_a_hurry_loses_no_key(meter):
    digits = meter.credit(1)
    meter.fixture.press(digits, hold_ms=30, gap_ms=30)
    assert meter.ask("pulses", count=0)["display"][0] == "Accept"


def test_a_key_that_is_stuck_is_shown_and_does_not_count(meter):
    meter.keys("C")
    meter.fixture.order("keys", keys="7", hold_ms=13_000)
    meter.fixture.pause(12_000)
    assert meter.ask("read")["display"][:2] == ["KEY STUCK", "7"]
    meter.fixture.until(lambda read: not read["keys_left"], 5000, "no end")
    assert "1 of 20 digits" in meter.keys("8")
    meter.keys("C")


def test_a_cut_after_any_pulse_gives_away_a_tenth_of_a_kwh_at_most(meter):
    meter.results(meter.credit())
    for pulse in (1, 57, 99, 100, 101):
        before = meter.ask("pulses", count=0)["credit_wh"]
        meter.fixture.arm_cut("pulse", pulse, delay_us=7000)
        meter.fixture.pulses(pulse)
        meter.await_power()
        assert before - pulse <= meter.ask("read")["credit_wh"] <= before - pulse + 100


def test_half_a_token_is_forgotten_in_the_dark_and_a_whole_one_is_not(meter):
    digits = meter.credit()
    before = meter.ask("read")["credit_wh"]
    meter.fixture.press(digits[:10])
    meter.ask("power_cut")
    meter.fixture.press(digits[10:])
    assert "10 of 20 digits" in meter.keys("")
    meter.keys("C")
    assert meter.keys(digits)[0] == "Accept"
    meter.ask("power_cut")
    assert meter.ask("read")["credit_wh"] == before + 10_000
