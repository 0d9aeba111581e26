"""The service port: replies to good requests, and one error reply to each bad line."""

import json

import pytest
from data import meters
from data.tokens import NEW_KEY, credit
from service_port import lines as port_lines

BAD_LINES = {
    b"": "bad_json",
    b"hello": "bad_json",
    b'{"do":"read"': "bad_json",
    b"[]": "bad_request",
    b"7": "bad_request",
    b"null": "bad_request",
    b"\xff\xfe": "bad_json",
    b'{"do":"\xc3\x28"}': "bad_json",
    b'{"do":7}': "bad_request",
    b"{}": "bad_request",
    b'{"do":"fly"}': "unknown_request",
    b'{"do":"token"}': "bad_request",
    b'{"do":"token","digits":12345678901234567890}': "bad_request",
    b'{"do":"keys","keys":"12E"}': "bad_request",
    b'{"do":"keys","keys":["1"]}': "bad_request",
    b'{"do":"pulses","count":-1,"over_s":1}': "bad_request",
    b'{"do":"pulses","count":1.5,"over_s":1}': "bad_request",
    b'{"do":"pulses","count":true,"over_s":1}': "bad_request",
    b'{"do":"advance","seconds":"1"}': "bad_request",
    b'{"do":"advance","seconds":99999999999}': "bad_request",
    b'{"do":"arm_cut","after_ops":0,"torn":1}': "bad_request",
    b'{"do":"provision"}': "already_provisioned",
    b"[" * 4000: "bad_json",
    b"[" * 2000 + b"]" * 2000: "bad_json",
    b'{"do":' * 500 + b"1" + b"}" * 500: "bad_json",
    b" " * 4097: "line_too_long",
    b"x" * 1_000_000: "line_too_long",
}


def test_each_bad_line_gets_one_error_and_the_port_lives_on(meter):
    before = meter.ask("read")
    for line, error in BAD_LINES.items():
        reply = json.loads(meter.exchange(line))
        assert (reply["ok"], reply["error"]) == (False, error), line[:60]
        assert reply["message"]
    assert meter.ask("read") == before


class NoRoom(bytes):
    """Bytes to which nothing can be joined: no free piece of the heap is large enough."""

    def __radd__(self, _other):
        raise MemoryError


class Data:
    """What arrives: the end of one line, and the beginning of the next."""

    def __contains__(self, _cr):
        return False

    def split(self, _newline):
        return [NoRoom(b"x"), b"{}"]


def test_line_for_which_memory_has_no_room_is_one_too_long():
    lines = port_lines.Lines()
    assert lines.feed(Data()) == [None]
    assert lines.feed(b"\n") == [b"{}"]


def test_request_for_which_memory_has_no_room_is_refused(monkeypatch):
    def no_room(_data):
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(port_lines.json_reader, "read", no_room)
        with pytest.raises(port_lines.Refused) as refused:
            port_lines.parse(b'{"do":"read"}')
    assert refused.value.code == "line_too_long"


@pytest.mark.parametrize(
    "identity", [7, 0, -1, "a-7", "", 'x"\\\n', "naïve ✓", "\x7f\x9b[2J", "\ud800", "\U0001f600"]
)
def test_id_is_echoed_in_good_and_bad_replies(meter, identity):
    assert meter.ask("read", id=identity)["id"] == identity
    assert meter.ask("fly", id=identity)["id"] == identity


def test_replies_are_ascii_whatever_the_id_is(meter):
    """They go to terminals; and half of a surrogate pair has no UTF-8 at all."""
    for line in (b'{"do":"fly","id":"\xc2\x9b2J\x7f"}', b'{"do":"read","id":"\\ud800"}'):
        reply = meter.exchange(line)
        assert reply.isascii() and reply.decode().isprintable()


def test_consumption_past_what_the_record_holds_is_no_fault(factory_meter):
    """A tariff with a clock, and 5 GWh in one month; then a debt that no display could show."""
    fields = {"imp_per_kwh": 1, "tariff": [[5, 0xFFFFFFFF], [0, 0xFFFFFFFF]]}
    assert factory_meter.provision(**fields)["ok"]
    assert factory_meter.ask("clock", utc="2099-07-23T00:00:00Z")["ok"]
    for _ in range(4):
        assert factory_meter.ask("pulses", count=1_000_000_000, over_s=10)["ok"]
        assert factory_meter.keys("#3#")[0] == "Total used"
    assert factory_meter.ask("power_cut")["ok"]
    assert factory_meter.ask("read")["total_wh"] == 4 * 10**12


def test_read_tells_all_but_the_key(meter):
    reply = meter.ask("read")
    assert list(reply) == [
        "ok", "drn", "ea", "sgc", "ti", "krn", "kt", "ken", "credit_wh", "total_wh", "power_w",
        "power_limit_w", "relay", "relay_reason", "tamper", "lockout_s", "lockouts_s", "tids",
        "last_result", "last_carrier", "firmware", "uptime_s", "display",
    ]  # fmt: skip
    assert meters.KEY.hex() not in json.dumps(reply)
    assert reply["tids"] == 50


def test_a_meter_is_provisioned_once(meter):
    assert meter.provision(drn="12345678903")["error"] == "already_provisioned"
    meter.ask("power_cut")
    assert meter.provision()["error"] == "already_provisioned"


@pytest.mark.parametrize(
    "changes",
    [
        {"drn": "12345678904"},
        {"drn": "0100000000008"},
        {"iin": "0000"},
        {"iin": 600727},
        {"ea": "09"},
        {"ea": "07"},
        {"decoder_key": "f9"},
        {"decoder_key": "zz" * 16},
        {"sgc": "12345"},
        {"sgc": "12345x"},
        {"ti": "1"},
        {"ti": "²²"},
        {"sgc": "१२३४५७"},
        {"krn": 10},
        {"kt": 4},
        {"ken": 256},
        {"imp_per_kwh": 0},
        {"manufactured": 1 << 24},
        {"power_limit_w": 18_201_625},
        {"power_limit_w": -1},
        {"tariff": 7},
        {"tariff": [7]},
        {"tariff": [[5]]},
        {"tariff": [[5, True], [0, 5]]},
        {"tariff": [[-1, 5], [0, 5]]},
        {"tariff": [[1 << 32, 5], [0, 5]]},
    ],
)
def test_wrong_provisioning_is_refused_in_words_and_changes_nothing(factory_meter, changes):
    reply = factory_meter.provision(**changes)
    assert reply["error"] == "bad_request"
    assert reply["message"] and meters.KEY.hex() not in reply["message"]
    assert factory_meter.ask("read")["relay_reason"] == "not_provisioned"


def test_refused_provisioning_leaves_the_settings_as_they_were(factory_meter):
    for changes in ({"drn": "12345678904"}, {"kt": 4}):
        assert not factory_meter.provision(low_credit_wh=7000, **changes)["ok"]
        assert factory_meter.keys("#79#")[:2] == ["Low credit level", "5 kWh"]


def test_as_many_keys_as_fit_are_pressed_and_one_more_is_refused(meter):
    most = port_lines._KEYS_MAX
    assert meter.ask("keys", keys="C" * most)["ok"]
    refused = meter.ask("keys", keys="C" * (most + 1))
    assert refused["error"] == "bad_request"
    assert refused["message"] == f"keys: more than {most}"


def test_token_digits_may_have_spaces_and_dashes(meter):
    digits = meters.TOKEN_100_WH
    spaced = " ".join(digits[at : at + 4] for at in range(0, 20, 4))
    assert meter.ask("token", digits=spaced)["amount_wh"] == 100
    assert meter.ask("token", digits=spaced.replace(" ", "-"))["result"] == "UsedError"


def test_an_armed_cut_answers_power_cut_and_the_meter_restarts(meter):
    boots = meter.ask("power_cut")["boots"]
    for torn in (False, True):
        meter.ask("arm_cut", after_ops=1, torn=torn)
        reply = meter.ask("token", digits=meters.TOKEN_100_WH, id=7)
        assert (reply["ok"], reply["error"], reply["id"]) == (False, "power_cut", 7)
        assert meter.ask("read")["credit_wh"] == 0
    assert meter.ask("power_cut")["boots"] == boots + 3
    assert meter.ask("token", digits=meters.TOKEN_100_WH)["result"] == "Accept"


def test_a_power_cut_disarms(meter):
    meter.ask("arm_cut", after_ops=0)
    meter.ask("power_cut")
    assert meter.ask("token", digits=meters.TOKEN_100_WH)["result"] == "Accept"


def test_explain_walks_from_digits_to_decision_and_changes_nothing(meter):
    before = meter.ask("read")
    steps = meter.ask("explain", digits=meters.TOKEN_100_WH)["steps"]
    told = {step["step"]: step["text"] for step in steps}
    assert told["decrypted"].endswith("0559982c00012831")
    assert told["field tid"] == str(meters.TOKEN_100_WH_TID)
    assert told["issued"] == "2025-03-01 13:00, counted from 2014"
    steps = meter.ask("explain", digits=meters.TOKEN_100_WH, base_date=1993)["steps"]
    told = {step["step"]: step["text"] for step in steps}
    assert told["issued"] == "2004-03-01 13:00, counted from 1993"
    refused = meter.ask("explain", digits=meters.TOKEN_100_WH, base_date=1994)
    assert refused["message"] == "base_date: 1993, 2014 or 2035 is needed"
    assert told["decision"] == "Accept"
    assert meter.ask("read") == before
    assert meter.ask("explain", digits="1" * 21)["steps"][-2]["text"] == "FormatError"


def explained(meter, digits):
    """Return what explaining says, {step: text}; it changes nothing."""
    before = meter.ask("read")
    steps = meter.ask("explain", digits=digits)["steps"]
    assert meter.ask("read") == before
    return {step["step"]: step["text"] for step in steps}


def test_explain_tells_why_a_token_is_used_or_old(meter):
    tid = meters.MANUFACTURED + 1000
    assert explained(meter, credit(tid))["TID memory"] == f"{tid} is new"
    meter.ask("token", digits=credit(tid))
    told = explained(meter, credit(tid))
    assert told["TID memory"] == f"{tid} is in the memory: used"
    assert told["decision"] == "UsedError"
    old = meters.MANUFACTURED - 1
    told = explained(meter, credit(old))
    assert told["TID memory"] == f"{old} is below the lowest of 50 kept: old"
    assert told["decision"] == "OldError"
    assert told["key expiry"] == f"TID {old} div 65536 is {old >> 16}, not above KEN 255: good"


def test_explain_tells_how_long_a_locked_out_meter_waits(meter):
    for tid in range(3):
        assert meter.ask("token", digits=credit(tid, key=NEW_KEY))["result"] == "CRCError"
    told = explained(meter, credit(meters.MANUFACTURED + 1000))
    assert told["lock-out"] == "10 s to wait"
    assert told["decision"] == "LockedOut"
    assert "decrypted" not in told
    meter.wait(4)
    assert explained(meter, credit(meters.MANUFACTURED + 1000))["lock-out"] == "6 s to wait"


def test_explain_tells_the_class_the_bits_and_the_checksum(meter):
    told = explained(meter, credit(meters.MANUFACTURED + 1000))
    assert told["class"] == "0 (bits 28 and 27), credit"
    assert told["kind"] == "subclass 0: TransferCredit.electricity"
    assert told["field amount_field"] == "100: 10.0 kWh"
    found, given = told["checksum"].removeprefix("token has ").split(", its bits give ")
    assert found == given == told["decrypted"][-4:]
    wrong = explained(meter, credit(meters.MANUFACTURED + 1000, key=NEW_KEY))
    found, given = wrong["checksum"].removeprefix("token has ").split(", its bits give ")
    assert found != given
    assert wrong["decision"] == "CRCError"
    assert wrong["meaning"] == "another key, or a wrong digit"
    assert explained(meter, meters.TEST_ALL)["class"] == (
        "1 (bits 28 and 27), test and display, not encrypted"
    )
    for class_, name in ((2, "management"), (3, "reserved")):
        digits = f"{class_ << 27:020d}"
        told = explained(meter, digits)
        assert told["class"] == f"{class_} (bits 28 and 27), {name}"
        assert told["66 bits"] == f"0 {class_ << 27:016x}"
    assert explained(meter, "1" * 19)["number"] == "not 20 digits of a number below 2^66"


def test_explain_tells_a_meter_without_a_key_that_it_has_none(factory_meter):
    told = explained(factory_meter, credit(meters.MANUFACTURED + 1000))
    assert told["decoder key"] == "the meter has none"
    assert told["decision"] == "not provisioned"


@pytest.mark.parametrize(
    "request_", [{"do": "read"}, {"do": "keys", "keys": "1"}, {"do": "token", "digits": "1" * 20}]
)
def test_a_meter_that_stopped_answers_with_its_fault(meter, request_):
    meter.ask("break", part="pulses", call="", how="error")
    meter.wait(1)
    reply = meter.ask(**request_)
    if request_["do"] == "read":
        assert (reply["relay"], reply["relay_reason"]) == ("open", "fault")
        return
    assert (reply["ok"], reply["error"]) == (False, "fault")
    assert reply["message"] == "pulses: RuntimeError; the meter restarts"


def test_explain_has_a_meaning_for_every_result():
    from account import explain
    from sts import results

    assert set(explain.MEANINGS) == {*results.NAMES, explain._NO_KEY}
