"""Text that others wrote, on terminals: shown, not obeyed; and what answers is no meter."""

import itertools
import json
import re

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from meter20.board import watching
from meter20.board.service import ServicePort
from meter20.board.trouble import Code, Trouble
from meter20.cli import answers, board_monitor, own_meter
from meter20.cli.main import app
from meter20.terminal import printable

READ = {
    "ok": True, "drn": "00000000000", "sgc": "123457", "krn": 1, "credit_wh": 5, "total_wh": 6,
    "power_w": 7, "relay": "open", "relay_reason": "no_credit", "tamper": False, "lockout_s": 0,
    "last_result": None, "uptime_s": 9, "display": ["0.005 kWh", "", "", ""],
}  # fmt: skip
AWKWARD = "[/b] [red]x \x1b[2J\x9b2J\ud800\u202e"
SHOWN = "[/b] [red]x \\x1b[2J\\x9b2J\\ud800\\u202e"


def test_control_characters_are_written_out():
    assert printable(AWKWARD) == SHOWN
    assert printable("Søren 山田\nнет") == "Søren 山田\nнет"


def test_lists_show_names_as_they_are(capsys):
    answers.show(False, "meters", [{"customer": AWKWARD}], "none")
    assert SHOWN in capsys.readouterr().out


def test_words_and_refusals_obey_nobody(capsys):
    answers.say(False, {}, AWKWARD)
    with pytest.raises(typer.Exit), answers.ending(None, False):
        raise Trouble(Code.REFUSED, AWKWARD)
    said = capsys.readouterr()
    assert SHOWN in said.out
    assert SHOWN in said.err


def test_a_record_that_is_missing_or_none_is_named(tmp_path):
    nonsense = tmp_path / "nonsense.json"
    nonsense.write_text("[7]")
    for file, why in ((tmp_path / "none.json", "notexist"), (nonsense, "noprovisioningrecord")):
        done = CliRunner().invoke(app, ["board", "provision", str(file)])
        said = re.sub(r"[\s│]", "", done.output)  # it stands in a box, wrapped
        assert done.exit_code == 2
        assert file.name in said
        assert why in said


def test_monitor_shows_what_a_meter_says_as_it_is(capsys):
    view = watching.View()
    view.hear(READ)
    strange = {**READ, "drn": AWKWARD, "relay": AWKWARD, "display": [AWKWARD] * 4}
    new = view.hear(strange)
    board_monitor._plainly(Console(width=120), view, READ, new)
    shown = capsys.readouterr().out
    assert "[/b]" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ok": False, "message": "no"}, Code.REFUSED),
        ({"ok": False}, Code.REFUSED),
        ({"display": None}, Code.NO_ANSWER),
        ({"display": [5]}, Code.NO_ANSWER),
        ({"credit_wh": "5"}, Code.NO_ANSWER),
        ({"credit_wh": 1 << 70}, Code.NO_ANSWER),
        ({"uptime_s": None}, Code.NO_ANSWER),
    ],
)
def test_monitor_of_what_is_no_meter_says_so(changes, code):
    with pytest.raises(Trouble) as trouble:
        watching.View().hear({**READ, **changes})
    assert trouble.value.exit_code == code
    with pytest.raises(Trouble):
        watching.View().hear({"ok": True})


class Line:
    """A serial line that answers each request with `said`."""

    def __init__(self, *said):
        self.said, self.sent = list(said), []

    def write(self, data):
        self.sent.append(data)

    def readline(self):
        return self.said.pop(0) if self.said else b""


def port(*said):
    made = ServicePort.__new__(ServicePort)
    made.port, made._line, made._timeout_s = "wire", Line(*said), 0.3
    made._numbers = itertools.count(1)
    return made


def test_request_may_have_fields_of_any_name():
    assert port(b'{"ok": true, "id": 1}\n').request(self=1, do="read") == {"ok": True}


@pytest.mark.parametrize(
    "value", ["x" * 5000, json.loads("[" * 200 + "]" * 200)], ids=["long", "deep"]
)
def test_request_that_no_meter_could_read_is_not_sent(value):
    made = port()
    with pytest.raises(Trouble) as trouble:
        made.request(do="provision", drn=value)
    assert trouble.value.exit_code == Code.REFUSED
    assert made._line.sent == []


def test_lines_that_are_no_reply_are_passed_over():
    nested = b"[" * 100_000 + b"\n"
    strange = (nested, b"\xff\n", b'{"ok": 1, "id": 1}\n', b'{"ok": true, "id": 7}\n', b"5\n")
    assert port(*strange, b'{"ok": true, "id": 1}\n').request(do="read") == {"ok": True}


@pytest.mark.parametrize("content", ["[" * 100_000, "[]", "5", '{"request": 5}', "\ud800"])
def test_file_that_is_no_record_is_wrong_usage(tmp_path, content):
    file = tmp_path / "record.json"
    file.write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(typer.BadParameter):
        own_meter.recorded(file)


def test_request_that_is_no_json_is_wrong_usage():
    for request in ("[" * 100_000, "5", ""):
        done = CliRunner().invoke(app, ["board", "ask", "--", request])
        assert (done.exit_code, json.loads(done.stdout)["error"]) == (2, "usage")


def test_replies_of_a_meter_are_json(capsys):
    answers.say(True, {"ok": True, "x": AWKWARD}, "")
    assert json.loads(capsys.readouterr().out)["x"] == AWKWARD
