"""What a meter owes its customer: tokens count once, guesses wait, keys change all at once."""

import pytest
from data import meters
from data.tokens import NEW_KEY, credit, key_change, token


def mistyped(digits):
    return digits[:-1] + str((int(digits[-1]) + 1) % 10)


@pytest.mark.group("credit")
def test_credit_grows_by_what_the_token_says(meter):
    before = meter.ask("read")["credit_wh"]
    reply = meter.ask("token", digits=meter.credit(256))
    assert (reply["result"], reply["amount_wh"]) == ("Accept", 25_600)
    assert reply["credit_wh"] == before + 25_600


@pytest.mark.group("credit")
def test_credit_closes_the_load_switch_and_clearing_it_opens_it(meter):
    assert meter.results(meter.credit()) == ["Accept"]
    assert meter.ask("read")["relay"] == "closed"
    meter.clear_credit()
    read = meter.ask("read")
    assert (read["credit_wh"], read["relay"]) == (0, "open")
    assert read["relay_reason"] == "no_credit"


@pytest.mark.group("credit")
def test_credit_runs_out_to_the_pulse(meter):
    meter.clear_credit()
    meter.results(meter.credit(1))
    used = meter.ask("pulses", count=99, over_s=5)
    assert (used["credit_wh"], used["relay"]) == (1, "closed")
    used = meter.ask("pulses", count=1, over_s=1)
    assert (used["credit_wh"], used["relay"]) == (0, "open")


@pytest.mark.group("credit")
def test_credit_past_what_the_register_holds_is_refused_whole(open_meter):
    meter = open_meter()
    largest, credit_wh, result = 0xFFFF, 0, "Accept"
    while result == "Accept":
        before = credit_wh
        reply = meter.ask("token", digits=meter.credit(largest))
        result, credit_wh = reply["result"], reply["credit_wh"]
        assert credit_wh < 100 * 1_820_162_400
    assert (result, credit_wh) == ("OverflowError", before)
    assert meter.results(meter.credit(1)) == ["Accept"]


@pytest.mark.group("replay")
def test_a_token_counts_once(meter):
    digits = meter.credit()
    assert meter.results(digits, digits, digits) == ["Accept", "UsedError", "UsedError"]


@pytest.mark.group("replay")
def test_a_token_counts_once_across_a_restart(meter):
    digits = meter.credit()
    meter.results(digits)
    assert meter.ask("power_cut")["ok"]
    assert meter.results(digits) == ["UsedError"]


@pytest.mark.group("replay")
def test_a_token_counts_once_whatever_carries_it(meter):
    by_keys, by_port = meter.credit(), meter.credit()
    assert meter.keys(by_keys)[0] == "Accept"
    assert meter.results(by_keys, by_port) == ["UsedError", "Accept"]
    assert meter.ask("keys", keys=by_port)["last_result"] == "UsedError"


@pytest.mark.lengthy("20 tokens")
@pytest.mark.group("replay")
def test_tokens_of_the_memory_may_come_in_any_order(meter):
    tokens = [meter.credit() for _ in range(10)]
    tokens = tokens[::-2] + tokens[::2]
    assert meter.results(*tokens) == ["Accept"] * 10
    assert meter.results(*tokens) == ["UsedError"] * 10


@pytest.mark.lengthy("52 tokens")
@pytest.mark.group("replay")
def test_a_token_older_than_the_memory_is_old(meter):
    late = meter.credit()
    for _ in range(50):
        assert meter.results(meter.credit(1)) == ["Accept"]
    assert meter.results(late) == ["OldError"]


@pytest.mark.group("guessing")
def test_a_wrong_digit_and_a_foreign_key_are_crc_errors(meter):
    assert meter.results(mistyped(meter.credit())) == ["CRCError"]
    assert meter.results(meter.credit(key=NEW_KEY)) == ["CRCError"]
    meter.clear_wait()


@pytest.mark.group("guessing")
def test_three_guesses_lock_the_meter_and_a_good_token_waits(meter):
    good = meter.credit()
    meter.results(*(mistyped(meter.credit()) for _ in range(3)))
    lockout_s = meter.ask("read")["lockout_s"]
    assert lockout_s > 0
    assert meter.results(good) == ["LockedOut"]
    meter.wait(lockout_s)
    assert meter.results(good) == ["Accept"]
    assert meter.ask("read")["lockout_s"] == 0


@pytest.mark.group("guessing")
def test_a_lock_out_outlives_a_restart(meter):
    meter.results(*(mistyped(meter.credit()) for _ in range(3)))
    assert meter.ask("power_cut")["ok"]
    assert meter.ask("read")["lockout_s"] > 0
    meter.clear_wait()


@pytest.mark.group("guessing")
def test_a_token_refused_for_its_number_does_not_forgive_guesses(meter):
    used = meter.credit()
    meter.results(used)
    meter.results(mistyped(meter.credit()), mistyped(meter.credit()), used)
    meter.results(mistyped(meter.credit()))
    assert meter.ask("read")["lockout_s"] > 0
    meter.clear_wait()


@pytest.mark.group("key change")
def test_a_key_changes_all_at_once_in_any_order_and_back_again(meter):
    # As the tokens of a real meter must still fit after this case, it ends with the key it had.
    first, second, third, fourth = key_change()
    credit_wh = meter.ask("read")["credit_wh"]
    old = meter.credit()
    assert meter.results(third, first, fourth) == ["3rdKCT", "1stKCT", "4thKCT"]
    assert meter.ask("read")["krn"] == 1
    assert meter.results(second) == ["Accept"]
    read = meter.ask("read")
    assert (read["sgc"], read["ti"], read["krn"], read["ken"]) == ("654321", "07", 2, 255)
    assert read["credit_wh"] == credit_wh
    new = meter.credit(key=NEW_KEY)
    assert meter.results(old, new, new) == ["CRCError", "Accept", "UsedError"]
    back = key_change(meters.KEY, krn=1, ti=1, sgc=123457, under=NEW_KEY)
    assert meter.results(*back) == ["1stKCT", "2ndKCT", "3rdKCT", "Accept"]
    assert meter.results(meter.credit()) == ["Accept"]


@pytest.mark.lengthy("10 minutes")
@pytest.mark.group("key change")
def test_an_unfinished_key_change_is_forgotten_after_ten_minutes(meter):
    first, second, third, fourth = key_change()
    meter.results(first, second, third)
    meter.wait(601)
    assert meter.results(fourth) == ["4thKCT"]
    assert meter.ask("read")["krn"] == 1


@pytest.mark.group("key change")
def test_roll_over_lets_low_identifiers_in(open_meter):
    meter = open_meter()
    meter.results(meter.credit())
    assert meter.results(*key_change(ro=1))[-1] == "Accept"
    assert meter.results(credit(5, key=NEW_KEY), credit(5, key=NEW_KEY)) == ["Accept", "UsedError"]


@pytest.mark.group("key change")
def test_an_initial_key_sells_nothing(open_meter):
    meter = open_meter(kt=0)
    assert meter.results(meter.credit()) == ["DDTKError"]
    assert meter.results(*key_change())[-1] == "Accept"
    assert meter.results(meter.credit(key=NEW_KEY)) == ["Accept"]


@pytest.mark.group("key change")
def test_a_forbidden_key_type_is_refused(meter):
    assert meter.results(key_change(kt=0)[0], key_change(kt=3)[0]) == ["KeyTypeError"] * 2


@pytest.mark.group("management")
def test_tamper_opens_the_switch_until_it_is_cleared(meter):
    meter.results(meter.credit())
    meter.ask("tamper", open=True)
    meter.wait(1)
    meter.ask("tamper", open=False)
    meter.wait(1)
    read = meter.ask("read")
    assert (read["tamper"], read["relay"]) == (True, "open")
    clear = token("ClearTamperCondition", tid=meter.new_tid(), value=0)
    assert meter.results(clear) == ["Accept"]
    assert meter.ask("read")["relay"] == "closed"


@pytest.mark.group("management")
def test_a_power_limit_token_sets_the_limit(meter):
    for watts in (256, 0):
        limit = token("SetMaximumPowerLimit", tid=meter.new_tid(), value=watts)
        assert meter.results(limit) == ["Accept"]
        assert meter.ask("read")["power_limit_w"] == watts


@pytest.mark.group("keypad")
def test_keys_show_each_digit_and_the_result(meter):
    digits = meter.credit(1)
    assert "1 of 20 digits" in meter.keys(digits[:1])
    shown = meter.keys(digits[1:])
    assert (shown[0], shown[1]) == ("Accept", "+0.100 kWh")


@pytest.mark.group("keypad")
def test_too_few_digits_and_too_large_numbers_are_no_tokens(meter):
    for keys in ("123#", "9" * 20):
        assert meter.keys(keys)[0] == "FormatError"
    assert meter.ask("read")["lockout_s"] == 0


@pytest.mark.group("identity")
def test_a_meter_is_provisioned_once(meter):
    assert meter.provision()["error"] == "already_provisioned"
    meter.ask("power_cut")
    assert meter.provision(drn="12345678903")["error"] == "already_provisioned"


@pytest.mark.group("identity")
def test_no_reply_holds_a_key(meter):
    replies = [meter.ask("read"), meter.ask("token", digits=meter.credit()), meter.provision()]
    assert meters.KEY.hex() not in str(replies).lower()
