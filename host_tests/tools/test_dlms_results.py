"""`meter20 dlms enter` tells of every result of the standard what the table in docs/ami.md says.

The table has one more, `LockedOut`, which is not the standard's: by DLMS it is a token that waits
in the meter when a lock-out begins, which no client can bring about by itself: it enters one token
at a time, and during a lock-out none. What it sees then is the last test.
"""

import json
import re
import sys

import pytest
from data import meters
from data.tokens import NEW_KEY, credit, key_change, token
from sts import kinds, results
from typer.testing import CliRunner

from meter20 import DEVICE_ROOT
from meter20.cli.main import app
from meter20.dlms_client import STATUSES

sys.path.insert(0, str(DEVICE_ROOT / "host_tests" / "dlms_clients"))
import meter_under_test

_TID = meters.TOKEN_100_WH_TID
_MOST = 0xFFFF  # the amount field of the largest credit
_TO_THE_BRIM = 5  # so many of them the register holds
_WRONG = [meters.TOKEN_100_WH[:19] + digit for digit in "0123"]

_CHANGE = key_change()
_NEXT_CHANGE = key_change(bytes(16), krn=3, under=NEW_KEY)
_FORBIDDEN = key_change(kt=3)  # a common key after a unique one

#: Of a meter that sells: (digits, what becomes of them), in their order.
ORDINARY = (
    (meters.TOKEN_100_WH, results.ACCEPT),
    (meters.TOKEN_100_WH, results.USED),
    (credit(meters.MANUFACTURED - 1), results.OLD),
    ("9" * 20, results.FORMAT),
    (_WRONG[0], results.CRC),
    (token(kinds.TEST_2DIGIT, control=1, mfr=12), results.MFR_CODE),
    (token(kinds.CLEAR_CREDIT, tid=_TID + 1, value=1), results.RANGE),
    (meters.TOKEN_WATER, results.FUNCTION),
    (credit(_TID + 100, _MOST), results.OVERFLOW),
    (_FORBIDDEN[0], results.KEY_TYPE),
    (_CHANGE[0], results.KCT_1),
    (_CHANGE[1], results.KCT_2),
    (_CHANGE[2], results.KCT_3),
    (_CHANGE[3], results.ACCEPT),  # the set is complete
    (_NEXT_CHANGE[3], results.KCT_4),
)
EXPIRED = ((meters.TOKEN_100_WH, results.KEY_EXPIRED),)
DEFAULT = ((meters.TOKEN_100_WH, results.DDTK),)
STORIES = {
    "ordinary": ({}, ORDINARY),
    "expired": ({"ken": 0}, EXPIRED),
    "default": ({"kt": 1}, DEFAULT),
}


def table():
    """Return {result: token_status_code} as docs/ami.md has it."""
    text = (DEVICE_ROOT / "docs" / "ami.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d) \| [a-z ]+ \| (.*) \|$", text, flags=re.MULTILINE)
    found = {name: int(code) for code, names in rows for name in re.findall("`([^`]+)`", names)}
    return {**found, results.KCT_2: found[results.KCT_1], results.KCT_3: found[results.KCT_1]}


def enter(served, keys, digits):
    return CliRunner().invoke(
        app, ["dlms", "enter", f"127.0.0.1:{served.port}", digits, "--keys", str(keys)]
    )


@pytest.fixture
def keys(tmp_path):
    file = tmp_path / "keys.json"
    file.write_text(json.dumps(meter_under_test.SECRETS))
    return file


def test_every_result_of_the_standard_is_entered_below():
    entered = {result for _, story in STORIES.values() for _, result in story}
    assert entered == set(results.NAMES) - {results.LOCKED_OUT}
    assert set(table()) == set(results.NAMES)


@pytest.mark.parametrize("name", STORIES)
def test_status_of_a_token_is_that_of_the_table(tmp_path, keys, name):
    changes, story = STORIES[name]
    meter_under_test.made(tmp_path / "store", **changes)
    with meter_under_test.Served(tmp_path / "store", "emulated") as served:
        if name == "ordinary":
            for number in range(_TO_THE_BRIM):
                full = served.request(do="token", digits=credit(_TID + 10 + number, _MOST))
                assert full["result"] == results.ACCEPT
        for digits, result in story:
            done = enter(served, keys, digits)
            code = table()[result]
            assert done.stdout == f"{result}: {STATUSES[code]}\n", done.output
            assert done.exit_code == int(code != table()[results.ACCEPT])


def test_during_a_lock_out_no_token_is_taken_and_that_is_said(tmp_path, keys):
    meter_under_test.made(tmp_path / "store")
    with meter_under_test.Served(tmp_path / "store", "emulated") as served:
        for digits in _WRONG[:3]:
            assert enter(served, keys, digits).stdout.startswith(results.CRC)
        done = enter(served, keys, meters.TOKEN_100_WH)
        assert done.exit_code == 1
        assert "temporary" in done.output.lower(), done.output
        assert served.request(do="read")["credit_wh"] == 0
