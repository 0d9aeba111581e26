"""`meter20 fleet demo`: all of it runs from one command, and nothing is left after Ctrl-C."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from rigs import programs
from typer.testing import CliRunner

from meter20.cli.main import app

METER20 = [sys.executable, "-m", "meter20.cli"]
#: The same, which tells ten times as often.
OFTEN = ("from meter20.fleet import running; running._TURN_S = 0.5; "
         "from meter20.cli.__main__ import main; main()")  # fmt: skip
_WAIT_S = 90


def descendants(number):
    """Return the processes below process `number`."""
    children = Path(f"/proc/{number}/task/{number}/children").read_text(encoding="ascii")
    found = [int(each) for each in children.split()]
    return found + [below for each in found for below in descendants(each)]


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def test_demo_credits_what_is_bought_and_ctrl_c_leaves_no_process_port_or_folder(tmp_path):
    command = [sys.executable, "-c", OFTEN, "fleet", "demo", "--port", "0", "--json"]
    with programs.started(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"TMPDIR": str(tmp_path)},
    ) as demo:  # fmt: skip
        try:
            told = json.loads(demo.stdout.readline())
            below = descendants(demo.pid)
            options = {name: told[name] for name in ("METER20_DB", "METER20_KEY_FILE")}
            assert len(told["meters"]) == 3
            with urllib.request.urlopen(told["open"], timeout=_WAIT_S) as page:
                assert page.status == 200
            subprocess.run(
                [*METER20, "ami", "order", told["meters"][0], "50", "--money"],
                env=os.environ | options, check=True, stdout=subprocess.DEVNULL,
            )  # fmt: skip
            for line in demo.stdout:
                below = sorted({*below, *descendants(demo.pid)})
                if json.loads(line)["purchases"].get("credited"):
                    break
        finally:
            demo.send_signal(signal.SIGINT)
        rest, errors = demo.communicate(timeout=_WAIT_S)
    ended = json.loads(rest.splitlines()[-1])
    assert (demo.returncode, ended["differ"], errors) == (0, [], "")
    assert ended["credited_wh"] > 0
    assert len(below) >= 4  # broker, head-end, seller, meters
    assert [number for number in below if os.path.exists(f"/proc/{number}/exe")] == []
    ports = [urlsplit(told[name]).port for name in ("open", "broker")]
    assert [port for port in ports if listens(port)] == []
    assert list(tmp_path.iterdir()) == []


def test_demo_on_a_port_that_is_taken_says_so_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = CliRunner().invoke(app, ["fleet", "demo", "--port", str(port), "--json"])
    assert done.exit_code == 1
    assert f"127.0.0.1:{port}" in json.loads(done.stdout)["message"]
    assert list(tmp_path.iterdir()) == []


def test_machine_without_the_broker_is_told_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "iotcore", None)
    done = CliRunner().invoke(app, ["fleet", "demo", "--port", "0", "--json"])
    assert done.exit_code == 1
    assert "pip install 'meter20[demo]'" in json.loads(done.stdout)["message"]
