"""A board whose input holds 256 bytes, without flow control, gets all that the tools send."""

import contextlib
import json

import pytest
import serial

from meter20 import samples
from meter20.board import flashing
from meter20.board.prompt import Prompt
from meter20.board.service import ServicePort
from meter20.board.trouble import Trouble
from meter20.virtual.pty_board import PtyBoard

BUFFER_BYTES = 256
KEYS = {"do": "keys", "keys": "1234567890" * 100}
PROVISION = {
    **samples.PROVISION,
    "tariff": [[1_000_000 + step, 100_000 + step] for step in range(3)] + [[0, 200_000]],
    "profile": "meter20", "low_credit_wh": 5000, "alarm_min": 10, "emergency_wh": 1000,
    "friendly_from": 18, "friendly_to": 7,
}  # fmt: skip


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """A virtual board with a small buffer, flashed through it."""
    files, libraries = flashing.to_hold("sim", "")
    with PtyBoard(tmp_path_factory.mktemp("board"), input_buffer=BUFFER_BYTES) as board:
        with Prompt(board.port) as prompt:
            steps = flashing.plan(files, libraries, prompt.hashes())
            flashing.carry_out(prompt, steps, lambda _text: None)
            prompt.restart()
        yield board


def arrives(ask):
    """Whether a request of `ask` arrives whole, of five at most.

    A busy machine may hold the board up for longer than a board ever is, and so lose a piece.
    What is sent at once is lost each time, see below.
    """
    for _ in range(5):
        # Where the lost piece ended the line, there is no answer, and the next line is part of it.
        with contextlib.suppress(Trouble):
            if ask()["ok"]:
                return True
    return False


def test_long_requests_of_the_tools_arrive_whole(board):
    with ServicePort(board.port) as meter:
        assert len(json.dumps(PROVISION)) > BUFFER_BYTES
        assert arrives(lambda: meter.request(**PROVISION))
        for number in range(3):
            assert arrives(lambda n=number: meter.request(**KEYS, padding="x" * 900, number=n))
        assert arrives(lambda: json.loads(meter.exchange(json.dumps(KEYS).encode())))


def test_long_line_that_is_sent_at_once_does_not(board):
    """The emulation loses what a board would lose: else the test above proves nothing."""
    with ServicePort(board.port) as meter:
        meter.request(do="read")
    with serial.Serial(board.port, timeout=2) as line:
        line.write(json.dumps(KEYS).encode() + b"\n")
        assert b'"ok": true' not in line.read_until(b"\n")
        line.timeout = 20
        line.write(b"\r")
        assert b'"error": "bad_json"' in line.read_until(b"\n")
    with ServicePort(board.port) as meter:
        assert meter.request(do="read")["ok"]


def test_programs_of_every_length_reach_the_prompt_whole(board):
    """The end of a program comes after all that its window allows, and must find room, too."""
    with Prompt(board.port) as prompt:
        for length in (*range(120, 136), *range(250, 262), *range(378, 390), *range(506, 518)):
            assert prompt.run("print(7)".ljust(length, "#")).strip() == "7", length
