"""Tokens of two key change sets, mixed: what contradicts itself is never taken for a key."""

from itertools import permutations

import pytest
from data import meters
from data.tokens import NEW_KEY, key_change, token
from sts.decoder_key import DecoderKey
from sts.key_change import WINDOW_MS

from meter20.vending.encoder import encode

OTHER_KEY = bytes(range(32, 48))  # test key
A, B = key_change(), key_change(key=OTHER_KEY, krn=3, ti=9, ken=254, sgc=111_222)
KEY_07, NEW_KEY_07, OTHER_KEY_07 = (bytes(range(at, at + 8)) for at in (1, 21, 41))  # test keys


def set_07(key, sgc=None):
    """The tokens of an EA07 set that brings `key`: two, or three with an `sgc`."""
    words = int.from_bytes(key[:4]), int.from_bytes(key[4:])
    first = {"kenho": 15, "krn": 2, "ro": 0, "kct3": int(sgc is not None), "kt": 2}
    made = [
        encode("Set1stSectionDecoderKey", "07", KEY_07, first | {"nkho": words[0]}),
        encode("Set2ndSectionDecoderKey", "07", KEY_07, {"kenlo": 15, "ti": 3, "nklo": words[1]}),
    ]
    if sgc is not None:
        fields = {"sgc": sgc, "reserved": 0}
        made.append(encode("Set3rdSectionDecoderKey", "07", KEY_07, fields))
    return made


def key_after(meter, entered):
    """Enter tokens, none of which is refused; return the key that the meter then has."""
    for digits in entered:
        outcome = meter.enter(digits, 0)
        assert outcome.result == "Accept" or outcome.missing
    return meter.state.key.decoder_key.octets


def meter_07():
    return meters.meter(key=meters.key(ea="07", decoder_key=DecoderKey(KEY_07)))


def test_a_token_that_contradicts_those_before_begins_another_set_and_the_screen_says_so(meter):
    meter.keys(A[0])
    meter.keys(A[1])
    assert meter.keys(B[0]) == ["1stKCT", "ANOTHER key set", "Enter its token", "2 3 4"]
    reply = meter.ask("token", digits=B[2])
    assert (reply["missing"], "another_set" in reply) == ([2, 4], False)
    assert meter.ask("token", digits=A[2])["another_set"] is True
    for digits in (B[2], B[0], B[3]):
        assert meter.ask("token", digits=digits)["result"] != "Accept"
    assert meter.keys(B[1])[:2] == ["Accept", "New key KRN 3"]
    assert meter.ask("token", digits=token("ClearCredit", OTHER_KEY, tid=9_000_000, value=0))["ok"]


def test_the_first_of_a_set_ends_what_was_begun_whatever_it_was():
    """Each way to have begun set A with its first, then set B in each order that begins so."""
    for count in (1, 2, 3):
        for begun in permutations(A, count):
            if A[0] not in begun:
                continue
            for rest in permutations(B[1:]):
                assert key_after(meters.meter(), (*begun, B[0], *rest)) == OTHER_KEY


@pytest.mark.parametrize("sgcs", [(None, None), (111_111, 222_222)])
def test_a_set_of_two_or_three_in_any_order_after_one_that_was_given_up(sgcs):
    given_up, other = set_07(NEW_KEY_07, sgcs[0]), set_07(OTHER_KEY_07, sgcs[1])
    for section in range(len(other)):
        for rest in permutations([each for at, each in enumerate(other) if at != section]):
            entered = (given_up[section], other[section], *rest)
            assert key_after(meter_07(), entered) == OTHER_KEY_07


def test_a_set_of_two_and_one_of_three_are_not_mixed():
    two, three = set_07(NEW_KEY_07), set_07(OTHER_KEY_07, 222_222)
    for order in permutations(three):
        if order[0] == three[2]:
            assert key_after(meter_07(), (two[0], *order)) == OTHER_KEY_07
            assert key_after(meter_07(), (*order[:1], two[0], two[1])) == NEW_KEY_07


def test_the_ten_minutes_of_another_set_begin_with_its_first_token():
    meter = meters.meter()
    window_ms = WINDOW_MS
    meter.enter(A[0], 0)
    meter.enter(B[0], window_ms - 1)
    assert not meter.expire_key_change(2 * window_ms - 2)
    assert meter.expire_key_change(2 * window_ms - 1)


def test_the_same_set_typed_twice_makes_its_key():
    assert key_after(meters.meter(), (*A[:3], *A)) == NEW_KEY
