"""`meter20 board clock` at the service port of an emulated meter, or of something else."""

import json
from datetime import UTC, datetime

import pytest
from freezegun import freeze_time
from typer.testing import CliRunner

from meter20.board import clock, serial_ports
from meter20.board.trouble import Code
from meter20.bodies import EmulatedBody
from meter20.cli import board
from meter20.cli.main import app

NOW = "2026-11-29T10:00:00Z"


class Port:
    """A service port whose meter is emulated, or that answers `said` whatever is asked."""

    def __init__(self, said=None):
        self.said, self.asked, self.lines = said, [], EmulatedBody()

    def request(self, **fields):
        self.asked.append(fields)
        if self.said is not None:
            return self.said
        return self.lines.request(**fields)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


@pytest.fixture
def plugged(monkeypatch):
    """Return a function that plugs a Port in."""
    monkeypatch.setattr(serial_ports, "find", lambda port: port)

    def plug(port):
        monkeypatch.setattr(board, "ServicePort", lambda _name: port)
        return port

    return plug


@pytest.fixture
def meter(plugged):
    return plugged(Port())


def told(*words, now=NOW):
    """Return (exit code, lines printed) of `meter20 board clock` when it is `now`."""
    with freeze_time(now):
        done = CliRunner().invoke(app, ["board", "clock", *words])
    return done.exit_code, done.output.splitlines()


def report(*words, now=NOW):
    code, lines = told("--json", *words, now=now)
    return code, *[json.loads(line) for line in lines]


def test_a_clock_that_nobody_set_is_told_with_what_sets_it(meter):
    assert told() == (0, [
        "board  no time",
        "host   2026-11-29 10:00:00 UTC",
        "The board's clock was never set, or it stopped. --set sets it.",
    ])  # fmt: skip
    assert report() == (0, {"ok": True, "utc": None, "host_utc": NOW, "ahead_s": None})
    assert meter.asked == [{"do": "clock"}] * 2


def test_clock_is_set_to_the_hosts_in_utc(meter):
    assert told("--set") == (0, [
        "board  2026-11-29 10:00:00 UTC",
        "host   2026-11-29 10:00:00 UTC",
        "The board's clock agrees with the host's, to a second.",
        "It showed no time before.",
    ])  # fmt: skip
    assert meter.asked == [{"do": "clock", "utc": NOW}]


@pytest.mark.parametrize(
    ("now", "utc", "ahead_s", "words", "moved"),
    [
        ("2026-11-29T09:59:57Z", "2026-11-29T09:59:57Z", 3, "3 s ahead of", "back by 3 s"),
        ("2026-11-29T11:00:00+00:00", "2026-11-29T11:00:00Z", -3600, "3600 s behind",
         "forward by 3600 s"),
        ("2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z", -2_815_200, "2815200 s behind",
         "forward by 2815200 s"),
    ],
)  # fmt: skip
def test_difference_is_told_before_and_after(meter, now, utc, ahead_s, words, moved):
    assert told("--set")[0] == 0
    code, lines = told(now=now)
    assert (code, lines[2]) == (0, f"The board's clock is {words} the host's.")
    before = {"ok": True, "utc": NOW, "host_utc": utc, "ahead_s": ahead_s}
    assert report(now=now) == (0, before)
    assert report("--set", now=now) == (
        0, {"ok": True, "utc": utc, "host_utc": utc, "ahead_s": 0, "was": NOW, "moved_s": -ahead_s}
    )  # fmt: skip
    told("--set")
    assert (
        told("--set", now=now)[1][3] == f"It showed 2026-11-29 10:00:00 UTC and was put {moved}."
    )


def test_clock_is_set_as_a_second_begins(meter, monkeypatch):
    slept = []
    monkeypatch.setattr(clock.time, "sleep", slept.append)
    with freeze_time("2026-11-29T10:00:00.75Z"):
        clock.set_to_host(meter)
    with freeze_time("2026-11-29T10:00:00Z"):
        clock.set_to_host(meter)
    assert slept == [0.25, 0]


def test_a_board_without_a_clock_is_a_refusal_in_words(plugged):
    refusal = {"ok": False, "error": "no_clock", "message": "this meter has no clock"}
    plugged(Port(refusal))
    for words in ((), ("--set",)):
        assert told(*words) == (1, ["Refused: the meter refused: this meter has no clock"])
        code, said = report(*words)
        assert (code, said["ok"], said["error"]) == (1, False, "refused")


@pytest.mark.parametrize("now", ["1999-12-31T23:59:59Z", "2100-01-01T00:00:00Z"])
def test_a_host_whose_clock_is_out_of_range_sets_nothing(meter, now):
    code, lines = told("--set", now=now)
    assert (code, "2000 to 2099" in lines[0]) == (1, True)
    assert told(now=now)[1][0] == "board  no time"


@pytest.mark.parametrize(
    "said", [{}, {"utc": 7}, {"utc": "\x1b[2J"}, {"utc": NOW + "x"}, {"utc": NOW, "was": []}]
)
def test_what_answers_no_time_is_no_meter(plugged, said):
    plugged(Port({"ok": True, **said}))
    code, lines = told("--set")
    assert code == Code.NO_ANSWER
    assert lines == ["Refused: what answers is no meter that this meter20 knows"]


def test_the_hosts_time_zone_changes_nothing(meter, monkeypatch):
    monkeypatch.setenv("TZ", "Africa/Johannesburg")
    clock.time.tzset()
    try:
        times = clock.set_to_host(meter)
        assert times.board.tzinfo is UTC
        assert abs(times.board - datetime.now(UTC)).total_seconds() < 1800
    finally:
        monkeypatch.undo()
        clock.time.tzset()
