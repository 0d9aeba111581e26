"""`meter20` as a process: what it does when its output or its user has gone."""

import json
import subprocess
import sys
import types
from pathlib import Path

import pytest
from rigs import programs

from meter20 import __version__
from meter20.cli import __main__ as command

METER20 = [sys.executable, "-m", "meter20.cli"]


@pytest.mark.parametrize("arguments", [["demo", "--plain"], ["token", "kinds", "--json"]])
def test_full_disk_is_a_refusal(arguments):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*METER20, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    words = "the output cannot be written: No space left on device"
    shape = {"ok": False, "error": "output", "message": words}
    told = json.dumps(shape) if "--json" in arguments else f"Refused: {words}"
    assert (done.returncode, done.stderr) == (1, told + "\n")


@pytest.mark.parametrize("body", ["emulated", "virtual"])
def test_meter_whose_answers_find_a_full_disk_says_so_in_words(body):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*METER20, "serve", "--stdio", "--body", body], input='{"do":"read"}\n',
            stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "Refused: the output cannot be written: No space left on device\n"


def test_reader_that_has_left_is_no_traceback():
    with programs.started(
        [*METER20, "demo", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stdout is not None and demo.stderr is not None
        demo.stdout.readline()
        demo.stdout.close()
        assert demo.stderr.read() == ""
        assert demo.wait(60) == 1


def test_ctrl_c_while_the_commands_load_ends_quietly(monkeypatch):
    class Interrupted(types.ModuleType):
        def __getattr__(self, name):
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "meter20.cli.main", Interrupted("main"))
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 130


def _said(*words):
    done = subprocess.run([*METER20, *words], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_version_is_told():
    assert _said("--version") == (0, f"meter20 {__version__}\n")


@pytest.mark.parametrize("words", [(), ("vend",), ("vend", "credit"), ("sim",)])
def test_h_asks_for_help_as_help_does(words):
    code, said = _said(*words, "-h")
    assert (code, "Usage: meter20" in said, "-h, --help" in said) == (0, True, True)


def test_arguments_are_named_as_usage_shows_them():
    code, said = _said("dlms", "read")
    assert (code, "[OPTIONS] WHERE NAME [ATTRIBUTE]" in said) == (2, True)
    assert "Missing argument 'WHERE'." in said
    code, said = _said("board", "token")
    assert (code, "DIGITS...\n" in said, "Missing argument 'DIGITS'." in said) == (2, True, True)


def test_shell_completes_commands_options_and_values(monkeypatch):
    monkeypatch.setenv("_METER20_COMPLETE", "complete_bash")
    for words, found in (("vend cr", "credit"), ("serve --body v", "virtual")):
        monkeypatch.setenv("COMP_WORDS", f"meter20 {words}")
        monkeypatch.setenv("COMP_CWORD", str(len(words.split())))
        done = subprocess.run(
            [Path(sys.executable).with_name("meter20")],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout.split()) == (0, [found]), done.stderr


def test_general_option_in_the_wrong_place_says_where_it_belongs():
    code, said = _said("vend", "credit", "12345678903", "--kwh", "1", "--db", "x.sqlite")
    assert (code, "--db stands earlier: meter20 vend --db" in said) == (2, True)
    code, said = _said("vend", "credit", "12345678903", "--nonsense")
    assert (code, "No such option: --nonsense" in said) == (2, True)
