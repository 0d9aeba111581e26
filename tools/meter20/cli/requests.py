"""What `token` and `key` are asked, by arguments or a line of JSON each, and how they answer.

A request is a dict, an answer too; a refusal is a ValueError with words. Both ways
of asking go through the same functions, so they cannot differ. No message holds a key.
"""

import getpass
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import typer
from sts.ea07_sta import Tables, check_tables

from meter20 import given_text, terminal

HEXADECIMAL_HELP = "The shell and the list of processes show arguments: '-' asks for it instead."


SECONDS_MAX = 86_400 * 366


def seconds(given: str | float) -> float:
    """Return the number of seconds that an option gives; raises BadParameter if it is none.

    given: text, or a number where the option has it by default.
    """
    text = str(given)
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text, re.ASCII):
        raise typer.BadParameter(f"{text!r} is not a number of seconds, such as 5 or 0.5")
    value = float(text)
    if not 0.01 <= value <= SECONDS_MAX:
        raise typer.BadParameter(f"{text} is not between 0.01 and {SECONDS_MAX} seconds")
    return value


class Missing(ValueError):
    """A request lacks something; by arguments that is wrong usage."""


def answer_one(job: Callable[[dict], dict], request: dict, as_json: bool) -> dict:
    """Return what `job` answers to `request`, or end the command: 1 refused, 2 incomplete."""
    try:
        return job({name: value for name, value in request.items() if value is not None})
    except Missing as error:
        raise typer.BadParameter(str(error)) from None
    except ValueError as error:
        refuse(str(error), as_json)


def refuse(reason: str, as_json: bool) -> NoReturn:
    """Say why there is no answer, and end the command with exit code 1."""
    if as_json:
        print_json({"error": reason})
    else:
        typer.echo(f"Refused: {reason}", err=True)
    raise typer.Exit(1)


def answer_lines(
    job: Callable[[dict], dict], defaults: dict, good: Callable[[dict], bool] = bool
) -> NoReturn:
    """Answer each line of standard input with a line of JSON, in order, until it ends.

    defaults: what holds for lines that do not say otherwise; None is nothing.
    A line that is refused is answered {"error": ...} and the run goes on. Ends
    the command with exit code 1 if any was, or if an answer is not `good`.
    """
    defaults = {name: value for name, value in defaults.items() if value is not None}
    failed = False
    for line in given_text.lines(sys.stdin.buffer):
        try:
            answer = job({**defaults, **_request(line)})
            failed = failed or not good(answer)
        except ValueError as error:
            answer = {"error": str(error)}
            failed = True
        print_json(answer)
    raise typer.Exit(1 if failed else 0)


def _request(line):
    if isinstance(line, given_text.Unreadable):
        raise line
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("the line is not JSON") from None
    if not isinstance(request, dict):
        raise ValueError("the line is not a JSON object")
    return request


def print_json(answer: dict) -> None:
    """Write `answer` as one line, at once: whoever is on the other side may wait for it."""
    terminal.write(json.dumps(answer) + "\n")


def text(request: dict, name: str) -> str:
    """Return the text `name` of `request`."""
    value = _given(request, name)
    if not isinstance(value, str):
        raise ValueError(f"'{name}' must be text")
    return value


def number(request: dict, name: str) -> int:
    """Return the whole number `name` of `request`, which may be written as digits."""
    value = _given(request, name)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 4:
        return int(value)
    if type(value) is not int:
        raise ValueError(f"'{name}' must be a whole number")
    return value


def padded(request: dict, name: str, length: int) -> str:
    """Return the digits `name` of `request`; a number gets its leading zeros back."""
    value = _given(request, name)
    return f"{value:0{length}}" if type(value) is int else text(request, name)


def key_bytes(request: dict, name: str) -> bytes:
    """Return the key `name` of `request`, given in hexadecimal."""
    try:
        return bytes.fromhex(text(request, name))
    except Missing:
        raise
    except ValueError:
        raise ValueError(f"'{name}' must be bytes in hexadecimal") from None


def tables(request: dict) -> Tables | None:
    """Return the EA07 tables of `request`, None without any."""
    value = request.get("tables")
    if value is None:
        return None
    parts = []
    for name in Tables._fields:
        part = value.get(name) if isinstance(value, dict) else None
        if not isinstance(part, list) or any(type(entry) is not int for entry in part):
            raise ValueError("'tables' must be an object of s1, s2 and p, lists of whole numbers")
        parts.append(tuple(part))
    made = Tables(*parts)
    check_tables(made)
    return made


def tables_file(path: Path | None) -> dict | None:
    """Return what the JSON file `path` holds for `tables`; None without a path."""
    if path is None:
        return None
    try:
        return json.loads(given_text.file_text(path))
    except given_text.Unreadable as why:
        raise typer.BadParameter(str(why)) from None
    except (ValueError, RecursionError):
        raise typer.BadParameter(f"{path} is no JSON") from None


def secret(option: str, given: str | None, batch: bool) -> str | None:
    """Return the key `given` to `option`; '-' asks for it, unseen, or reads a line of input."""
    if given != "-":
        return given
    if batch:
        raise typer.BadParameter(f"{option} - reads the input that --batch needs")
    if sys.stdin.isatty():
        return getpass.getpass(f"{option.lstrip('-')}: ")
    return sys.stdin.readline(given_text.LINE_MAX).strip()


def _given(request, name):
    value = request.get(name)
    if value is None:
        raise Missing(f"'{name}' is missing")
    return value
