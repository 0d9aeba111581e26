"""`meter20 dlms`: a person reads a meter and enters tokens, over TCP and HDLC."""

import json
import subprocess
import sys

import pytest
from data import meters
from rigs.board_command import ran

from meter20 import DEVICE_ROOT

sys.path.insert(0, str(DEVICE_ROOT / "host_tests" / "dlms_clients"))
import meter_under_test


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("meter")
    meter_under_test.made(folder / "store")
    (folder / "keys.json").write_text(json.dumps(meter_under_test.SECRETS))
    with meter_under_test.Served(folder / "store", "emulated") as served:
        served.keys = ("--keys", str(folder / "keys.json"))
        yield served


def dlms(*arguments):
    """Return what comes of the command, in this process."""
    return ran("dlms", *arguments)


def test_public_client_lists_what_it_may_see(served):
    done = subprocess.run(
        [sys.executable, "-m", "meter20.cli", "dlms", "list", f"127.0.0.1:{served.port}"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[1] for line in done.stdout.splitlines()] == [
        "0.0.42.0.0.255", "0.0.96.1.0.255", "0.0.43.1.0.255", "0.0.1.0.0.255", "0.0.40.0.0.255",
    ]  # fmt: skip


def test_management_reads_over_tcp_by_its_keys(served):
    where = f"127.0.0.1:{served.port}"
    assert dlms("read", where, "0.0.96.1.0.255", *served.keys).stdout == meters.DRN + "\n"
    assert dlms("read", where, "0.0.19.0.0.255", "4", *served.keys).stdout == "01000010\n"
    load = dlms("read", where, "1.0.99.1.0.255", *served.keys)
    assert len(load.stdout.splitlines()) in (1000, 1001)
    assert load.stdout.splitlines()[0] == "{07ea010104000000000000" + "00, 1000}"


def test_token_is_entered_once_over_the_serial_line_by_password(served):
    for result, code in (("Accept: executed", 0), ("UsedError: validation failure", 1)):
        done = dlms("enter", served.device, meters.TOKEN_100_WH, *served.keys, "--password")
        assert (done.stdout, done.exit_code) == (result + "\n", code), done.stderr
    assert served.request(do="read")["credit_wh"] == 100


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("read", "{tcp}", "1.0.1.8.0.255"), "the meter shows no object 1.0.1.8.0.255"),
        (("read", "{tcp}", "0.0.42.0.0.255", "9"), "the meter refused"),
        (("enter", "{tcp}", meters.TOKEN_100_WH), "the meter refused"),
        (("list", "{tcp}", "--keys", "{wrong}"), "wrong keys, or a wrong password, or a meter"),
        (("list", "{tcp}", "--keys", "{text}"), "not the JSON of a dlms request"),
        (("list", "{tcp}", "--keys", "/nowhere"), "/nowhere cannot be read: No such file"),
        (("list", "{tcp}", "--keys", "/"), "/ cannot be read: Is a directory"),
        (("list", "127.0.0.1:1"), "127.0.0.1:1: nobody answers there"),
        (("list", "/dev/nowhere"), "/dev/nowhere: No such file or directory"),
        (("list", "/dev/null"), "/dev/null: it is no serial port"),
    ],
)  # fmt: skip
def test_what_is_not_done_is_said_with_its_reason(served, tmp_path, arguments, words):
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps({**meter_under_test.SECRETS, "encryption_key": "ab" * 16}))
    text = tmp_path / "text"
    text.write_text("no JSON")
    places = {"tcp": f"127.0.0.1:{served.port}", "wrong": str(wrong), "text": str(text)}
    done = dlms(*[one.format(**places) for one in arguments])
    assert done.exit_code == 1, done.stdout
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("list", "nowhere"), "'nowhere' is neither HOST:PORT"),
        (("list", "127.0.0.1:0"), "neither HOST:PORT"),
        (("list", "127.0.0.1:65536"), "neither HOST:PORT"),
        (("list", ":4059"), "neither HOST:PORT"),
        (("read", "127.0.0.1:1", "1.0.1.8.0"), "'1.0.1.8.0' is not a logical name"),
        (("read", "127.0.0.1:1", "1.0.1.8.0.256"), "is not a logical name"),
        (("read", "127.0.0.1:1", "1.0.1.8.0.255", "two"), "'two' is not a whole number"),
        (("list", "127.0.0.1:1", "--password"), "--password needs --keys FILE"),
        (("list", "127.0.0.1:1", "--password", "--keys", "/x"), "and a serial port for WHERE"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage_and_nobody_is_called(arguments, words):
    done = dlms(*arguments)
    assert done.exit_code == 2, done.output
    assert words in " ".join(done.output.split())


def test_answers_come_in_json_when_asked_for(served):
    where = (f"127.0.0.1:{served.port}",)
    listed = json.loads(dlms("list", *where, "--json").stdout)
    assert {"class": 1, "name": "0.0.96.1.0.255", "attributes": [1, 2]} in listed["objects"]
    read = json.loads(dlms("read", *where, "0.0.96.1.0.255", *served.keys, "--json").stdout)
    assert read == {"ok": True, "value": meters.DRN}
    entered = dlms("enter", *where, "1" * 20, *served.keys, "--json")
    told = json.loads(entered.stdout)
    assert (told["ok"], told["status"], entered.exit_code) == (False, 5, 1)
    refused = dlms("read", *where, "1.2.3.4.5.6", *served.keys, "--json")
    assert json.loads(refused.stdout)["error"] == "dlms"
