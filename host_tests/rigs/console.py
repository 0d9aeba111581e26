"""The commands of a document, with what they print: `console` blocks, taken out and run.

In a block the lines after "$ " are commands; the lines below show what comes back. "..." stands
for anything in its line, or for any lines where it stands alone; a token is any token; how many
spaces there are does not matter. The lines of a command that begin with "{" and hold "do" are what
is typed into it. A `json` block below "The file `NAME`:" is that file. Of `export NAME=...` the
value is what a command before showed under that name.
"""

import contextlib
import fnmatch
import os
import re
import shlex
import signal
import subprocess
from collections import namedtuple
from pathlib import Path

from typer.testing import CliRunner

from meter20.cli.main import app

#: A token of a receipt.
DIGITS = re.compile(r"^ +(\d{4} ){4}\d{4}$", re.MULTILINE)
_LIST = Path(__file__).parents[1] / "README.md"
_FILE = re.compile(r"file\s+`([\w.-]+)`:\n\n```json$")
_WRITE = "write "
_REQUEST = re.compile(r'\{"do":', re.ASCII)
_SHELL = re.compile(r"[$<>|&;*`~]|^\w+=|^(?!meter20 )")  # what only a shell understands

#: line: of the document, where the command stands.
Step = namedtuple("Step", ("section", "line", "command", "shown"))


def blocks(document):
    """Yield (number of the first line, language, text) of each fenced or indented block."""
    lines, at = document.split("\n"), 0
    while at < len(lines):
        fence = re.match(r"( *)```(\w*)$", lines[at])
        first = at + 1
        if fence:
            at = lines.index(fence[1] + "```", first)
            yield first + 1, fence[2], "\n".join(lines[first:at]) + "\n"
        elif lines[at].startswith("    ") and (at == 0 or not lines[at - 1]):
            while at < len(lines) and (lines[at].startswith("    ") or not lines[at]):
                at += 1
            yield first, "indented", "\n".join(line[4:] for line in lines[first - 1 : at])
            continue
        at += 1


def steps(document):
    """Return the Steps of a document, in order."""
    found = []
    for first, language, text in blocks(document):
        before = "\n".join(document.split("\n")[: first - 1])
        name = _FILE.search(before)
        if language == "json" and name:
            found.append(Step("", first, f"{_WRITE}{name[1]}", text))
        elif language == "console":
            headings = re.findall(r"^#+ (.*)$", before, re.MULTILINE) or [""]
            found += [Step(headings[-1], *step) for step in _of_block(first, text)]
    return found


def _of_block(first, text):
    at = first
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE):
        if part:
            command = re.match(r"(?:.*\\\n)*.*", part)[0]
            yield at, command.replace("\\\n", ""), part[len(command) :].strip("\n")
        at += part.count("\n")


def not_run():
    """Return [(document, pattern of a command, why)] of the list in host_tests/README.md."""
    section = _LIST.read_text(encoding="utf-8").partition("\n## Commands that no test runs\n")[2]
    return re.findall(r"^\| (\S+\.md) \| `(.+?)` \| (.+) \|$", section, re.MULTILINE)


def is_run(document, command):
    """Return whether the list leaves a command of `document`, a path in the tree, to a test."""
    return not any(
        document == where and fnmatch.fnmatchcase(command, pattern)
        for where, pattern, _why in not_run()
    )


def matches(shown, said):
    """Return whether `said` is what a document shows."""
    pattern = ""
    for line in _lines(shown):
        if line == "...":
            pattern += r"(.*\n)*?"
        elif DIGITS.match(line):
            pattern += r" (\d{4} ){4}\d{4}\n"
        else:
            pattern += ".*?".join(re.escape(part) for part in line.split("...")) + r"\n"
    return re.fullmatch(pattern, "".join(line + "\n" for line in _lines(said))) is not None


def _lines(text):
    return [re.sub(" +", " ", line).rstrip() for line in text.strip("\n").split("\n")]


class Console:
    """Runs steps, one after the other, in the working folder and with the environment of os.

    A command of meter20 runs in this process, unless it needs a shell, is told requests, or
    goes on in the background; `close` ends those.
    """

    def __init__(self):
        self._behind = []
        self._said = ""

    def run(self, step):
        """Return (exit code, what was printed) of `step`."""
        code, said = self._ran(step, shlex.split(step.command, comments=True))
        self._said += said
        return code, said

    def _ran(self, step, words):
        if step.command.startswith(_WRITE):
            Path(words[1]).write_text(step.shown, encoding="utf-8")
            return 0, step.shown
        if words[0] == "export":
            self._export(*words[1].split("=", 1))
            return 0, ""
        if words[-1] == "&":
            return 0, self._started(step)
        typed = [line for line in step.shown.split("\n") if _REQUEST.match(line)]
        if typed:
            return self._told(step, typed)
        if _SHELL.search(step.command):
            return self._in_a_shell(step.command)
        done = CliRunner().invoke(app, words[1:])
        return done.exit_code, done.output

    def _export(self, name, value):
        if value == "...":
            value = re.findall(rf"(?im)\b{name}\b *(\S+)$", self._said)[-1]
        os.environ[name] = os.path.expandvars(value)

    def close(self):
        """End what goes on in the background."""
        for process in self._behind:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        for process in self._behind:
            process.wait(20)
            process.stdin.close()
            process.stdout.close()

    def _started(self, step):
        process = subprocess.Popen(
            ["bash", "-c", "exec " + step.command.rpartition("&")[0]], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, stdin=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        self._behind.append(process)
        return "".join(process.stdout.readline() for _ in step.shown.split("\n") if step.shown)

    def _told(self, step, requests):
        """Return the code and a dialogue: each request, and below it what answers."""
        done = subprocess.run(
            ["bash", "-c", step.command], input="".join(f"{line}\n" for line in requests),
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        answers = done.stdout.splitlines()
        talk = [line for pair in zip(requests, answers) for line in pair]
        return done.returncode, "\n".join([*talk, *answers[len(requests) :], done.stderr])

    def _in_a_shell(self, command):
        done = subprocess.run(
            ["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, text=True, timeout=60, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout
