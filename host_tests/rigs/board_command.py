"""`meter20`, and `meter20 board`, in this process."""

import json

from typer.testing import CliRunner

from meter20.board.prompt import Prompt
from meter20.board.service import ServicePort
from meter20.cli.main import app


def meter20(*words, typed=None):
    """Return (exit code, what it printed)."""
    done = CliRunner().invoke(app, list(words), input=typed)
    return done.exit_code, done.output


def ran(*words):
    """Return exit_code, stdout and stderr of `meter20 WORDS`; it must leave no exception."""
    done = CliRunner().invoke(app, [str(word) for word in words])
    assert isinstance(done.exception, (SystemExit, type(None))), done.exception
    return done


def board_command(word, board, *words, typed=None):
    """Return (exit code, the reply in JSON) of `meter20 board <word> --json`."""
    code, said = meter20("board", word, "--port", board.port, "--json", *words, typed=typed)
    return code, json.loads(said.splitlines()[-1])


def where(board, module="loop"):
    """Return the file of one of the meter's modules, as the program in main.py found it."""
    with ServicePort(board.port) as meter:
        assert meter.request(do="read")["ok"]
    with Prompt(board.port) as prompt:
        found = prompt.run(f"import sys, {module}\nprint(sys.modules[{module!r}].__file__)")
        prompt.restart()
    return found.strip()
