"""Every command of every document is run, in order, and prints what the document shows.

What no test can run is in one list: host_tests/README.md, "Commands that no test runs", with the
reason. docs/bench.md has a test of its own, on the virtual board.
"""

import fnmatch
import functools
import os
import re
import shlex
from pathlib import Path

import pytest
from rigs import console, programs
from rigs.ports import free_port
from typer.main import get_command

from meter20.cli.main import app

ROOT = Path(__file__).parents[2]
DOCUMENTS = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in sorted([
        ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("boards/**/*.md"),
        *ROOT.glob("host_tests/**/README.md"),
    ])
}  # fmt: skip
ELSEWHERE = {"docs/bench.md"}
#: What a block is written in.
LANGUAGES = {"console", "json", "text"}
#: Ports that documents name: a test takes free ones.
PORTS = ("1883", "4059", "8020", "8040", "8883")
#: Programs that documents start and `make setup` does not bring; Debian's package of each.
PACKAGES = {
    "curl": "curl",
    "mosquitto": "mosquitto",
    "mosquitto_rr": "mosquitto-clients",
    "mosquitto_sub": "mosquitto-clients",
}
#: Exit codes of commands that end with something else than 0; the words show why.
_REFUSED = re.compile(r'"ok": false|^Refused: |^UsedError: ', re.MULTILINE)
#: The first word of a line that is a command.
_COMMAND = re.compile(
    r"^ *(\$|meter20|make|curl|pip|pytest|mpremote|esptool|mosquitto\w*|python3?) ", re.MULTILINE
)

WITH_COMMANDS = [
    name
    for name, text in DOCUMENTS.items()
    if name not in ELSEWHERE
    and any(console.is_run(name, step.command) for step in console.steps(text))
]


@pytest.fixture
def session(tmp_path, monkeypatch):
    """A console in a clean folder, with a passphrase that is quick to check."""
    for name in [name for name in os.environ if name.startswith("METER20_")]:
        monkeypatch.delenv(name)
    for name in ("METER20_DB", "PASSWORD", "KEY"):  # what a document sets goes with its test
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setenv("METER20_PASSPHRASE", "what a person types")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("PATH", f"{ROOT / '.venv/bin'}:{os.environ['PATH']}:/usr/sbin")
    monkeypatch.setattr("meter20.vending.sealing.SCRYPT_COST", 2)
    monkeypatch.chdir(tmp_path)
    made = console.Console()
    yield made
    made.close()


@pytest.mark.parametrize("document", WITH_COMMANDS)
def test_every_command_of_a_document_does_what_it_shows(document, session, note):
    text = DOCUMENTS[document]
    for port in PORTS:
        text = text.replace(port, str(free_port())) if port in text else text
    steps = [one for one in console.steps(text) if console.is_run(document, one.command)]
    for program in {step.command.split(" ")[0] for step in steps} & PACKAGES.keys():
        programs.found(program, PACKAGES[program])
    for step in steps:
        code, said = session.run(step)
        where = f"{document}:{step.line}: {step.command}"
        assert console.matches(step.shown, said), f"{where}\nshows\n{step.shown}\nprints\n{said}"
        assert bool(code) == bool(_REFUSED.search(step.shown)), f"{where}\n{said}"
    note(f"{document}: {len(steps)} commands, each does what it shows")


def test_list_of_what_is_not_run_has_no_stale_line_and_a_reason_in_each():
    for document, pattern, why in console.not_run():
        commands = [step.command for step in console.steps(DOCUMENTS[document])]
        assert fnmatch.filter(commands, pattern), f"{document}: {pattern}"
        assert why.strip()
    assert len(console.not_run()) > 10


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_block_says_what_it_is_so_that_no_command_is_overlooked(document):
    for line, language, text in console.blocks(DOCUMENTS[document]):
        assert language in LANGUAGES, f"{document}:{line}: {language}\n{text}"
        if language != "console" and document != "docs/errors.md":  # which has only messages
            assert not _COMMAND.search(text), f"{document}:{line}\n{text}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_within_a_line_has_the_options_it_names(document):
    for words in re.findall(r"`(meter20 [a-z][^`]*)`", DOCUMENTS[document]):
        assert unknown(shlex.split(words)) == [], words


@functools.cache
def commands():
    """Return the tree of all commands, which is made part by part as it is looked at."""
    return get_command(app)


def unknown(words):
    """Return what of a command line `meter20 ...` there is not: commands, and options."""
    command, offered, missing = commands(), set(), []
    for word in words[1:]:
        if word.startswith("--"):
            offered = {name for one in command.params for name in one.opts} | {"--help"}
            missing += {word.partition("=")[0]} - offered
        elif word in getattr(command, "commands", {}):
            command = command.commands[word]
        elif getattr(command, "commands", {}) and word.islower() and word.isalpha():
            missing.append(word)
    return missing


def test_misspelt_commands_and_options_are_found():
    assert unknown(["meter20", "vend", "credit", "METER", "--monny", "5"]) == ["--monny"]
    assert unknown(["meter20", "vend", "crediit", "METER"]) == ["crediit"]
