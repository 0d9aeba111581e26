"""Every command says in one shape, and with one table of exit codes, that there is no answer."""

import contextlib
import errno
import importlib
import json
import re
import sqlite3
from pathlib import Path

import pytest
import typer
from rigs.stations import DRN
from typer.main import get_command

from meter20.board.trouble import Trouble
from meter20.cli.main import app
from meter20.exit_codes import BOARDS, ERRORS, Code
from meter20.failure import Failure, NoMeter
from meter20.vending import refusal
from meter20.vending.refusal import Doubt, Refusal
from meter20.vending.storage import Storage

DOCUMENT = Path(__file__).parents[2] / "docs" / "command-line.md"
GIVEN = {
    "meter": DRN, "number": "1", "state": "on", "outcome": "refused",
    "where": "127.0.0.1:4059", "name": "1.0.1.8.0.255",
}  # fmt: skip
#: What the layer itself says, beside the words of what was raised.
OF_THE_LAYER = {"usage", "aborted", "interrupted", "system"}


def _leaves(command, path=()):
    for name, below in getattr(command, "commands", {}).items():
        yield from _leaves(below, (*path, name))
    if not hasattr(command, "commands"):
        yield path, command


def _has_json(command):
    return any("--json" in one.opts for one in command.params)


ROOT = get_command(app)
LEAVES = [leaf for leaf in _leaves(ROOT) if _has_json(leaf[1])]
IN_JSON = [pytest.param(path, id=" ".join(path)) for path, _ in LEAVES]


def _answered(words, capsys, raised=None):
    """Return (exit code, standard output) of a command, which raises `raised` if it is given."""
    before = contextlib.nullcontext() if raised is None else _raising(raised, words)
    with before, pytest.raises(SystemExit) as ended:
        ROOT.main(words)
    return ended.value.code, capsys.readouterr().out


@contextlib.contextmanager
def _raising(raised, words):
    """Let the command that `words` name raise `raised`."""
    command = ROOT
    for name in words:
        if not hasattr(command, "commands"):
            break
        command = command.commands[name]

    def fail(**_):
        raise raised

    callback, command.callback = command.callback, fail
    try:
        yield
    finally:
        command.callback = callback


def _line(path):
    """Return a command line that is right in form."""
    command = dict(LEAVES)[path]
    words = list(path)
    for one in command.params:
        if one.required and one.param_type_name == "argument":
            words.append(DRN if one.metavar == "METER" else GIVEN.get(one.name, "1"))
        elif one.required:
            words += [one.opts[0], "1"]
    return [*words, "--json"]


def test_there_are_commands_to_ask():
    assert len(LEAVES) > 40


RAISED = [
    (Refusal(refusal.LIMIT, "too much"), 1, "limit", "too much"),
    (Refusal(refusal.DATABASE, "it is busy"), 1, "database", "it is busy"),
    (Doubt("It broke off."), 4, "doubt", str(Doubt("It broke off."))),
    (Trouble(Code.PORT_BUSY, "in use"), 13, "port_busy", "in use"),
    (NoMeter("it is gone"), 1, "no_meter", "it is gone"),
    (typer.BadParameter("say which"), 2, "usage", "say which"),
    (FileNotFoundError(errno.ENOENT, "No such file", "x.json"), 1, "system",
     "x.json: No such file"),
    (typer.Abort(), 1, "aborted", "Nothing was done: nobody agreed."),
    (KeyboardInterrupt(), 130, "interrupted", "Ctrl-C ended the command."),
]  # fmt: skip


@pytest.mark.parametrize("path", IN_JSON)
def test_whatever_a_command_raises_has_one_shape_in_json(path, capsys):
    for raised, exit_code, code, message in RAISED:
        found = _answered(_line(path), capsys, raised)
        shape = {"ok": False, "error": code, "message": message}
        assert (found[0], json.loads(found[1])) == (exit_code, shape), raised


@pytest.mark.parametrize("path", IN_JSON)
def test_words_that_cannot_be_parsed_have_that_shape_too(path, capsys):
    exit_code, out = _answered([*path, "--json", "--no-such-option"], capsys)
    answer = json.loads(out)
    assert (exit_code, list(answer)) == (2, ["ok", "error", "message"])
    assert (answer["ok"], answer["error"]) == (False, "usage")
    assert "--no-such-option" in answer["message"]


def test_without_json_there_are_words_on_standard_error_alone(capsys):
    for raised, exit_code, _, message in RAISED:
        words = ["token", "kinds"]
        with _raising(raised, words), pytest.raises(SystemExit) as ended:
            ROOT.main(words)
        said = capsys.readouterr()
        assert (ended.value.code, said.out) == (exit_code, "")
        if not isinstance(raised, typer.Abort | KeyboardInterrupt):
            assert f"{message}\n" in said.err
            assert "Invalid" not in said.err


def test_word_that_an_option_does_not_know_is_refused_in_plain_words(capsys):
    with pytest.raises(SystemExit) as ended:
        ROOT.main(["demo", "--body", "real"])
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert "Invalid value for '--body': 'real' is not one of 'emulated', 'virtual'." in said


def test_json_after_two_dashes_is_an_argument(capsys):
    code, out = _answered(["token", "decode", "--", "--json"], capsys)
    assert (code, out) == (1, "")


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """An environment in which nothing can be had: no station, no board, no meter."""
    monkeypatch.setenv("METER20_DB", str(tmp_path / "station.sqlite"))
    monkeypatch.setenv("METER20_PASSPHRASE", "open sesame")
    monkeypatch.setenv("METER20_PORT", str(tmp_path / "no-port"))
    monkeypatch.setattr("meter20.vending.sealing.SCRYPT_COST", 2)
    monkeypatch.chdir(tmp_path)
    return tmp_path


_FOUNDERS = ("init", "setup")  # they make the station
STATION = [
    one for one in IN_JSON
    if one.values[0][0] == "vend" and one.values[0][-1] not in _FOUNDERS
]  # fmt: skip


@pytest.mark.parametrize("path", STATION)
@pytest.mark.parametrize("content", [None, b"no database at all" * 100], ids=["none", "broken"])
def test_station_that_is_missing_or_broken(path, content, nowhere, capsys):
    if content is not None:
        (nowhere / "station.sqlite").write_bytes(content)
    exit_code, out = _answered(_line(path), capsys)
    answer = json.loads(out)
    assert list(answer) == ["ok", "error", "message"], answer
    assert exit_code == (2 if answer["error"] == "usage" else 1)
    typed_wrongly = {"usage", "value"}  # what a command looks at before its database
    assert answer["error"] in {"no_database" if content is None else "database"} | typed_wrongly


def test_station_that_another_process_keeps(nowhere, monkeypatch, capsys):
    monkeypatch.setattr(Storage.__init__, "__defaults__", (0.2, None))
    assert _answered(["vend", "init", "--json"], capsys)[0] == 0
    with contextlib.closing(sqlite3.connect(nowhere / "station.sqlite")) as other:
        other.execute("BEGIN EXCLUSIVE")
        exit_code, out = _answered(["vend", "group", "add", "--sgc", "123456", "--json"], capsys)
    answer = json.loads(out)
    assert (exit_code, answer["error"], "is busy" in answer["message"]) == (1, "database", True)


def _families(base=Failure):
    for below in base.__subclasses__():
        yield below
        yield from _families(below)


def test_every_family_of_errors_has_a_cause_and_a_cure():
    for module in ("meter20.dlms_client", "meter20.cli.sim"):
        importlib.import_module(module)
    words = {name for key, name in vars(refusal).items() if key.isupper()} | OF_THE_LAYER
    words |= {family.code for family in _families() if family not in (Refusal, Trouble)}
    assert words <= set(ERRORS)


def test_every_exit_code_is_in_the_document():
    text = DOCUMENT.read_text()
    told = {int(code) for code in re.findall(r"^\| (\d+) \| ", text, re.MULTILINE)}
    assert told == {code for code in Code if code not in BOARDS}
    assert {error.exit_code for error in ERRORS.values()} <= told | set(BOARDS)
