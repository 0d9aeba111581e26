"""A board in production mode leads nobody to the prompt or to its files: the virtual board.

Its prompt, Ctrl-C and restarts are those of MicroPython 1.29; see host_tests/README.md for where
it differs from a board.
"""

import json
import shutil
import time

import pytest
import serial
from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport
from rigs.leaks import leaks
from typer.testing import CliRunner

from meter20 import DEVICE_ROOT, samples
from meter20.board import prompt
from meter20.board.service import ServicePort
from meter20.board.trouble import Code
from meter20.cli.main import app
from meter20.virtual.pty_board import PtyBoard

KEY = bytes.fromhex(samples.PROVISION["decoder_key"])
CTRL_A, CTRL_B, CTRL_C, CTRL_D, CTRL_E = b"\x01", b"\x02", b"\x03", b"\x04", b"\x05"
PROMPTS = (b">>> ", b"raw REPL", b"MicroPython v", b"Traceback", b"KeyboardInterrupt")


def meter20(*words, typed=None):
    done = CliRunner().invoke(app, ["board", *words], input=typed)
    return done.exit_code, done.output


@pytest.fixture(scope="module")
def shut():
    """A virtual board in production mode, whose meter has a key and credit."""
    with PtyBoard() as board:
        (board.files / "boot.py").write_text("import time; time.sleep(1)\n")
        code, said = meter20("flash", "--port", board.port, "--mpy", "--production", typed="n\n")
        assert (code, "no prompt" in said) == (1, True)
        assert not (board.files / "main.py").exists()
        code, said = meter20(
            "flash", "--port", board.port, "--mpy", "--production", "--yes", "--json"
        )
        assert (code, json.loads(said)["production"]) == (0, True)
        assert not (board.files / "boot.py").exists()
        assert b"kbd_intr(-1)" in (board.files / "main.py").read_bytes()
        with ServicePort(board.port) as meter:
            assert meter.request(**samples.PROVISION)["ok"]
            assert meter.request(do="token", digits=samples.CREDIT.digits)["result"] == "Accept"
        yield board


@pytest.fixture
def line(shut):
    with serial.Serial(shut.port, timeout=10) as line:
        yield line


def answer(line, request=b'{"do":"read","id":17}'):
    """Return the reply to `request`, and all that came before it."""
    line.write(b"\n" + request + b"\n")
    heard = line.read_until(b'{"id": 17,')
    rest = line.read_until(b"\n")
    assert rest, heard
    return json.loads(b'{"id": 17,' + rest), heard


@pytest.mark.parametrize(
    "typed",
    [
        CTRL_C,
        CTRL_C * 500,
        CTRL_D,
        CTRL_A,
        CTRL_B + CTRL_C + CTRL_B,
        b"\r" + CTRL_C + CTRL_C + b"\r" + CTRL_A,  # as mpremote begins
        CTRL_E + b"A" + CTRL_A,
        b"\r" + CTRL_C + CTRL_D + CTRL_C,
        b"import os\r\nos.listdir()\r\n",
        b"x" * 10_000 + CTRL_C,
    ],
)
def test_nothing_that_is_typed_reaches_the_prompt(line, typed):
    line.write(typed)
    reply, before = answer(line)
    assert reply["credit_wh"] == 25_600
    assert [prompt for prompt in PROMPTS if prompt in before] == []
    assert leaks(before, KEY) == []


def test_mpremote_does_not_get_in(shut):
    transport = SerialTransport(shut.port, timeout=1)
    with pytest.raises(TransportError, match="could not enter raw repl"):
        transport.enter_raw_repl(timeout_overall=1.5)
    transport.close()


def test_the_tools_say_how_to_get_back(shut, monkeypatch):
    for limit in ("_ENTER_TIMEOUT_S", "_READ_TIMEOUT_S"):
        monkeypatch.setattr(prompt, limit, 1)  # nothing lets it in however long it waits
    code, said = meter20("flash", "--port", shut.port, "--json")
    report = json.loads(said)
    assert (code, report["error"]) == (Code.PRODUCTION, "production")
    assert "erasing" in report["message"]


def test_service_port_reads_and_takes_tokens_and_no_more(line):
    for request, error in (
        (b'{"id":17,"do":"keys","keys":"1"}', "port_shut"),
        (b'{"id":17,"do":"power_cut"}', "port_shut"),
        (b'{"id":17,"do":"clock","utc":"2026-11-29T10:00:00Z"}', "port_shut"),
        (b'{"id":17,"do":"explain","digits":"1"}', "unknown_request"),
        (json.dumps({**samples.PROVISION, "id": 17}).encode(), "already_provisioned"),
    ):
        assert answer(line, request)[0]["error"] == error
    listed = answer(line, b'{"id":17,"do":"help"}')[0]["requests"]
    assert {"read", "token", "clock"} <= set(listed)
    assert not {"keys", "power_cut", "explain"} & set(listed)


def test_clock_is_told_and_not_set(shut):
    code, said = meter20("clock", "--port", shut.port, "--json")
    assert (code, json.loads(said)["utc"]) == (0, None)
    code, said = meter20("clock", "--set", "--port", shut.port, "--json")
    assert (code, json.loads(said)["error"]) == (1, "refused")
    assert "service port is shut" in json.loads(said)["message"]


def test_monitor_still_watches_it(shut):
    code, said = meter20("monitor", "--port", shut.port, "--seconds", "0.1")
    assert (code, "25600 Wh" in said) == (0, True)


def test_storm_of_ctrl_c_while_the_board_starts_meets_no_prompt(shut, tmp_path):
    """Where the window is: from MicroPython's start to the first statements of main.py."""
    store = tmp_path / "board"
    shutil.copytree(shut.store, store)
    with PtyBoard(store) as board, serial.Serial(board.port, timeout=0) as line:
        heard, until_s = b"", time.monotonic() + 30
        while b'"firmware"' not in heard and time.monotonic() < until_s:
            line.write(CTRL_C * 20 + CTRL_D + CTRL_A + b'\n{"do":"read"}\n')
            heard += line.read(10_000)
            time.sleep(0.01)
        line.timeout = 5
        reply, more = answer(line)
    assert reply["credit_wh"] == 25_600
    assert [prompt for prompt in PROMPTS if prompt in heard + more] == []


#: How a program may end, and what the board must do then: begin again.
ENDS = ("pass", "raise KeyboardInterrupt", "raise SystemExit", "raise MemoryError", "1 / 0",
        "def f(): f()\n    f()", "import nothing")  # fmt: skip

#: Ends differently each time. The first line is what a pending Ctrl-C does.
LOOP = f"""
import os
turn = len(os.listdir("turns"))
print("turn", turn, "begins")
open("turns/%d" % turn, "w").close()
if turn == 0: raise KeyboardInterrupt
def run(production):
    exec({ENDS!r}[turn % {len(ENDS)}])
"""


def test_whatever_ends_the_program_restarts_the_board(tmp_path):
    (tmp_path / "files/turns").mkdir(parents=True)
    shutil.copy(DEVICE_ROOT / "firmware/production/main.py", tmp_path / "files")
    (tmp_path / "files/loop.py").write_text(LOOP)
    with PtyBoard(tmp_path) as board, serial.Serial(board.port, timeout=20) as line:
        heard = line.read_until(b"turn 1 begins\r\n")
        line.write(CTRL_C + CTRL_D + b"\r1 + 1\r")
        heard += line.read_until(b"turn %d begins\r\n" % (len(ENDS) + 1))
    assert [turn for turn in range(len(ENDS) + 2) if b"turn %d begins" % turn not in heard] == []
    assert b">>>" not in heard


def test_meter_that_lost_its_files_restarts_too(tmp_path):
    files = tmp_path / "files"
    files.mkdir()
    shutil.copy(DEVICE_ROOT / "firmware/production/main.py", files)
    with PtyBoard(tmp_path) as board, serial.Serial(board.port, timeout=1) as line:
        line.write(CTRL_C + b"\r")
        assert b">>>" not in line.read(4096)


def test_what_a_fault_prints_is_where_and_not_what():
    """loop._trace, on MicroPython: the words of an exception may be anything, a key too."""
    source = (DEVICE_ROOT / "firmware/loop.py").read_text()
    begin = source.index("def _trace(")
    trace = source[begin : source.index("\n\n\n", begin)]
    with PtyBoard() as board:
        transport = SerialTransport(board.port, timeout=10)
        transport.enter_raw_repl()
        said = transport.exec(
            f"import io, sys\n{trace}\ndef f(): raise ValueError('{KEY.hex()}')\n"
            "try: f()\nexcept Exception as fault: _trace(fault)"
        )
        transport.close()
    assert said.count(b"File") == 2
    assert leaks(said, KEY) == []


def test_usual_mode_leads_to_the_prompt(tmp_path):
    """What production mode shuts is open else: the searches above can fail."""
    files = tmp_path / "files"
    files.mkdir()
    (files / "main.py").write_text("import loop\nloop.run()\n")
    (files / "loop.py").write_text(
        "import time\ndef run():\n    while True:\n        print('runs')\n"
        "        time.sleep(0.1)\n"
    )
    with PtyBoard(tmp_path) as board, serial.Serial(board.port, timeout=20) as line:
        assert b"runs" in line.read_until(b"runs")
        line.write(CTRL_C)
        assert b"KeyboardInterrupt" in line.read_until(b">>> ")
