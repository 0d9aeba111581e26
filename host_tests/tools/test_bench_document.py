"""docs/bench.md does what it says: its commands are run word for word, on the virtual board.

The commands go to one shell, in order, and what comes back is compared with what the document
shows, see rigs.console. Only the person is played: whoever presses the keys in the
wiring check, and reads the digits off the receipt. micropython.org is a site of our own.
"""

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from models import image_site
from rigs import console
from typer.testing import CliRunner

from meter20.board import wiring_check
from meter20.cli import board as board_command
from meter20.cli.main import app

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/bench.md").read_text(encoding="utf-8")

_TIMEOUT_S = 500  # for all of it
_END = "=== end of command"


def steps():
    """Return the console.Steps of the document, except those of the list of what no test runs."""
    return [
        step for step in console.steps(DOCUMENT) if console.is_run("docs/bench.md", step.command)
    ]


class Shell:
    """A shell in `folder` that is told one command after the other."""

    def __init__(self, folder, environment):
        self._bash = subprocess.Popen(
            ["bash", "--norc"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._watch = threading.Timer(_TIMEOUT_S, self._kill)
        self._watch.start()

    def run(self, command, lines_to_come=0):
        """Return (exit code, what was printed) of `command`.

        lines_to_come: how many to wait for, of a command that goes on in the background.
        """
        self._bash.stdin.write(f"{command}\nprintf '\\n{_END} %s\\n' $?\n")
        self._bash.stdin.flush()
        said, code = "", None
        while code is None or lines_to_come > said.strip().count("\n") + bool(said.strip()):
            line = self._bash.stdout.readline()
            assert line, f"the shell ended at: {command}\n{said}"
            if line.startswith(_END):
                code = int(line.split()[-1])
            else:
                said += line
        return code, said

    def close(self):
        """End the shell, and what it left in the background."""
        self._watch.cancel()
        self._kill()
        self._bash.wait()
        self._bash.stdin.close()
        self._bash.stdout.close()

    def _kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._bash.pid, signal.SIGKILL)


@pytest.fixture
def site():
    with image_site.served({}) as address:
        yield address


class Fingers(board_command._Person):
    """A person who answers as the document does, and presses the keys that are asked for."""

    prompt = None

    def say(self, text):
        super().say(text)
        if text.startswith("Press the key"):
            self.prompt.run(f"p.keypad.press('{text.split()[3]}')")


@pytest.fixture
def wiring_test(monkeypatch):
    """Return a function that runs `meter20 board test` with somebody at the board."""
    check = wiring_check.check

    def with_fingers(prompt, person):
        person.prompt = prompt
        return check(prompt, person)

    monkeypatch.setattr(wiring_check, "check", with_fingers)
    monkeypatch.setattr(board_command, "_Person", Fingers)
    for name, long, short in (("COUNT", "8000", "3000"), ("_CLICK", "400", "40")):
        monkeypatch.setattr(wiring_check, name, getattr(wiring_check, name).replace(long, short))

    def run(command, shown, port):
        answers = "".join(re.findall(r"\[Y/n\]: (.)", shown))
        done = CliRunner(env={"METER20_PORT": port}).invoke(
            app, command.split()[1:], input="\n".join(answers) + "\n"
        )
        return done.exit_code, done.output

    return run


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    return tmp_path


@pytest.fixture
def shell(checkout, site):
    private = {"METER20_SITE": site, "PYTHONDONTWRITEBYTECODE": "1"}
    kept = {name: value for name, value in os.environ.items() if "METER20" not in name}
    shell = Shell(checkout, {**kept, **private})
    yield shell
    shell.close()


def test_every_command_of_the_document_does_what_it_shows(shell, checkout, wiring_test, note):
    digits = {}  # in the document: on the receipt
    for section, _line, command, shown in steps():
        for written, real in digits.items():
            command = command.replace(written, real)
        if command == "meter20 board test":
            code, said = wiring_test(command, shown, str(checkout / "bench/board"))
        else:
            code, said = shell.run(command, shown.count("\n") + 1 if command.endswith("&") else 0)
        where = f"docs/bench.md, {section}: {command}"
        assert console.matches(shown, said), f"{where}\nshows\n{shown}\nand prints\n{said}"
        assert code == (1 if '"ok": false' in shown else 0), where
        if console.DIGITS.search(shown):
            written, real = (
                console.DIGITS.search(text)[0].replace(" ", "") for text in (shown, said)
            )
            digits[written] = real
    assert digits
    until_s = time.monotonic() + 20
    while (checkout / "bench/board").is_symlink() and time.monotonic() < until_s:
        time.sleep(0.05)
    assert not (checkout / "bench/board").is_symlink()  # the board goes, and its port
    note(f"docs/bench.md: {len(steps())} commands, each does what it shows")


def test_document_goes_the_whole_way():
    commands = "\n".join(command for _section, _line, command, _shown in steps())
    for words in (
        "board firmware", "board flash", "board test", "board provision", "board clock",
        "vend credit", '"keys"', "board monitor",
    ):  # fmt: skip
        assert words in commands


def test_what_differs_is_not_all():
    assert console.matches("a ... c\n...\nd", "a b c\nx\ny\nd\n")
    assert not console.matches("a ... c\n...\nd", "a b\nx\nd")
    assert console.matches("    1111 2222 3333 4444 5555", "    0000 0000 0000 0000 0001\n")
    assert not console.matches("    1111 2222 3333 4444 5555", "    0000 0000 0000 0000")


def test_linked_files_exist():
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", DOCUMENT) if "://" not in link]
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
