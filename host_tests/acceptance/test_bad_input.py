"""Whatever arrives at the service port gets one error reply, and the meter goes on."""

import json

import pytest

pytestmark = pytest.mark.group("bad input")

LINES = {
    "not JSON": (b"hello", "bad_json"),
    "half an object": (b'{"do":"read"', "bad_json"),
    "no object": (b"[7]", "bad_request"),
    "no text": (b"\xff\xfe", "bad_json"),
    "no request": (b"{}", "bad_request"),
    "an unknown request": (b'{"do":"fly"}', "unknown_request"),
    "a request that is a number": (b'{"do":7}', "bad_request"),
    "a token without digits": (b'{"do":"token"}', "bad_request"),
    "a token that is a number": (b'{"do":"token","digits":12345678901234567890}', "bad_request"),
    "keys that there are not": (b'{"do":"keys","keys":"12E"}', "bad_request"),
    "a line too long": (b"x" * 4200, "line_too_long"),
    "nesting too deep": (b"[" * 2000, "bad_json"),
}


@pytest.mark.parametrize("name", LINES)
def test_bad_line(meter, name):
    line, error = LINES[name]
    before = meter.ask("read")["credit_wh"]
    reply = json.loads(meter.exchange(line))
    assert (reply["ok"], reply["error"]) == (False, error)
    assert reply["message"]
    assert meter.ask("read")["credit_wh"] == before


NO_TOKENS = {
    "no digits": "",
    "one digit": "1",
    "19 digits": "1" * 19,
    "21 digits": "1" * 21,
    "a number past 66 bits": "9" * 20,
    "a letter": "1234567890123456789x",
    "digits of another script": "६" * 20,
}


@pytest.mark.parametrize("digits", NO_TOKENS.values(), ids=NO_TOKENS)
def test_no_token(meter, digits):
    assert meter.results(digits) == ["FormatError"]
    assert meter.ask("read")["lockout_s"] == 0


def test_digits_may_have_spaces_and_dashes(meter):
    digits = meter.credit(1)
    grouped = " ".join(digits[at : at + 4] for at in range(0, 20, 4))
    assert meter.results(grouped, grouped.replace(" ", "-")) == ["Accept", "UsedError"]


def test_help_lists_requests_that_the_meter_knows(meter):
    listed = meter.ask("help")["requests"]
    assert {"help", "read", "token", "provision"} <= set(listed)
    assert listed == sorted(listed)
    for name in listed:
        if name != "power_cut":  # which needs no field
            assert meter.ask(name, ms="", seconds="").get("error") != "unknown_request"


def test_an_id_comes_back(meter):
    assert meter.ask("read", id="a-7")["id"] == "a-7"
    assert meter.ask("fly", id=7)["id"] == 7
