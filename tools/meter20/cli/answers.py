"""How every command answers, and how it says that there is no answer.

The answer goes to standard output, in words or, with `--json`, in JSON. A Failure goes to
standard error in words; with `--json` it is {"ok": false, "error": code, "message": words} on
standard output, or on standard error if standard output failed. The codes are in
docs/errors.md. `outcome` hands over the answer of a command that changed something.
"""

import errno
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import typer

from meter20 import failure, terminal
from meter20.exit_codes import ERRORS
from meter20.failure import Failure
from meter20.terminal import OutputFault, printable

#: What a wrong usage raises; typer has no name of its own for it.
_UsageError: Any = typer.BadParameter.__mro__[1]
#: Headings of columns that no narrow terminal breaks.
_WHOLE = ("receipt", "time", "meter", "drn", "paid")
_WIDEST = 1 << 12  # columns of a table
_IN_JSON = "meter20.in_json"


def asked_in_json(arguments: Sequence[str]) -> bool:
    """Say whether a command line asks for an answer in JSON."""
    words = list(arguments)
    return "--json" in (words[: words.index("--")] if "--" in words else words)


def always_in_json(ctx: typer.Context) -> None:
    """Answer in JSON whatever happens from now on: the command has no other answer."""
    ctx.meta[_IN_JSON] = True


@contextmanager
def ending(ctx: typer.Context | None, as_json: bool) -> Iterator[None]:
    """End the command with words, or JSON, and the right exit code when there is no answer.

    What stays as it is: a fault of standard output, which `__main__` ends, and bugs.
    """

    def in_json() -> bool:
        return as_json or (ctx is not None and ctx.meta.get(_IN_JSON, False))

    try:
        yield
    except Failure as why:
        _end(in_json(), why.code, f"{why.lead}: {why}", str(why))
    except _UsageError as wrong:
        _say_where_it_belongs(wrong)
        wrong = _in_our_words(wrong)
        if not in_json():
            raise wrong from None
        _end(True, "usage", "", wrong.format_message())
    except typer.Abort:
        _end(in_json(), "aborted", "Aborted.", "Nothing was done: nobody agreed.")
    except KeyboardInterrupt:
        _end(in_json(), "interrupted", "", "Ctrl-C ended the command.")
    except OSError as error:
        if is_output(error):
            raise
        words = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        _end(in_json(), "system", f"Refused: {words}", words)


def _say_where_it_belongs(wrong: Any) -> None:
    """Let a usage error about a general option say before which command it stands."""
    name, at = getattr(wrong, "option_name", None), wrong.ctx
    while name is not None and at is not None and at.parent is not None:
        at = at.parent
        if any(name in one.opts for one in at.command.params):
            wrong.message = f"{name} stands earlier: {at.command_path} {name} ..."
            wrong.possibilities = None


def _in_our_words(wrong: Any) -> Any:
    """Return the usage error `wrong` without what typer and pydantic put before its sentence.

    A sentence of ours names its options: it may be about one that is missing, so that there is
    no "Invalid value". Where typer names the option, its "Invalid value for" stays.
    """
    wrong.message = wrong.message.removeprefix("Value error, ")
    if isinstance(wrong, typer.BadParameter) and not (wrong.param or wrong.param_hint):
        return _UsageError(wrong.message, wrong.ctx)
    return wrong


def is_output(error: OSError) -> bool:
    """Say whether it is standard output that failed."""
    if isinstance(error, OutputFault):
        return True
    return error.errno in (errno.EPIPE, errno.ENOSPC) and error.filename is None


def _end(as_json: bool, code: str, line: str, message: str) -> NoReturn:
    """Say why there is no answer, and end the command with the exit code of the error `code`."""
    if as_json:
        print_json(failure.answer(code, message))
    elif line:
        typer.echo(printable(line), err=True)
    raise typer.Exit(ERRORS[code].exit_code)


def print_json(answer: dict) -> None:
    """Write `answer` as one line, and flush it: the reader may wait for it."""
    terminal.write(json.dumps(answer) + "\n")


def say(as_json: bool, data: dict | list, words: str) -> None:
    """Answer with `data` or with `words`."""
    terminal.write((json.dumps(data) if as_json else printable(words)) + "\n")


def say_facts(as_json: bool, facts: dict, width: int) -> None:
    """Answer with `facts`, in words one to a line; names take `width` columns."""
    lines = [f"{name.replace('_', ' '):<{width}} {_plain(fact)}" for name, fact in facts.items()]
    say(as_json, facts, "\n".join(lines))


def _plain(fact: object) -> object:
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    return "-" if fact is None or not str(fact) else fact


def show(as_json: bool, name: str, rows: Sequence[dict], empty: str) -> None:
    """Answer with a list of `rows`, all with the same names, as JSON or as a table.

    A terminal that is too narrow for the table gets a line for each value: nothing is cut off.
    """
    if as_json:
        print_json({name: list(rows)})
        return
    if not rows:
        terminal.write(empty + "\n")
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*[heading.replace("_", " ") for heading in rows[0]], box=None)
    for column in table.columns:  # a time and a number are read as one
        column.no_wrap = str(column.header).startswith(_WHOLE)
    for row in rows:
        cells = ["" if value is None else printable(value) for value in row.values()]
        table.add_row(*[Text(cell) for cell in cells])  # a str would be markup
    console = Console()
    needed = Console(width=_WIDEST).measure(table).minimum
    if needed > console.width and console.is_terminal:
        terminal.write("\n".join(map(_lines, rows)))
        return
    console.width = max(console.width, needed)
    with console.capture() as printed:
        console.print(table)
    terminal.write(printed.get())


def _lines(row: dict) -> str:
    """Return a row as lines, a value on each."""
    wide = max(map(len, row))
    cells = {name.replace("_", " "): "" if value is None else value for name, value in row.items()}
    return "".join(f"{name:<{wide}}  {printable(value)}".rstrip() + "\n"
                   for name, value in cells.items())  # fmt: skip


def output_failed(error: OSError, as_json: bool) -> NoReturn:
    """End the program: standard output took no more. Says nothing if its reader has left."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is left of the output goes nowhere
    if error.errno != errno.EPIPE:
        words = f"the output cannot be written: {error.strerror}"
        line = json.dumps(failure.answer("output", words)) if as_json else f"Refused: {words}"
        print(line, file=sys.stderr)
    sys.exit(ERRORS["output"].exit_code)
