"""Too many wrong tokens: each carrier counts its own, and what may go on goes on. Both bodies."""

import pytest
from data import meters, tokens

TOKEN = meters.TOKEN_100_WH
WRONG = TOKEN[:19] + "0"
CARRIERS = ("keypad", "port")
LONGEST_S = {"keypad": 1280, "port": 10_240}


def enter(meter, carrier, digits):
    """Enter a token; return its result."""
    if carrier == "port":
        return meter.ask("token", digits=digits)["result"]
    return meter.keys(digits)[0]


def lock(meter, *carriers):
    for carrier in carriers:
        assert enter(meter, carrier, WRONG) == "CRCError"
    return meter.ask("read")["lockout_s"]


@pytest.mark.parametrize("carrier", CARRIERS)
def test_wrong_tokens_lock_their_own_carrier_and_no_other(meter, carrier):
    other = CARRIERS[1 - CARRIERS.index(carrier)]
    assert lock(meter, carrier, carrier) == 0
    assert lock(meter, carrier) > 0
    assert enter(meter, carrier, TOKEN) == "LockedOut"
    assert meter.ask("read")["credit_wh"] == 0
    assert enter(meter, other, TOKEN) == "Accept"
    assert enter(meter, carrier, TOKEN) == "LockedOut"


def test_the_wait_of_each_carrier_is_told(meter):
    lock(meter, "keypad", "keypad", "keypad", "port", "port", "port")
    meter.wait(10)
    lock(meter, "port")
    read = meter.ask("read")
    assert read["lockouts_s"] == {"manual": 0, "local": 20, "remote": 0}
    assert (read["lockout_s"], read["last_carrier"]) == (20, "local")
    assert meter.keys(TOKEN)[0] == "Accept"
    assert meter.ask("read")["last_carrier"] == "manual"


@pytest.mark.parametrize("carrier", CARRIERS)
def test_waits_double_and_the_wait_after_a_power_cut_is_the_whole_one(meter, carrier):
    longest_s = LONGEST_S[carrier]
    for wait_s in (0, 0, *(min(10 << n, longest_s) for n in range(12))):
        lock(meter, carrier)
        meter.ask("power_cut")
        left_s = meter.ask("read")["lockout_s"]
        assert left_s == wait_s
        meter.wait(left_s)


@pytest.mark.parametrize("torn", [False, True])
@pytest.mark.parametrize("after_ops", range(4))
def test_a_power_cut_during_a_guess_gives_no_free_try(meter, after_ops, torn):
    # Two flash operations store the count, then the token is decrypted, two more store a note.
    for _ in range(2):
        meter.ask("power_cut")  # past the first slots, which need an erase
    meter.ask("arm_cut", after_ops=after_ops, torn=torn)
    assert meter.ask("token", digits=WRONG)["error"] == "power_cut"
    tries = 0
    while lock(meter, "port") == 0:
        tries += 1
    assert tries + 1 in ((2,) if after_ops >= 2 else (2, 3))


@pytest.mark.parametrize("carrier", CARRIERS)
def test_tests_and_short_codes_are_answered_meanwhile(meter, carrier):
    lock(meter, carrier, carrier, carrier)
    assert meter.ask("token", digits=meters.TEST_TOTAL)["result"] == "Accept"
    assert meter.keys(meters.TEST_TOTAL)[0] == "Total used"
    assert meter.keys("#4#")[0] == "Credit"
    assert meter.ask("read")["lockout_s"] > 0


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_valid_token_clears_the_count_and_a_used_one_does_not(meter, carrier):
    assert enter(meter, carrier, TOKEN) == "Accept"
    lock(meter, carrier, carrier)
    assert enter(meter, carrier, TOKEN) == "UsedError"
    assert lock(meter, carrier) > 0  # the third all the same
    meter.wait(60)
    assert enter(meter, carrier, tokens.credit(meters.TOKEN_100_WH_TID + 1)) == "Accept"
    assert lock(meter, carrier, carrier) == 0


def test_entries_during_the_wait_do_not_count(meter):
    lock(meter, "port", "port", "port")
    for _ in range(20):
        assert meter.ask("token", digits=WRONG)["result"] == "LockedOut"
    meter.wait(10)
    lock(meter, "port")
    assert 15 < meter.ask("read")["lockout_s"] <= 20
