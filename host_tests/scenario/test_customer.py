"""What a customer does at the keypad, and reads on the display."""

import pytest
from data import meters

TOKEN = meters.TOKEN_100_WH
ACCEPTED = ["Accept", "+0.100 kWh", "Thank you", "Now 0.100 kWh"]


def test_token_keyed_in_digit_by_digit_switches_the_supply_on(meter):
    assert meter.wait(0) == ["0.000 kWh", "OFF: no credit", "0 W", "Enter a token"]
    assert meter.keys(TOKEN[:1]) == ["5_", "", "1 of 20 digits", "* takes back"]
    assert meter.keys(TOKEN[1:13]) == [
        "5938 6323 4721",
        "3_",
        "13 of 20 digits",
        "* takes back",
    ]
    assert meter.keys(TOKEN[13:]) == ACCEPTED
    assert meter.ask("read")["relay"] == "closed"
    assert meter.wait(10)[:2] == ["0.100 kWh", "LOW CREDIT"]


def test_the_answer_stays_for_eight_seconds_or_until_a_key_is_pressed(meter):
    assert meter.keys(TOKEN) == ACCEPTED
    assert meter.wait(7) == ACCEPTED
    assert meter.wait(2)[0] == "0.100 kWh"
    assert meter.keys(TOKEN)[0] == "UsedError"
    assert meter.keys("1*")[0] == "0.100 kWh"


def test_enter_after_the_last_digit_keeps_the_answer_for_eight_seconds_more(meter):
    for keys, answer in ((TOKEN, ACCEPTED), ("9" * 20, None)):
        told = meter.keys(keys)
        assert meter.wait(5) == told == (answer or told)
        assert meter.keys("#") == told
        assert meter.wait(7) == told
        assert meter.wait(2)[0] == "0.100 kWh"


def test_whoever_presses_enter_after_each_token_enters_one_after_the_other(meter):
    for _ in range(2):
        assert meter.keys(TOKEN + "#")[3] == "Now 0.100 kWh"
    assert meter.keys("#4#")[:2] == ["Credit", "0.100 kWh"]
    assert meter.keys(TOKEN + "#4#")[:2] == ["Credit", "0.100 kWh"]


def test_supply_that_ends_is_shown_at_once_over_an_answer(meter):
    assert meter.keys(TOKEN) == ACCEPTED
    meter.ask("pulses", count=100, over_s=1)
    assert meter.wait(1)[:2] == ["0.000 kWh", "OFF: no credit"]


def test_the_same_token_again_is_used(meter):
    meter.keys(TOKEN)
    assert meter.keys(TOKEN) == ["UsedError", "Used before", "Buy a new one", "Now 0.100 kWh"]


def test_a_mistyped_digit_is_told_apart_and_can_be_taken_back(meter):
    assert meter.keys(TOKEN[:19] + "0")[0] == "CRCError"
    assert meter.keys(TOKEN[:10] + "99**" + TOKEN[10:]) == ACCEPTED


def test_an_entry_left_alone_is_dropped_after_thirty_seconds(meter):
    meter.keys(TOKEN[:7])
    assert meter.wait(29)[2] == "7 of 20 digits"
    assert meter.wait(2)[3] == "Enter a token"


def test_too_few_digits_and_too_large_numbers_are_no_tokens(meter):
    for keys in ("123#", "9" * 20):
        assert meter.keys(keys)[0] == "FormatError"
    assert meter.ask("read")["lockout_s"] == 0


def test_three_wrong_tokens_make_the_customer_wait(meter):
    for _ in range(3):
        assert meter.keys(TOKEN[:19] + "0")[0] == "CRCError"
    assert 5 <= meter.ask("read")["lockout_s"] <= 10
    assert meter.keys(TOKEN)[0] == "LockedOut"
    meter.wait(60)
    assert meter.keys(TOKEN) == ACCEPTED
    assert meter.ask("read")["lockout_s"] == 0


def test_credit_runs_out_and_the_switch_opens_once(meter):
    meter.keys(TOKEN)
    used = meter.ask("pulses", count=99, over_s=60)
    assert (used["credit_wh"], used["relay"]) == (1, "closed")
    used = meter.ask("pulses", count=1, over_s=1)
    assert (used["credit_wh"], used["relay"]) == (0, "open")
    assert meter.ask("read")["relay_reason"] == "no_credit"


def test_the_display_tests_of_a_class_1_token_follow_each_other(meter):
    assert meter.keys(meters.TEST_ALL) == ["Load switch test", "opens for 3 s", "", ""]
    shown = [meter.wait(4)[0] for _ in range(15)]
    assert shown[1:5] == ["Total used", "Key revision KRN", "Tariff index TI", "Keypad test"]
    assert shown[-1] == "Meter number DRN"
    assert meter.wait(4)[3] == "Enter a token"


def test_the_load_switch_test_opens_the_switch_for_three_seconds(meter):
    meter.keys(TOKEN)
    meter.keys("00000000000150997584")
    assert meter.ask("read")["relay_reason"] == "test"
    meter.wait(3)
    assert meter.ask("read")["relay"] == "closed"


def test_short_codes_and_pages_show_the_registers(meter):
    meter.keys(TOKEN)
    assert meter.keys("#4#")[:2] == ["Credit", "0.100 kWh"]
    assert meter.keys("#078#")[:2] == ["Last result", "Accept"]
    assert meter.keys("#54#") == ["Last token", "5938 6323 4721", "3742 6967", "Accept, manual"]
    assert meter.keys("#2#") == ["Last amount", "0.100 kWh", "", "Accept, manual"]
    assert meter.keys("#64#")[:2] == ["TID of token", str(meters.TOKEN_100_WH_TID)]
    assert meter.keys("#999#")[:2] == ["No such code", "#999"]
    assert meter.keys("*")[:2] == ["Meter number", meters.DRN]
    assert meter.keys("*")[0] == "SGC 123457"
    assert meter.keys("**")[3] == "Enter a token"


_LAST_CREDIT = {
    "meter20": ("#2#", "#59#", "#54#", "#64#"),
    "conlog": ("#2#", "#59#", "#54#", "#64#"),
    "landisgyr": ("#2#", "#59#", "#54#", "#64#", "#054#", "#055#", "#056#", "#301#"),
    "pln": ("2#", "59#", "54#", "64#"),
}


@pytest.mark.parametrize("profile", _LAST_CREDIT)
def test_the_last_credit_is_the_last_that_was_accepted_in_every_dialect(factory_meter, profile):
    meter = factory_meter
    meter.provision(profile=profile)
    meter.keys(TOKEN)
    before = [meter.keys(code) for code in _LAST_CREDIT[profile]]
    for digits in (TOKEN, TOKEN[:-1] + "0", meters.TOKEN_WATER, "1" * 20, "9" * 20):
        meter.ask("token", digits=digits)
        meter.wait(1300)
    assert [meter.keys(code) for code in _LAST_CREDIT[profile]] == before
    for screen in before:
        assert "none" not in screen


def test_the_key_change_test_tells_how_many_tokens_this_meter_takes(factory_meter):
    code = "00000000275012127252"  # test 15
    factory_meter.provision()
    assert factory_meter.keys(code)[:2] == ["Key change", "4 tokens"]


def test_a_meter_without_a_key_says_so(factory_meter):
    assert factory_meter.wait(20)[0] == "Not provisioned"
    assert factory_meter.keys(TOKEN)[0] == "Not provisioned"
    reply = factory_meter.ask("token", digits=TOKEN)
    assert (reply["error"], reply["message"]) == ("not_provisioned", "the meter has no key yet")
    assert factory_meter.keys(meters.TEST_TOTAL)[0] == "Total used"


def test_power_after_a_pause_is_right_with_the_second_pulse(meter):
    meter.ask("token", digits=meters.TOKEN_100_WH)
    meter.ask("pulses", count=1)
    meter.ask("advance", seconds=20)
    seen = []
    for _ in range(3):
        meter.ask("pulses", count=1, over_s=1)
        seen.append(meter.ask("read")["power_w"])
    assert seen == [171, 3600, 3600]


def test_the_load_switch_test_closes_nothing_that_must_be_open(meter):
    meter.ask("token", digits="00000000000150997584")
    for _ in range(5):
        read = meter.ask("read")
        assert (read["relay"], read["relay_reason"]) == ("open", "no_credit")
        meter.wait(1)


def test_pressed_keys_tell_what_became_of_the_last_token(meter):
    assert meter.ask("keys", keys="1")["last_result"] is None
    assert meter.ask("keys", keys="C" + meters.TOKEN_100_WH)["last_result"] == "Accept"
    assert meter.ask("keys", keys="#1#")["last_result"] == "Accept"
