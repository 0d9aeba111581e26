"""`meter20 vend`: the vending station. Its commands, and those of the station itself.

Groups, tariffs and meters are in `vend_groups`, `vend_tariffs` and `vend_meters`, sales in
`vend_selling`, other tokens in `vend_tokens`, many sales at once in `vend_batch`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from meter20.cli import (
    kept_passphrase,
    vend_audit,
    vend_backup,
    vend_batch,
    vend_clock,
    vend_groups,
    vend_meters,
    vend_selling,
    vend_setup,
    vend_tariffs,
    vend_tokens,
)
from meter20.cli.outcome import Done, do, hand_over, uninterrupted
from meter20.cli.station_options import (
    AsJson,
    StationOptions,
    check_output,
    database,
    opened,
    options,
    passphrase,
    same_db,
)
from meter20.vending import sealing
from meter20.vending.new_file import NewFile
from meter20.vending.sealing import Secret

app = typer.Typer(no_args_is_help=True)
app.add_typer(vend_groups.group_app, name="group")
app.add_typer(vend_tariffs.tariff_app, name="tariff")
app.add_typer(vend_meters.meter_app, name="meter")
app.add_typer(vend_tokens.manage_app, name="manage")
app.add_typer(vend_audit.audit_app, name="audit")
app.add_typer(vend_clock.clock_app, name="clock")
app.add_typer(vend_setup.keyring_app, name="keyring")

_NewKeyFile = Annotated[
    Path | None, typer.Option(help="New key file to write, which then locks the security module.")
]


@app.callback()
def root(
    ctx: typer.Context,
    db: Annotated[
        str | None,
        typer.Option(envvar="METER20_DB", help="SQLite file or postgresql:// URL."),
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(
            envvar="METER20_KEY_FILE",
            help="Key file that opens the security module, instead of a passphrase.",
        ),
    ] = None,
    operator: Annotated[
        str | None,
        typer.Option(envvar="METER20_OPERATOR", help="Operator's name, for the log."),
    ] = None,
    anchor: Annotated[
        Path | None,
        typer.Option(
            envvar="METER20_ANCHOR",
            help="File that shows when the database was put back to an older copy.",
        ),
    ] = None,
    ea07_tables: Annotated[
        Path | None,
        typer.Option(
            envvar="METER20_EA07_TABLES",
            help="JSON file of EA07 tables: s1, s2, p; by default the sample tables.",
        ),
    ] = None,
) -> None:
    """Options that hold for every command; they stand before its name."""
    ctx.obj = StationOptions(db, key_file, operator, ea07_tables, anchor)


def init(
    ctx: typer.Context,
    name: Annotated[str, typer.Option(help="Name of the station, for receipts.")] = "meter20",
    zone: Annotated[str, typer.Option(help="Time zone of months and days, an IANA name.")] = "UTC",
    rehearsal: Annotated[
        bool,
        typer.Option(
            "--rehearsal", help="Allow --at, the time of a token. This cannot be undone."
        ),
    ] = False,
    new_key_file: _NewKeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a vending station: its database and its security module."""
    from meter20.vending.station import Station

    check_output()
    at = options(ctx)
    storage = database(ctx)
    with _new_secret(new_key_file, lambda: at.secret(again=True)) as (secret, file):
        if file is not None:
            file.keep()
        with uninterrupted():
            Station.make(storage, secret, name, at.actor(), zone=zone, rehearsal=rehearsal)
            hand_over(as_json, _founded(name, storage.where, zone, same_db(ctx)))


def _founded(name: str, where: str, zone: str, db: str) -> Done:
    stands = f"The vending station {name!r} is in {where}"
    facts = {"station": name, "database": where, "zone": zone}
    words = f"{stands}.\nNext: meter20 vend{db} group add"
    return Done(stands, facts, words, "`meter20 vend audit show` tells of it.")


def upgrade(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Bring the database of an older meter20 up to date."""
    storage = database(ctx)
    if storage.path and not storage.path.exists():
        storage.check()
    check_output()
    with uninterrupted():
        storage.upgrade()
        stands = f"{storage.where} is up to date"
        hand_over(as_json, Done(stands, {"database": storage.where}, f"{stands}.", ""))


def change_passphrase(
    ctx: typer.Context, new_key_file: _NewKeyFile = None, as_json: AsJson = False
) -> None:
    """Lock the security module with another passphrase (METER20_NEW_PASSPHRASE) or key file.

    A keyring forgets the passphrase before: `vend keyring keep` keeps the new one.
    """
    station, storage = opened(ctx), database(ctx)

    def another() -> Secret:
        return passphrase("METER20_NEW_PASSPHRASE", "New passphrase", "--new-key-file", again=True)

    def forget() -> None:  # what a keyring has opens nothing any more
        kept_passphrase.forget(storage)

    with _new_secret(new_key_file, another) as (secret, file):
        do(station, as_json, lambda desk: replace(_relocked(desk, secret), last=forget), file)


def _relocked(desk, secret: Secret) -> Done:
    desk.module.relock(desk.session, secret, desk.actor)
    stands = f"The security module now opens with the new {secret.kind}"
    return Done(
        stands, {"lock": secret.kind}, f"{stands}.", "`meter20 vend audit verify` tries it."
    )


@contextmanager
def _new_secret(
    path: Path | None, other: Callable[[], Secret]
) -> Iterator[tuple[Secret, NewFile | None]]:
    """Give a secret to lock with: of a new key file, on the disk already, else the `other` one."""
    if path is None:
        yield other(), None
        return
    with sealing.new_key_file(path) as file:
        yield Secret.key_file(path), file


#: The commands in the order in which a person meets them: a station is made, sells and is kept.
_IN_ORDER = {
    "setup": vend_setup.setup,
    "init": init,
    "credit": vend_selling.credit,
    "quote": vend_selling.quote,
    "pay": vend_selling.pay,
    "batch": vend_batch.batch,
    "receipt": vend_selling.receipt,
    "reverse": vend_selling.reverse,
    "history": vend_selling.history,
    "sales": vend_selling.sales,
    "report": vend_audit.report,
    "provision": vend_tokens.provision,
    "key-change": vend_tokens.key_change,
    "test": vend_tokens.test,
    "backup": vend_backup.backup,
    "restore": vend_backup.restore,
    "upgrade": upgrade,
    "passphrase": change_passphrase,
}
for _name, _command in _IN_ORDER.items():
    app.command(_name)(_command)
