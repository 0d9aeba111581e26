"""The meter on CPython and the meter on MicroPython answer with the same bytes."""

import json
import random
import subprocess
from pathlib import Path

import pytest
from body import SimBody
from data.json_texts import NO_JSON
from rigs.virtual_meters import VirtualMeter

from meter20 import samples
from meter20.virtual import node
from meter20.virtual.node import VirtualBody

SPOILT = 3000  # requests

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
    b'{"do":"read","do":"power_cut"}',
    b'{"do":"read","id":"\\ud83d\\ude00\\ud800"}',
    b"[" * 4000,
    b"[" * 90 + b"]" * 90,
    b"x" * 1_000_000,
    *(text for text in NO_JSON if not set(text) & set(b"\r\n")),  # those are two lines, or none
    *(b'{"do":"read","id":1,"x":%b}' % text for text in NO_JSON if not set(text) & set(b"\r\n")),
)

#: Numbers, where a request needs a whole one of its own range.
NUMBERS = (
    b"1.0", b"1e0", b"1e400", b"-0", b"-0.0", b"-1",
    b"true", b"false", b"null", b'"1"', b"[]", b"{}",
    *(b"%d" % (1 << bits) for bits in (30, 31, 32, 53, 62, 63, 64, 400)),
    *(b"%d" % ((1 << bits) - 1) for bits in (30, 31, 32, 53, 62, 63, 64)),
    *(b"-%d" % (1 << bits) for bits in (30, 31, 63, 64)),
    b"9" * 300,
)  # fmt: skip


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


#: Good requests, of every kind. What takes the emulation long is asked for in small amounts.
GOOD = (
    {"do": "read", "id": "naïve \U0001f600", "x": [1, -2.5, True, None, {"y": []}]},
    {"do": "token", "digits": "5938 6323 4721 3742 6967", "id": 7},
    {"do": "explain", "digits": "59386323472137426967"},
    {"do": "keys", "keys": "#1#12*C"},
    {"do": "pulses", "count": 7, "over_s": 2},
    {"do": "advance", "seconds": 3},
    {"do": "arm_cut", "after_ops": 9, "torn": False},
    {"do": "brown_out", "failing": False},
    {"do": "tamper", "open": False},
    {"do": "clock", "utc": "2026-11-29T10:00:00Z"},
    {"do": "clock"},
    {"do": "break", "part": "buzzer", "call": "tone", "how": ""},
    {"do": "power_cut"},
    {**PROVISION, "tariff": [[100, 2000], [0, 3000]], "profile": "pln", "friendly_from": 18},
)
_MARKS = b'{}[]",:\\ \t\r\x00\x7f\x80\xc3\xa9\xed\xff0123456789-+.eEuntfrDd'


def spoilt(line, choice):
    """Return `line` with a few of its bytes changed, left out, doubled or moved."""
    line = bytearray(line)
    for _ in range(choice.choice((0, 1, 1, 1, 2, 3))):
        at = choice.randrange(len(line) + 1)
        end = at + choice.choice((0, 1, 1, 2, 8))
        new = choice.choice(
            (b"", bytes([choice.choice(_MARKS)]), line[at:end] * 2, choice.choice(NUMBERS))
        )
        line[at:end] = new
    return bytes(line).replace(b"\n", b"")


def test_thousands_of_spoilt_requests_get_the_same_answers_on_both():
    choice = random.Random(16)
    emulated = SimBody()
    exchange_emulated(emulated, json.dumps(PROVISION).encode())
    said = set()
    with VirtualBody() as virtual:
        virtual.request(**PROVISION)
        for _ in range(SPOILT):
            good = json.dumps(choice.choice(GOOD), ensure_ascii=choice.random() < 0.5)
            line = spoilt(good.encode(), choice)
            for part in ended_by_cr(line):
                expected = exchange_emulated(emulated, part)
                assert virtual.exchange(part) == expected, part
                said.add(json.loads(expected).get("error"))
    assert said >= {None, "bad_json", "bad_request", "unknown_request", "already_provisioned"}


def ended_by_cr(line):
    """Return the lines that `line` and its end are: a CR ends one, too."""
    return line.removesuffix(b"\r").split(b"\r")


def test_spoilt_provisioning_gets_the_same_answers_on_both():
    choice = random.Random(61)
    good = {**GOOD[-1], "imp_per_kwh": 0}  # which is refused when all the rest was right
    emulated, virtual, said = SimBody(), VirtualMeter(), set()
    for _ in range(SPOILT // 2):
        for part in ended_by_cr(spoilt(json.dumps(good).encode(), choice)):
            expected = exchange_emulated(emulated, part)
            assert virtual.exchange(part) == expected, part
            reply = json.loads(expected)
            said.add(reply.get("message"))
            if reply["ok"] and "tids" in reply:
                virtual.close()
                emulated, virtual = SimBody(), VirtualMeter()
    virtual.close()
    assert len(said) > 20


@pytest.mark.parametrize("good", GOOD, ids=lambda good: good["do"])
def test_numbers_of_every_size_and_kind_get_the_same_answers_on_both(good):
    emulated = SimBody()
    with VirtualMeter() as virtual:
        for name in good:
            for number in NUMBERS:
                named = json.dumps({**good, name: "@"}).encode()
                line = named.replace(b'"@"', number)
                assert virtual.exchange(line) == exchange_emulated(emulated, line), line


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_lines_end_as_terminals_send_them_on_both(end):
    lines = [b'{"do":"read","id":1}', b"", b'{"do":"fly"}', b"x" * 5000, b'{"do":"read","id":2}']
    stream = end.join(lines) + end
    replies = SimBody().feed(stream)
    assert [json.loads(line).get("id") for line in replies.splitlines()] == [
        1,
        None,
        None,
        None,
        2,
    ]
    done = subprocess.run(node.serve_command(), input=stream, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, replies, b"")


def test_malformed_lines_get_one_reply_each_and_the_port_lives_on():
    with VirtualBody() as virtual:
        for line in MALFORMED:
            assert "ok" in json.loads(virtual.exchange(line)), line[:200]
        assert virtual.request(**{"do": "read", "id": 7})["id"] == 7


def test_credit_outlives_the_process(tmp_path):
    token = "59386323472137426967"  # 0.1 kWh
    with VirtualBody(tmp_path) as first:
        assert first.request(**PROVISION)["ok"]
        assert first.request(**{"do": "token", "digits": token})["result"] == "Accept"
        first._child.kill()
    with VirtualBody(tmp_path) as second:
        assert second.request(**{"do": "read"})["credit_wh"] == 100
        assert second.request(**{"do": "token", "digits": token})["result"] == "UsedError"
