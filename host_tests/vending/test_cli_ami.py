"""`meter20 ami`, as whoever runs a head-end types it."""

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys

import pytest
from rigs import programs
from rigs.stations import DRN, PASSPHRASE
from typer.testing import CliRunner

from meter20.ami import broker_config
from meter20.cli.main import app
from meter20.vending import refusal
from meter20.vending.refusal import Doubt, Refusal

_KEYS = {  # test keys
    "do": "dlms", "encryption_key": "00112233" * 4, "authentication_key": "44556677" * 4,
}  # fmt: skip


@pytest.fixture
def ami(station, sqlite, monkeypatch):
    """Return a function that runs `meter20 ami` and returns (exit code, answer)."""
    monkeypatch.setenv("METER20_DB", sqlite.where)
    monkeypatch.setenv("METER20_PASSPHRASE", PASSPHRASE)
    monkeypatch.setattr("meter20.vending.station.utc_now", station.time)
    with station.desk() as desk:  # the clock stands months before this machine's
        desk.module.clock.accept(desk.session, desk.actor)

    def run(*arguments):
        done = CliRunner().invoke(app, ["ami", *arguments, "--json"])
        return done.exit_code, json.loads(done.stdout)

    accept = CliRunner().invoke(app, ["vend", "clock", "accept"])
    assert accept.exit_code == 0, accept.output
    return run


def test_order_shows_its_token_and_is_listed_and_shown(ami):
    code, made = ami("order", DRN, "10.5", "--ref", "A-1")
    assert (code, made["state"], made["kwh"]) == (0, "vended", "10.5")
    (token,) = made["slip"]["tokens"]
    code, again = ami("order", DRN, "10.5", "--ref", "A-1")
    assert (code, again["purchase"], again["slip"]["tokens"]) == (0, made["purchase"], [token])
    code, shown = ami("show", str(made["purchase"]))
    assert (code, shown["tokens"][0]["digits"]) == (0, token["digits"])
    code, listed = ami("list")
    assert [row["purchase"] for row in listed["purchases"]] == [made["purchase"]]
    assert token["digits"] not in json.dumps(listed)
    code, paid = ami("order", DRN, "200", "--money")
    assert (code, paid["money"]) == (0, "200.00")


def test_key_change_made_at_the_desk_travels_if_it_is_to_and_the_meter_is_on_a_network(ami):
    def change(*more):
        done = CliRunner().invoke(app, ["vend", "key-change", DRN, *more])
        return done.exit_code, done.output

    code, said = change("--ti", "2", "--send")
    assert (code, "on no network" in said, "receipt" in said) == (1, True, False)
    assert ami("meters", DRN, "--mqtt")[0] == 0
    assert change("--ti", "3")[0] == 0
    assert ami("list")[1]["purchases"] == [], "it was not to be sent"
    code, said = change("--ti", "2", "--send")
    assert (code, "Purchase 1 brings them: `meter20 ami show 1`." in said) == (0, True)
    code, shown = ami("show", "1")
    assert (code, shown["state"], shown["receipt"], len(shown["tokens"])) == (0, "vended", 2, 4)
    code, said = change("--ti", "4", "--send", "--json")
    assert json.loads(said)["purchase"] == 2


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("order", "12345678904", "5"), 1, "value"),
        (("order", DRN, "0"), 1, "value"),
        (("order", DRN, "1e3"), 1, "value"),
        (("show", "7"), 1, "unknown"),
        (("judge", "7", "credited", "--reason", "seen"), 1, "unknown"),
        (("meters", DRN), 2, "usage"),
        (("meters", DRN, "--dlms", "here:1"), 2, "usage"),
        (("run", "--mqtt", "http://nowhere"), 2, "usage"),
        (("broker-config", "folder", "--host", "a host"), 2, "usage"),
    ],
)
def test_what_is_not_done_is_said_with_its_reason(ami, arguments, code, error):
    got, answer = ami(*arguments)
    assert (got, answer["ok"], answer["error"]) == (code, False, error)


def test_routes_are_listed_and_no_answer_shows_a_secret(ami, tmp_path):
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(_KEYS))
    assert ami("meters", DRN, "--mqtt")[0] == 0
    code, route = ami("meters", DRN, "--dlms", "10.0.0.7:4059", "--keys", str(keys))
    assert (code, route["carrier"], route["address"]) == (0, "dlms", "10.0.0.7:4059")
    assert ami("meters") == (0, {"meters": [route]})
    keys.write_text(json.dumps(_KEYS | {"encryption_key": "00"}))
    code, answer = ami("meters", DRN, "--dlms", "10.0.0.7:4059", "--keys", str(keys))
    assert (code, answer["error"]) == (1, "value")
    assert "encryption_key in the file of the keys: 32 hexadecimal" in answer["message"]


def test_broker_config_keeps_the_authority_and_gives_each_meter_its_own_topics(ami, tmp_path):
    folder = tmp_path / "broker"
    assert ami("meters", DRN, "--mqtt")[0] == 0
    code, told = ami("broker-config", str(folder), "--host", "broker.example")
    assert (code, told["meters"]) == (0, 1)
    authority = (folder / "ca.der").read_bytes()
    request = json.loads((folder / "meters" / f"{DRN}.json").read_text())
    assert (request["host"], request["user"], request["tls"]) == ("broker.example", DRN, True)
    assert request["password"] not in (folder / "passwords").read_text() + json.dumps(told)
    assert ami("broker-config", str(folder))[0] == 0
    assert (folder / "ca.der").read_bytes() == authority
    modes = {path.stat().st_mode & 0o077 for path in folder.rglob("*")}
    assert modes == {0}, "for their owner only"
    own = broker_config.acl([DRN]).split(f"user {DRN}\n")[1].splitlines()
    assert own == [f"topic read meter20/{DRN}/token"] + [
        f"topic write meter20/{DRN}/{name}" for name in ("result", "registers", "events", "state")
    ]


def test_worker_that_only_sends_needs_no_passphrase_and_ends_orderly(ami, sqlite):
    environment = {**os.environ, "METER20_DB": sqlite.where}
    del environment["METER20_PASSPHRASE"]
    with programs.started(
        [sys.executable, "-m", "meter20.cli", "ami", "run", "--send-only", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    ) as worker:  # fmt: skip
        assert json.loads(worker.stdout.readline())["line"] == "working; Ctrl-C ends"
        worker.send_signal(signal.SIGINT)
        assert worker.wait(30) == 0, worker.stderr.read()


def test_on_a_terminal_the_worker_draws_what_is_due_and_leaves_the_picture(ami, sqlite):
    assert ami("meters", DRN, "--mqtt")[0] == 0
    assert ami("order", DRN, "10.5")[0] == 0
    environment = {**os.environ, "METER20_DB": sqlite.where, "TERM": "xterm", "COLUMNS": "80"}
    ours, theirs = pty.openpty()
    with programs.started(
        [sys.executable, "-m", "meter20.cli", "ami", "run", "--send-only"],
        stdout=theirs, stderr=subprocess.PIPE, env=environment,
    ) as worker:  # fmt: skip
        os.close(theirs)
        written = b""
        while b"due: 1 vended" not in written:
            written += os.read(ours, 4096)
        worker.send_signal(signal.SIGINT)
        with contextlib.suppress(OSError):  # of a terminal that nobody writes to any more
            while True:  # one that nobody reads is full at some time: the worker would wait
                written += os.read(ours, 4096)
        assert worker.wait(30) == 0, worker.stderr.read()
    os.close(ours)
    shown = written.decode()
    (row,) = [line for line in shown.splitlines() if DRN in line and "10.5" in line][-1:]
    assert "vended" in row
    assert "working; Ctrl-C ends" in shown


def test_carriers_key_opens_routes_and_is_written_once(ami, tmp_path):
    file = tmp_path / "carriers.key"
    assert ami("carriers-key", "--out", str(file))[0] == 0
    assert (len(file.read_text()), file.stat().st_mode & 0o077) == (65, 0)
    assert ami("carriers-key", "--out", str(file))[1]["error"] == "exists"


def test_worker_goes_on_after_a_commit_of_which_nobody_knows(ami, monkeypatch):
    trouble = [Refusal(refusal.STATE, "the end"), Refusal(refusal.DATABASE, "away"), Doubt("off.")]

    def turn(_worker):
        raise trouble.pop()

    monkeypatch.setattr("meter20.ami.worker.Worker.turn", turn)
    monkeypatch.setattr("meter20.cli.ami._WAITS_S", 0)
    done = CliRunner().invoke(app, ["ami", "run", "--json"])
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line.get("line", line.get("message")) for line in lines[1:]] == [
        str(Doubt("off.")), "away", "the end"
    ]  # fmt: skip
    assert (done.exit_code, trouble) == (1, [])
