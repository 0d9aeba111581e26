"""What the `meter20 vend` commands share: opening the station, and how they answer.

A refusal ends a command with exit code 1 and its reason, on standard error or, with `--json`,
as {"error", "message"}. SQLAlchemy is imported when a station is opened, not before: the other
commands of meter20 start without it.
"""

import getpass
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

from meter20.cli import requests
from meter20.terminal import printable
from meter20.vending import refusal, sealing
from meter20.vending.refusal import Refusal
from meter20.vending.sealing import Secret

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from meter20.vending.models import Slip
    from meter20.vending.station import Station
    from meter20.vending.storage import Storage

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
At = Annotated[
    datetime | None,
    typer.Option(
        help="Time of issue in UTC, at a station made for rehearsals; now without.",
        formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"],
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

    made = Storage(counter(ctx).db or default_url())
    ctx.call_on_close(made.close)
    return made


def opened(ctx: typer.Context) -> "Station":
    """Return the station, open for business; raises Refusal if it does not open."""
    from meter20.vending.station import Station

    at = counter(ctx)
    storage = database(ctx)
    storage.check()  # before the passphrase is asked for
    return Station(storage, at.secret(), at.actor(), tables=at.tables())


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
    """Turn a Refusal into words and exit code 1."""
    try:
        yield
    except Refusal as refused:
        refuse(refused, as_json)


def refuse(refused: Refusal, as_json: bool) -> NoReturn:
    """Say why there is nothing, and end the command with exit code 1."""
    if as_json:
        requests.print_json({"error": refused.code, "message": str(refused)})
    else:
        typer.echo(printable(f"Refused: {refused}"), err=True)
    raise typer.Exit(1)


def say(as_json: bool, data: dict, words: str) -> None:
    """Answer with `data` or with `words`."""
    if as_json:
        requests.print_json(data)
    else:
        typer.echo(printable(words))


def show(as_json: bool, name: str, rows: Sequence[dict], empty: str) -> None:
    """Answer with a list of `rows`, all with the same names, as JSON or as a table."""
    if as_json:
        requests.print_json({name: list(rows)})
        return
    if not rows:
        typer.echo(empty)
        return
    table = Table(*[heading.replace("_", " ") for heading in rows[0]], box=None)
    for row in rows:
        cells = ["" if value is None else printable(value) for value in row.values()]
        table.add_row(*[Text(cell) for cell in cells])  # a str would be markup
    Console().print(table)


def hand_over(as_json: bool, slip: "Slip", station: "Station", html: Path | None = None) -> None:
    """Answer with a receipt; as a page in a new file, too, if `html` says where."""
    from meter20.vending.receipt import Receipt

    receipt = Receipt.of(slip, station.name)
    if html is not None:
        sealing.write_private(html, receipt.page())
    say(as_json, receipt.data(), receipt.text())


def utc(at: datetime | None) -> datetime | None:
    """Return the time that an option gave, which is UTC."""
    return at.replace(tzinfo=UTC) if at else None
