"""The command loads the part that is called and no other, and reads words as typer does."""

import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from meter20 import samples
from meter20.cli.main import PARTS, app
from meter20.vending.refusal import Refusal

ROOT = get_command(app)
DEAR = {"pydantic", "rich", "sqlalchemy", "mpremote", "textual", "fastapi"}
KEY = samples.PROVISION["decoder_key"]
DECODE = ("token", "decode", "--key", KEY, "--ea", "11", samples.CREDIT.digits)
#: Words for an option: most fit some kind of option, and none fits all.
WORDS = (
    "",
    "5",
    "-1",
    "05",
    "virtual",
    "VIRTUAL",
    "no such file",
    "/",
    __file__,
    "2026-03-10",
    "-",
)


def _loaded(*words):
    """Return the modules that a command of its own process has loaded at its end."""
    told = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); "
    run = f"sys.argv[1:] = {list(words)}; from meter20.cli.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", told + run], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split()), done.stdout


def _parts(modules):
    return {name for name in PARTS if f"meter20.cli.{name}" in modules}


def test_help_loads_no_part_and_shows_each():
    modules, text = _loaded("--help")
    assert _parts(modules) == set()
    assert modules & DEAR == set()
    for name, about in PARTS.items():
        assert f"  {name} " in text
        assert about in " ".join(text.split())


def test_a_token_is_decoded_without_other_parts_and_dear_libraries():
    modules, text = _loaded(*DECODE)
    assert "25.6 kWh" in text
    assert _parts(modules) == {"token"}
    assert modules & DEAR == set()


def test_no_part_loads_the_database_before_a_station_is_opened():
    load = "import importlib, sys; [importlib.import_module('meter20.cli.' + name) for name in {}]"
    told = load.format(list(PARTS)) + "; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert {"meter20.cli.vend", "meter20.cli.serve"} <= set(done.stdout.split())
    assert set(done.stdout.split()) & {"sqlalchemy", "fastapi", "textual"} == set()


def test_a_part_says_of_itself_what_the_command_says_of_it():
    for name, about in PARTS.items():
        first = inspect.cleandoc(ROOT.commands[name].help).partition("\n\n")[0]
        assert " ".join(first.split()) == about


def _commands(command, path=()):
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from _commands(below, (*path, name))


def test_lists_of_commands_cut_no_text_short():
    groups = [(path, one) for path, one in _commands(ROOT) if path and hasattr(one, "commands")]
    assert len(groups) > 8
    for path, group in groups:
        text = "".join(group.get_help(typer.Context(group)).split())
        for below in group.commands.values():
            first = inspect.cleandoc(below.help).partition("\n\n")[0]
            assert "".join(first.split()) in text, (path, below.name)


def _read(param, value, context):
    try:
        return param.process_value(context, value)
    except typer.BadParameter as wrong:
        return wrong.format_message()
    except Refusal as why:
        return str(why)


@pytest.mark.parametrize("part", PARTS)
def test_each_option_is_read_as_typer_reads_it(part):
    for path, command in _commands(ROOT.commands[part], (part,)):
        context = typer.Context(command)
        for param in command.get_params(context):
            many = param.multiple or param.nargs == -1
            for word in (None, param.default, *WORDS):
                value = [word] if many and isinstance(word, str) else word
                quick = _read(param, value, context)
                held, param._runtime_param = param._runtime_param, None
                assert quick == _read(param, value, context), (path, param.name, word)
                assert type(quick) is type(_read(param, value, context))
                param._runtime_param = held


def test_a_file_that_cannot_be_read_is_refused_as_typer_refuses_it(monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may read every file
    (tables,) = [
        one for one in ROOT.commands["token"].commands["decode"].params if one.name == "tables"
    ]
    assert "is not readable" in _read(tables, __file__, typer.Context(ROOT))


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("meter20 to", ["token"]),
        ("meter20 token de", ["decode"]),
        ("meter20 token decode --e", ["--ea"]),
        ("meter20 vend meter ", ["add", "list", "show", "find", "edit", "retire"]),
    ],
)
def test_the_shell_completes_parts_and_what_is_in_them(words, completed):
    last = len(words.split()) - (not words.endswith(" "))
    asked = {"_METER20_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(last)}
    command = [str(Path(sys.executable).parent / "meter20")]
    done = subprocess.run(
        command, env={**os.environ, **asked}, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == completed
