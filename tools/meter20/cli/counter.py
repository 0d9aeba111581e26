"""What the `meter20 vend` commands share: opening the station, and how they answer.

A refusal ends a command with exit code 1 and its reason, on standard error or, with `--json`,
as {"error", "message"}; how what was done is handed over is told in `outcome`. SQLAlchemy is
imported when a station is opened, not before: the other commands of meter20 start without it.
"""

import getpass
import json
import os
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from meter20 import terminal
from meter20.cli import requests, typed
from meter20.terminal import printable
from meter20.vending import refusal
from meter20.vending.refusal import Doubt, Refusal
from meter20.vending.sealing import Secret

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from meter20.vending.station import Station
    from meter20.vending.storage import Storage

#: Exit code: the database broke off in the commit, and nobody knows what it holds.
IN_DOUBT = 4

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
At = Annotated[
    datetime | None,
    typer.Option(
        help="Time of issue in UTC, at a station made for rehearsals; now without.",
        parser=typed.time,
        metavar="TIME",
    ),
]
Html = Annotated[
    Path | None, typer.Option("--html", help="Write the receipt as a page to print, too.")
]
MeterNumber = Annotated[str, typer.Argument(metavar="METER", help="DRN or MeterPAN.")]


@dataclass(frozen=True)
class Counter:
    """The options that hold for every command of `meter20 vend`."""

    db: str | None
    key_file: Path | None
    operator: str | None
    tables_file: Path | None
    anchor: Path | None = None

    def secret(self, again: bool = False) -> Secret:
        """Return what opens the security module; asked for, twice if `again`, on a terminal."""
        if self.key_file:
            return Secret.key_file(self.key_file)
        return passphrase("METER20_PASSPHRASE", "Passphrase of the security module", again)

    def actor(self) -> str:
        """Return who works here, for the audit log."""
        return self.operator or f"{getpass.getuser()}@{socket.gethostname()}"

    def tables(self):
        """Return the EA07 tables of a licensee, None for the sample tables."""
        return requests.tables({"tables": requests.tables_file(self.tables_file)})


def counter(ctx: typer.Context) -> Counter:
    """Return the options given to `meter20 vend` itself."""
    return ctx.find_object(Counter) or Counter(None, None, None, None)


def database(ctx: typer.Context) -> "Storage":
    """Return the database of the station, not yet opened; it is closed when the command ends."""
    from meter20.vending.storage import Storage, default_url

    at = counter(ctx)
    made = Storage(at.db or default_url(), anchor=at.anchor)
    ctx.call_on_close(made.close)
    return made


def opened(ctx: typer.Context) -> "Station":
    """Return the station, open for business; raises Refusal if it does not open."""
    from meter20.vending.station import Station

    check_output()
    at = counter(ctx)
    storage = database(ctx)
    storage.check()  # before the passphrase is asked for
    station = Station(storage, at.secret(), at.actor(), tables=at.tables())
    ctx.call_on_close(station.close)
    return station


def check_output() -> None:
    """Raise Refusal if it shows already that no answer can be given."""
    if fault := terminal.output_fault():
        raise Refusal(refusal.OUTPUT, f"There is no standard output to answer on: {fault}.")


@contextmanager
def looking(ctx: typer.Context) -> Iterator["Session"]:
    """Give a session to read from, for what needs no passphrase."""
    storage = database(ctx)
    storage.check()
    with storage.reading() as session:
        yield session


def passphrase(variable: str, words: str, again: bool = False) -> Secret:
    """Return the passphrase in an environment variable, else ask for it on a terminal."""
    given = os.environ.get(variable)
    if given is not None:
        return Secret.passphrase(given)
    if not sys.stdin.isatty():
        raise Refusal(
            refusal.SECRET, f"{words} needed: set {variable}, give a key file, or use a terminal."
        )
    first = getpass.getpass(f"{words}: ")
    if again and getpass.getpass("Once more: ") != first:
        raise Refusal(refusal.SECRET, "The two do not agree.")
    return Secret.passphrase(first)


@contextmanager
def answering(as_json: bool) -> Iterator[None]:
    """Turn a Refusal into words and exit code 1, a Doubt into words and exit code 4."""
    try:
        yield
    except Refusal as refused:
        _end(as_json, refused.code, f"Refused: {refused}", str(refused), 1)
    except Doubt as doubt:
        words = f"{doubt} Whether it was done is not known: look, before you do it again."
        _end(as_json, "doubt", f"Not known: {words}", words, IN_DOUBT)


def _end(as_json: bool, code: str, line: str, message: str, exit_code: int) -> NoReturn:
    """Say why there is no answer, and end the command."""
    if as_json:
        requests.print_json({"error": code, "message": message})
    else:
        typer.echo(printable(line), err=True)
    raise typer.Exit(exit_code)


def say_facts(as_json: bool, facts: dict, width: int) -> None:
    """Answer with `facts`, in words one to a line; names take `width` columns."""
    lines = [f"{name.replace('_', ' '):<{width}} {_plain(fact)}" for name, fact in facts.items()]
    say(as_json, facts, "\n".join(lines))


def _plain(fact: object) -> object:
    if isinstance(fact, bool):
        return "yes" if fact else "no"
    return "-" if fact is None or not str(fact) else fact


def say(as_json: bool, data: dict, words: str) -> None:
    """Answer with `data` or with `words`, where nothing was changed."""
    terminal.write((json.dumps(data) if as_json else printable(words)) + "\n")


def show(as_json: bool, name: str, rows: Sequence[dict], empty: str) -> None:
    """Answer with a list of `rows`, all with the same names, as JSON or as a table."""
    if as_json:
        requests.print_json({name: list(rows)})
        return
    if not rows:
        terminal.write(empty + "\n")
        return
    table = Table(*[heading.replace("_", " ") for heading in rows[0]], box=None)
    for row in rows:
        cells = ["" if value is None else printable(value) for value in row.values()]
        table.add_row(*[Text(cell) for cell in cells])  # a str would be markup
    console = Console()
    with console.capture() as printed:
        console.print(table)
    terminal.write(printed.get())


def utc(at: datetime | None) -> datetime | None:
    """Return the time that an option gave, which is UTC."""
    return at.replace(tzinfo=UTC) if at else None
