"""What the `meter20 vend` commands share: their options, and opening the station.

SQLAlchemy is imported when a station is opened, not before: the other commands of meter20 start
without it.
"""

import getpass
import os
import shlex
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from meter20 import terminal
from meter20.cli import kept_passphrase, request_fields, typed
from meter20.vending import refusal
from meter20.vending.refusal import Refusal
from meter20.vending.sealing import Secret

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from meter20.vending.station import Station
    from meter20.vending.storage import Storage

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
At = Annotated[
    datetime | None,
    typer.Option(
        help="Time of issue in UTC; only for a station made with `vend init --rehearsal`.",
        parser=typed.time,
        metavar="TIME",
    ),
]
Html = Annotated[
    Path | None, typer.Option("--html", help="New file for the receipt as a page to print.")
]
_TRIES = 3  # at a new passphrase
_PASSPHRASE = "METER20_PASSPHRASE"
Db = Annotated[
    str | None,
    typer.Option(
        envvar="METER20_DB",
        help="Station of --meter: a SQLite file or a postgresql:// URL. METER20_KEY_FILE, "
        "METER20_OPERATOR and METER20_ANCHOR count, too.",
    ),
]
OwnMeter = Annotated[
    str | None,
    typer.Option(
        "--meter",
        metavar="NUMBER",
        parser=typed.meter,
        help="A meter of your own station, which gives it its key.",
    ),
]
Narrow = Annotated[
    bool, typer.Option("--narrow", help="Print for paper of 58 mm: 32 columns, or a narrow page.")
]
MeterNumber = Annotated[
    str, typer.Argument(metavar="METER", parser=typed.meter, help="DRN or MeterPAN.")
]
OneMeter = Annotated[
    str | None,
    typer.Argument(metavar="METER", parser=typed.meter, help="DRN or MeterPAN; all if left out."),
]


@dataclass(frozen=True)
class StationOptions:
    """The options that hold for every command of `meter20 vend`."""

    db: str | None
    key_file: Path | None
    operator: str | None
    tables_file: Path | None
    anchor: Path | None = None

    @classmethod
    def of_environment(cls, db: str | None = None) -> "StationOptions":
        """Return what the environment says, for commands that are not of `meter20 vend`."""
        given = os.environ.get

        def path(name: str) -> Path | None:
            return Path(given(name) or "") if given(name) else None

        return cls(
            db or given("METER20_DB"),
            path("METER20_KEY_FILE"),
            given("METER20_OPERATOR"),
            path("METER20_EA07_TABLES"),
            path("METER20_ANCHOR"),
        )

    def secret(self, again: bool = False) -> Secret:
        """Return the secret of the security module; a terminal asks for it, twice if `again`."""
        if self.key_file:
            return Secret.key_file(self.key_file)
        return passphrase(_PASSPHRASE, "Passphrase of the security module", "--key-file", again)

    @property
    def asks(self) -> bool:
        """Whether a person is asked for the passphrase, unless the keyring has it."""
        return self.key_file is None and _PASSPHRASE not in os.environ

    def kept(self, storage: "Storage") -> Secret | None:
        """Return the passphrase that the system's keyring has, if nothing else was given."""
        if not self.asks:
            return None
        return kept_passphrase.kept(storage)

    def actor(self) -> str:
        """Return who works here, for the audit log."""
        return self.operator or f"{getpass.getuser()}@{socket.gethostname()}"

    def tables(self):
        """Return the EA07 tables of a licensee, None for the sample tables."""
        return request_fields.tables({"tables": request_fields.tables_file(self.tables_file)})


def options(ctx: typer.Context) -> StationOptions:
    """Return the options given to `meter20 vend` itself."""
    return ctx.find_object(StationOptions) or StationOptions.of_environment()


def database(ctx: typer.Context) -> "Storage":
    """Return the database of the station, not yet opened; it is closed when the command ends."""
    from meter20.vending.storage import Storage, default_url

    at = options(ctx)
    made = Storage(at.db or default_url(), anchor=at.anchor)
    ctx.call_on_close(made.close)
    return made


def same_db(ctx: typer.Context) -> str:
    """Return " --db FILE" if the next command has to repeat it; a URL may hold a password."""
    given = options(ctx).db
    is_secret = given is not None and "://" in given and not given.startswith("sqlite:")
    if not given or is_secret or given == os.environ.get("METER20_DB"):
        return ""
    return f" --db {shlex.quote(given)}"


def opened(ctx: typer.Context, secret: Secret | None = None) -> "Station":
    """Return the station, open for business; raises Refusal if it does not open.

    secret: what opens it; None for what the options, the keyring or a person at the terminal give.
    """
    at = options(ctx)
    kept = None
    with terminal.unseen(awaited=secret is None and at.asks):
        from meter20.vending.station import Station

        check_output()
        storage = database(ctx)
        storage.check()  # before the passphrase is asked for
        if secret is None:
            kept = at.kept(storage)
            secret = kept or at.secret()
    try:
        return Station(storage, secret, at.actor(), tables=at.tables())
    except Refusal as why:
        raise kept_passphrase.wrong(why) if kept else why from None


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


def passphrase(variable: str, words: str, file_option: str, again: bool = False) -> Secret:
    """Return the passphrase in an environment variable, else ask for it on a terminal.

    file_option: the option that takes a key file instead.
    """
    given = os.environ.get(variable)
    if given is not None:
        return Secret.passphrase(given)
    if not terminal.is_typed_at():
        raise Refusal(
            refusal.SECRET,
            f"{words} needed: set {variable}, give {file_option} FILE, or use a terminal.",
        )
    return _new(words) if again else Secret.passphrase(getpass.getpass(f"{words}: "))


def _new(words: str) -> Secret:
    """Ask for a new passphrase, twice; again, some times, after one that cannot be used."""
    for _ in range(_TRIES - 1):
        try:
            return _typed_twice(words)
        except Refusal as why:
            typer.echo(str(why), err=True)
    return _typed_twice(words)


def _typed_twice(words: str) -> Secret:
    first = getpass.getpass(f"{words}, new: ")
    made = Secret.passphrase(first)
    if getpass.getpass("Once more: ") != first:
        raise Refusal(refusal.SECRET, "The two do not agree.")
    return made


def utc(at: datetime | None) -> datetime | None:
    """Return the time that an option gave, which is UTC."""
    return at.replace(tzinfo=UTC) if at else None
