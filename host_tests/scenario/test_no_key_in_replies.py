"""Whatever the service port is asked, no reply and no screen holds a key: old, new, or half sent.

Every request that a body knows is asked, with good and with bad arguments, before and after it has
a key, during a key change, while parts break, and after a restart.
"""

import pytest
from body import SimBody
from breakage import PARTS, WAYS
from data import meters
from data.tokens import credit, key_change
from rigs.benches import Bench
from rigs.leaks import leaks
from sts import digits

from meter20.bodies import EmulatedBody

NEXT_KEY = bytes.fromhex("8d3b51e2c06f9a47b81d7ef02495ac63")  # test key
KEYS = (meters.KEY, NEXT_KEY)
SET = key_change(key=NEXT_KEY)

ODD = (None, True, -1, 7, 1 << 70, 1.5, "", "x", '\u00e9"\\', "9" * 20, "0" * 5000, [], [[1]], {})

#: Arguments that are taken, for every request there is.
GOOD = {
    "help": [{}],
    "read": [{}],
    "token": [{"digits": one} for one in (meters.TOKEN_100_WH, meters.TEST_ALL, "1" * 20)],
    "keys": [{"keys": "".join(f"#{code}#**" for code in range(at, at + 20))}
             for at in range(0, 100, 20)] + [{"keys": meters.TEST_ALL + "*" * 40}],
    "provision": [meters.PROVISION],
    "pulses": [{"count": 7, "over_s": 1}],
    "advance": [{"seconds": 3}],
    "live": [{"watts": 3000, "ms": 1000}, {"keys": "#"}],
    "power_cut": [{}],
    "arm_cut": [{"after_ops": 0, "torn": True}, {"after_ops": 1}],
    "explain": [{"digits": one} for one in (meters.TOKEN_100_WH, *SET)],
    "tamper": [{"open": True}, {"open": False}],
    "brown_out": [{"failing": True}, {"failing": False}],
    "clock": [{"utc": "2026-05-11T21:20:00Z"}, {}],
    "break": [{"part": "display", "call": "", "how": ""}],
}  # fmt: skip


class Port(Bench):
    """The service port of a meter; a reply with a key in it is a failure."""

    def __init__(self, body):
        super().__init__(body)
        self.replies = 0

    def exchange(self, line):
        self.replies += 1
        reply = super().exchange(line)
        assert leaks(reply, *KEYS) == [], f"the reply to {line} holds a key"
        return reply


@pytest.fixture
def port(factory_meter):
    return Port(factory_meter)


def ask_all(port, *requests):
    for do in requests or GOOD:
        for fields in GOOD[do]:
            port.ask(do, **fields)


def ask_badly(port):
    for do, arguments in GOOD.items():
        fields = arguments[0]
        for name in fields:
            port.ask(do, **{key: value for key, value in fields.items() if key != name})
            for value in ODD:
                port.ask(do, **{**fields, name: value})


def test_whatever_is_asked(port, note):
    for key in (meters.KEY.hex()[:-1], meters.KEY.hex() + "0", meters.KEY.hex() + "00"):
        assert port.ask("provision", **{**meters.PROVISION, "decoder_key": key})["ok"] is False
    ask_badly(port)
    ask_all(port)
    assert port.ask("read")["drn"] == meters.DRN
    ask_badly(port)
    port.ask("advance", seconds=1300)  # the lock-out ends
    for section, result in zip(SET, ("1stKCT", "2ndKCT", "3rdKCT", "Accept")):
        assert port.ask("token", digits=section)["result"] == result
        ask_all(port, "read", "keys", "explain", "advance")
    assert port.ask("read")["krn"] == 2
    ask_badly(port)
    ask_all(port)
    note(f"{port.replies} replies of the service port, no key in any")


def test_parts_that_break_tell_no_key(port):
    port.ask("provision", **meters.PROVISION)
    port.ask("token", digits=meters.TOKEN_100_WH)
    for part in PARTS:
        for how in WAYS:
            port.ask("token", digits=SET[0])
            port.ask("break", part=part, call="", how=how)
            port.ask("keys", keys="1#77#")
            port.ask("token", digits=SET[1])
            port.ask("pulses", count=120, over_s=3)
            port.ask("read")
            port.ask("break", part=part, call="", how="")
            port.ask("advance", seconds=10)


def test_explaining_a_section_of_a_key_as_another_class_tells_no_part_of_it(port):
    """The class travels in clear: whoever has the token can write another one into it."""
    port.ask("provision", **meters.PROVISION)
    for section in SET:
        block = digits.split(digits.parse(section))[1]
        steps = port.ask("explain", digits=f"{digits.join(0, block):020}")["steps"]
        told = {step["step"]: step["text"] for step in steps}
        assert told["decrypted"] == "EA11 with the decoder key: part of a new key"
        assert told["checksum"] == "not that of a token of this class"  # it is made of the bits
        assert told["decision"] == "CRCError"


def test_every_request_is_asked():
    assert set(GOOD) == set(SimBody()._service._handlers)


def test_a_reply_that_holds_a_key_would_be_seen():
    lines = EmulatedBody()
    service = lines.sim._service
    service._handlers["read"] = lambda _request, _now_ms: [("key", list(meters.KEY))]
    with pytest.raises(AssertionError, match="holds a key"):
        Port(Bench(lines)).ask("read")


def test_credit_under_the_next_key_is_taken():
    """The keys that are looked for are the keys that the meter had."""
    bench = Bench(EmulatedBody())
    bench.provision()
    assert (
        bench.results(*SET, credit(meters.MANUFACTURED + 5, key=NEXT_KEY))[-2:] == ["Accept"] * 2
    )
