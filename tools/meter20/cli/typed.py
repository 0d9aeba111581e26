"""Reads numbers, meters, seconds and times that a person typed.

ASCII digits only; anything else is refused in words. Python's own readers would take more: `1_0`,
digits of other scripts, spaces around.
"""

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, get_args, get_type_hints

import typer
from typer.models import ParameterInfo

from meter20 import given_text, terminal
from meter20.vending import meter_number, refusal
from meter20.vending.refusal import Refusal

_WHOLE = re.compile(r"-?[0-9]{1,30}", re.ASCII)
_SECONDS_MAX = 86_400 * 366
_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?Z?)?", re.ASCII)


def read_numbers_strictly(app: typer.Typer) -> None:
    """Let every option and argument of `app` that is an int, at any depth, be read by `whole`."""
    for command in app.registered_commands:
        for hint in get_type_hints(command.callback, include_extras=True).values():
            for info in get_args(hint)[1:]:
                if isinstance(info, ParameterInfo) and _is_int(get_args(hint)[0]):
                    info.parser = whole(info.min, info.max)
    for group in app.registered_groups:
        if group.typer_instance is not None:
            read_numbers_strictly(group.typer_instance)


def _is_int(annotation: object) -> bool:
    return annotation is int or int in get_args(annotation)


def whole(low: float | None, high: float | None) -> Callable[[Any], int]:
    """Return a reader of whole numbers from `low` to `high`; None: no end there."""

    def integer(given: str | int) -> int:
        if not _WHOLE.fullmatch(str(given)):
            raise typer.BadParameter(f"{given!r} is not a whole number, such as 5")
        value = int(given)
        if low is not None and value < low:
            raise typer.BadParameter(f"{value} is less than {low}")
        if high is not None and value > high:
            raise typer.BadParameter(f"{value} is more than {high}")
        return value

    return integer


def time(given: str | datetime) -> datetime:
    """Return a time, in UTC but naive; a day without a time is its beginning."""
    if isinstance(given, datetime):
        return given
    try:
        if _TIME.fullmatch(given):
            return datetime.fromisoformat(given.removesuffix("Z"))
    except ValueError:
        pass  # the calendar has no such day
    raise typer.BadParameter(f"{given!r} is not a time in UTC, such as 2026-03-10T09:30")


def day(given: str | datetime) -> datetime:
    """Return the beginning of a day."""
    if isinstance(given, datetime):
        return given
    if re.fullmatch(r"\d{4}-\d\d-\d\d", given, re.ASCII):
        return time(given)
    raise typer.BadParameter(f"{given!r} is not a day, such as 2026-03-10")


def meter(given: str) -> str:
    """Return the number of a meter as it was given, DRN or MeterPAN; raises Refusal if mistyped.

    Read before the station opens, so nobody types a passphrase for a number that is wrong.
    """
    meter_number.checked_drn(given)
    return given


def seconds(given: str | float) -> float:
    """Return the number of seconds that an option gives; raises BadParameter if it is none.

    given: text, or a number where the option has it by default.
    """
    text = str(given)
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text, re.ASCII):
        raise typer.BadParameter(f"{text!r} is not a number of seconds, such as 5 or 0.5")
    value = float(text)
    if not 0.01 <= value <= _SECONDS_MAX:
        raise typer.BadParameter(f"{text} is not between 0.01 and {_SECONDS_MAX} seconds")
    return value


def file_text(path: Path) -> str:
    """Return the text of a file, '-' for the input; raises Refusal."""
    try:
        if str(path) == "-":
            return given_text.stream_text(terminal.octets_in())
        return given_text.file_text(path)
    except given_text.Unreadable as why:
        name = "The input " if str(path) == "-" else ""
        raise Refusal(refusal.VALUE, f"{name}{why}.") from None
