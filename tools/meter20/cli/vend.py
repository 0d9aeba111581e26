"""`meter20 vend`: the vending station. Selling, receipts and the station itself.

Groups, tariffs and meters are in `vend_register`, tokens other than credit in `vend_tokens`.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from meter20.cli import requests, vend_clock, vend_register, vend_tokens
from meter20.cli.counter import (
    AsJson,
    At,
    Counter,
    Html,
    MeterNumber,
    answering,
    counter,
    database,
    hand_over,
    looking,
    opened,
    passphrase,
    say,
    show,
    utc,
)
from meter20.vending import refusal, sealing
from meter20.vending.refusal import Refusal
from meter20.vending.sealing import Secret

app = typer.Typer(
    help="The vending station: supply groups, meters, tokens, receipts. TEST KEYS only.",
    no_args_is_help=True,
)
audit_app = typer.Typer(help="The audit log of the security module.", no_args_is_help=True)
app.add_typer(vend_register.group_app, name="group")
app.add_typer(vend_register.tariff_app, name="tariff")
app.add_typer(vend_register.meter_app, name="meter")
app.add_typer(vend_tokens.manage_app, name="manage")
app.add_typer(audit_app, name="audit")
app.add_typer(vend_clock.clock_app, name="clock")
app.command("test")(vend_tokens.test)
app.command("key-change")(vend_tokens.key_change)
app.command("provision")(vend_tokens.provision)

_NewKeyFile = Annotated[
    Path | None, typer.Option(help="Write a new key file and lock the module with it.")
]


@app.callback()
def _root(
    ctx: typer.Context,
    db: Annotated[
        str | None,
        typer.Option(envvar="METER20_DB", help="SQLite file or postgresql:// URL."),
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(
            envvar="METER20_KEY_FILE",
            help="Opens the security module instead of METER20_PASSPHRASE or a prompt.",
        ),
    ] = None,
    operator: Annotated[
        str | None, typer.Option(envvar="METER20_OPERATOR", help="Who works here, for the log.")
    ] = None,
    ea07_tables: Annotated[
        Path | None,
        typer.Option(
            envvar="METER20_EA07_TABLES",
            help="A licensee's EA07 tables (JSON of s1, s2, p); without: the sample tables.",
        ),
    ] = None,
) -> None:
    """Options that hold for every command; they stand before its name."""
    ctx.obj = Counter(db, key_file, operator, ea07_tables)


# -- the station -------------------------------------------------------------------------------


@app.command()
def init(
    ctx: typer.Context,
    name: Annotated[str, typer.Option(help="Name of the station, for receipts.")] = "meter20",
    zone: Annotated[
        str, typer.Option(help="Time zone of its months and days, an IANA name.")
    ] = "UTC",
    rehearsal: Annotated[
        bool,
        typer.Option(
            "--rehearsal", help="Its tokens may be given a time, --at. Cannot be undone."
        ),
    ] = False,
    new_key_file: _NewKeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a vending station: its database and its security module."""
    from meter20.vending.station import Station

    with answering(as_json):
        at = counter(ctx)
        storage = database(ctx)
        secret = _fresh_secret(new_key_file) if new_key_file else at.secret(again=True)
        Station.found(storage, secret, name, at.actor(), zone=zone, rehearsal=rehearsal)
        words = (
            f"The vending station {name!r} is in {storage.where}.\nNext: meter20 vend group add"
        )
        say(as_json, {"station": name, "database": storage.where, "zone": zone}, words)


@app.command()
def upgrade(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Bring the database of an older meter20 up to date."""
    with answering(as_json):
        storage = database(ctx)
        if storage.path and not storage.path.exists():
            storage.check()
        storage.upgrade()
        say(as_json, {"database": storage.where}, f"{storage.where} is up to date.")


@app.command("passphrase")
def change_passphrase(
    ctx: typer.Context, new_key_file: _NewKeyFile = None, as_json: AsJson = False
) -> None:
    """Lock the security module with another passphrase (METER20_NEW_PASSPHRASE) or key file."""
    with answering(as_json):
        station = opened(ctx)
        new = (
            _fresh_secret(new_key_file)
            if new_key_file
            else passphrase("METER20_NEW_PASSPHRASE", "New passphrase", again=True)
        )
        with station.desk() as desk:
            desk.module.relock(desk.session, new, desk.actor)
        say(as_json, {"lock": new.kind}, f"The security module now opens with the new {new.kind}.")


def _fresh_secret(path: Path) -> Secret:
    sealing.new_key_file(path)
    return Secret.key_file(path)


# -- selling -----------------------------------------------------------------------------------


@app.command()
def credit(
    ctx: typer.Context,
    meter: MeterNumber,
    kwh: Annotated[str | None, typer.Option(help="Energy, in steps of 0.1 kWh.")] = None,
    money: Annotated[str | None, typer.Option(help="Amount paid, by the meter's tariff.")] = None,
    ref: Annotated[
        str | None, typer.Option(help="Your number for this sale: asked for twice, sold once.")
    ] = None,
    at: At = None,
    html: Html = None,
    as_json: AsJson = False,
) -> None:
    """Sell credit: --kwh or --money."""
    from meter20.vending import sales
    from meter20.vending.tariff import hundredths, tenths

    if (kwh is None) == (money is None):
        raise typer.BadParameter("say either --kwh or --money")
    with answering(as_json):
        order = sales.CreditOrder(
            meter=meter,
            units=None if kwh is None else tenths(kwh, "--kwh"),
            money=None if money is None else hundredths(money, "--money"),
            ref=ref,
        )
        station = vend_clock.selling(ctx, as_json)
        with station.desk(utc(at)) as desk:
            slip = sales.credit(desk, order)
        hand_over(as_json, slip, station, html)


@app.command()
def batch(
    ctx: typer.Context,
    orders: Annotated[Path | None, typer.Argument(help="Lines of JSON; none: the input.")] = None,
    chunk: Annotated[int, typer.Option(min=1, help="Orders to a commit.")] = 500,
    at: At = None,
) -> None:
    """Sell many: a line of JSON for each order in, one for each receipt or refusal out, in order.

    An order: {"meter": "...", "kwh": "10.5"} or {"meter": "...", "money": "100.00"}, with a "ref"
    if the batch may have to be run again. Exit code 1 if any was refused.
    """
    from meter20.vending import batch as vending_batch

    refused_any = False
    with answering(as_json=True):
        station = opened(ctx)
        for answer in vending_batch.run(station, _lines(orders), chunk, utc(at)):
            requests.print_json(answer)
            refused_any = refused_any or "error" in answer
    raise typer.Exit(1 if refused_any else 0)


def _lines(orders: Path | None):
    if orders is None:
        yield from sys.stdin.buffer
        return
    try:
        with orders.open("rb") as file:
            yield from file
    except OSError:
        raise Refusal(refusal.VALUE, f"Cannot read {orders} as lines of JSON.") from None


@app.command()
def receipt(ctx: typer.Context, number: int, html: Html = None, as_json: AsJson = False) -> None:
    """Print a receipt again; it is marked as a copy."""
    from meter20.vending import sales

    with answering(as_json):
        station = opened(ctx)
        with station.desk() as desk:
            slip = sales.reprinted(desk, number)
        hand_over(as_json, slip, station, html)


@app.command()
def reverse(
    ctx: typer.Context,
    number: int,
    reason: Annotated[str, typer.Option(help="Why, for the audit log.")],
    delivered: Annotated[
        bool | None,
        typer.Option(
            "--delivered/--undelivered",
            help="Whether anybody has seen the token. A token cannot be taken back.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take a sale back, as far as one can.

    --undelivered: nobody has seen the token; the sale becomes void. --delivered: the token stays
    good, and what was paid becomes a debt of the customer.
    """
    from meter20.vending import sales

    if delivered is None:
        raise typer.BadParameter("say --delivered or --undelivered: did anybody see the token?")
    with answering(as_json):
        station = opened(ctx)
        with station.desk() as desk:
            slip = sales.reverse(desk, number, reason, delivered)
        hand_over(as_json, slip, station)


@app.command()
def history(
    ctx: typer.Context,
    meter: Annotated[str | None, typer.Argument(help="DRN or MeterPAN; none: all.")] = None,
    limit: Annotated[int, typer.Option(min=1)] = 20,
    as_json: AsJson = False,
) -> None:
    """List the latest receipts, newest first. Shows no token: `receipt` does, and is logged."""
    from meter20.vending import receipt as receipts
    from meter20.vending import register, sales

    with answering(as_json):
        with looking(ctx) as session:
            one = register.find_meter(session, meter) if meter else None
            rows = [receipts.summary(slip) for slip in sales.history(session, one, limit)]
        show(as_json, "receipts", rows, "Nothing was issued yet.")


# -- the audit log -----------------------------------------------------------------------------


@audit_app.command("show")
def audit_show(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option(min=1)] = 20,
    as_json: AsJson = False,
) -> None:
    """List the latest entries, and the head: note it elsewhere, and verify against it later."""
    from meter20.vending import audit

    with answering(as_json):
        with looking(ctx) as session:
            rows, head = audit.latest(session, limit), audit.head_of(session)
        lines = [*map(audit.line, rows), f"  head  {head}"]
        say(as_json, {"entries": rows, "head": head}, "\n".join(lines))


@audit_app.command("verify")
def audit_verify(
    ctx: typer.Context,
    noted: Annotated[str | None, typer.Option(help="A head noted earlier, number:digest.")] = None,
    chain_only: Annotated[
        bool, typer.Option("--chain-only", help="Without the passphrase: the head is not checked.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Verify the audit log. Exit code 1 with the first broken link."""
    from meter20.vending import audit

    with answering(as_json):
        if chain_only:
            with looking(ctx) as session:
                report = audit.verify(session, None, noted)
        else:
            station = opened(ctx)
            with station.looking() as session:
                report = station.module.verify_log(session, noted)
        words = (
            f"The log is whole: {report.entries} entries, head {report.head}."
            if report.broken is None
            else f"BROKEN at entry {report.broken}: {report.reason}."
        )
        say(as_json, vars(report), words)
    raise typer.Exit(0 if report.broken is None else 1)
