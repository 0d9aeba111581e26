"""A day in the life of a meter gives the same replies, byte for byte, on both interpreters.

Sixty tokens of all sorts in mixed order, 10^6 pulses, power cuts between requests.
"""

import json
import random

import pytest
from data import meters
from rigs.benches import BODIES

from meter20.samples import PROVISION
from meter20.vending.encoder import encode

TID = meters.MANUFACTURED + 1000


def credit(tid, amount_field=300, key=meters.KEY, kind="TransferCredit.electricity"):
    return encode(kind, "11", key, {"rnd": 5, "tid": tid, "amount_field": amount_field})


def sixty_tokens():
    """Return [(digits, result, amount in Wh)] in the order in which they are entered."""
    new = [credit(TID + 7 * n, amount_field=100 * n) for n in range(1, 31)]
    tokens = [(digits, "Accept", 10_000 * n) for n, digits in enumerate(new, 1)]
    random.Random(20).shuffle(tokens)
    again = [(digits, "UsedError", 0) for digits, _result, _wh in tokens[::3]]
    old = [(credit(meters.MANUFACTURED - n), "OldError", 0) for n in range(1, 6)]
    other = [(credit(TID + n, kind="TransferCredit.water"), "FunctionError", 0) for n in (1, 2)]
    wrong_key = [(credit(TID + 900 + n, key=bytes(16)), "CRCError", 0) for n in range(2)]
    tests = [(meters.TEST_ALL, "Accept", 0), (meters.TEST_TOTAL, "Accept", 0)]
    no_token = [("9" * 20, "FormatError", 0), ("123", "FormatError", 0)]
    mistyped = [(new[0][:-1] + str((int(new[0][-1]) + 1) % 10), "CRCError", 0)]
    last = [(credit(TID + 2000 + n), "Accept", 30_000) for n in range(6)]
    return tokens + again + old + other + tests + no_token + wrong_key + mistyped + last


def the_day():
    """Yield the requests of the day."""
    yield {"do": "read"}
    yield {**PROVISION, "imp_per_kwh": 3200}
    for number, (digits, _result, _amount_wh) in enumerate(sixty_tokens()):
        if number % 2:
            yield {"do": "keys", "keys": digits + ("#" if len(digits) < 20 else "")}
        else:
            yield {"do": "token", "digits": digits, "id": number}
        yield {"do": "read"}
        yield {"do": "pulses", "count": 16_666, "over_s": 334}
        if number % 7 == 0:
            yield {"do": "power_cut"}
        yield {"do": "advance", "seconds": 60 + number}
    yield {"do": "pulses", "count": 1_000_000 - 60 * 16_666, "over_s": 1}
    yield {"do": "explain", "digits": sixty_tokens()[0][0]}
    yield {"do": "read"}


@pytest.fixture(scope="module")
def days():
    """Return {body: [reply, ...]} of the whole day."""
    requests = [json.dumps(request).encode() for request in the_day()]
    replies = {}
    for name, make in BODIES.items():
        lines = make()
        replies[name] = [lines.exchange(request) for request in requests]
        lines.close()
    return replies


def test_replies_are_equal_byte_for_byte(days):
    for request, emulated, virtual in zip(the_day(), days["emulated"], days["virtual"]):
        assert emulated == virtual, request


def test_every_token_has_the_result_it_should(days):
    tokens = sixty_tokens()
    assert len(tokens) == 60
    results = []
    for request, reply in zip(the_day(), days["emulated"]):
        if request["do"] in ("token", "keys"):
            told = json.loads(reply)
            results.append(told["result"] if "result" in told else told["last_result"])
    assert results == [result for _digits, result, _wh in tokens]


def test_the_books_balance_within_a_tenth_of_a_kwh_a_cut(days):
    last = json.loads(days["emulated"][-1])
    bought_wh = sum(amount_wh for _digits, _result, amount_wh in sixty_tokens())
    assert last["credit_wh"] == bought_wh - last["total_wh"]
    cuts = sum(request["do"] == "power_cut" for request in the_day())
    used_wh = 1_000_000 * 1000 // 3200
    assert used_wh - 100 * cuts <= last["total_wh"] <= used_wh
