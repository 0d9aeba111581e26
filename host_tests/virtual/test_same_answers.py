"""The meter on CPython and the meter on MicroPython answer with the same bytes."""

import json
import random
from pathlib import Path

import pytest
from body import SimBody

from meter20 import samples
from meter20.virtual.node import VirtualBody

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "vectors.json").read_text())

#: Most vectors are tokens for this meter; manufactured so early that none is too old.
PROVISION = {**samples.PROVISION, "manufactured": 1}

MALFORMED = (
    b"",
    b"{",
    b"[]",
    b"null",
    b'"read"',
    b"\xff\xfe",
    b'{"do":"read"',
    b'{"do":7}',
    b'{"do":"fly"}',
    b'{"do":"token"}',
    b'{"do":"token","digits":null}',
    b'{"do":"token","digits":"12"}',
    b'{"do":"keys","keys":"xyz"}',
    b'{"do":"pulses","count":-1}',
    b'{"do":"advance","seconds":"soon"}',
    b'{"do":"provision"}',
    b'{"do":"read","id":{"a":[1,2,"\\u00e9\\"\\\\"]}}',
    b"x" * 1_000_000,
)


def exchange_emulated(body, line):
    reply = body.feed(line + b"\n")
    while reply is None:
        reply = body.resume()
    return reply.rstrip(b"\n")


def day(seed):
    """Return the request lines of a day: tokens in mixed order, load, power cuts, bad lines."""
    choice = random.Random(seed)
    tokens = [vector["token"] for vector in VECTORS["vectors"] if "token" in vector]
    requests = [{"do": "token", "digits": token} for token in choice.choices(tokens, k=60)]
    requests += [{"do": "explain", "digits": token} for token in choice.sample(tokens, 10)]
    requests += [{"do": "pulses", "count": 1000, "over_s": 60} for _ in range(5)]
    requests += [{"do": "keys", "keys": "".join(choice.choices("0123456789*#", k=30))}] * 3
    requests += [{"do": "arm_cut", "after_ops": cut, "torn": cut % 2 == 1} for cut in range(6)]
    requests += [{"do": "power_cut"}, {"do": "advance", "seconds": 100}, {"do": "read"}] * 3
    requests += [{"do": "pulses", "count": 10_000, "over_s": 3600}]
    lines = [json.dumps(request).encode() for request in requests] + list(MALFORMED)
    choice.shuffle(lines)
    return [json.dumps(PROVISION).encode(), *lines, b'{"do":"read"}']


@pytest.mark.parametrize("seed", range(2))
def test_day_on_both(seed):
    emulated = SimBody()
    with VirtualBody() as virtual:
        for line in day(seed):
            expected = exchange_emulated(emulated, line)
            assert virtual.exchange(line) == expected, line[:200]
    assert json.loads(expected)["drn"] == PROVISION["drn"]


def test_malformed_lines_get_one_reply_each_and_the_port_lives_on():
    with VirtualBody() as virtual:
        for line in MALFORMED:
            assert "ok" in json.loads(virtual.exchange(line)), line[:200]
        assert virtual.request({"do": "read", "id": 7})["id"] == 7


def test_credit_outlives_the_process(tmp_path):
    token = "59386323472137426967"  # 0.1 kWh
    with VirtualBody(tmp_path) as first:
        assert first.request(PROVISION)["ok"]
        assert first.request({"do": "token", "digits": token})["result"] == "Accept"
        first._child.kill()
    with VirtualBody(tmp_path) as second:
        assert second.request({"do": "read"})["credit_wh"] == 100
        assert second.request({"do": "token", "digits": token})["result"] == "UsedError"
