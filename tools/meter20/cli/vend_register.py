"""`meter20 vend group`, `tariff` and `meter`: what the station has to know before it sells."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from meter20 import given_text
from meter20.cli import request_fields
from meter20.cli.answers import say_facts, show
from meter20.cli.outcome import Done, do, taken
from meter20.cli.station_options import AsJson, MeterNumber, looking, opened, passphrase
from meter20.vending import refusal
from meter20.vending.amounts import PER_CENT
from meter20.vending.refusal import Refusal
from meter20.vending.sealing import Secret
from meter20.vending.tariff import hundredths, tenths

group_app = typer.Typer(
    help="Supply groups and their vending keys. No key is ever shown.", no_args_is_help=True
)
tariff_app = typer.Typer(help="Tariffs.", no_args_is_help=True)
meter_app = typer.Typer(help="Meters.", no_args_is_help=True)

Kinds = Annotated[
    str | None,
    typer.Option(help="Tokens of the key: credit,currency,management,key-change; or by name."),
]
MaxTokenKwh = Annotated[str | None, typer.Option(help="Most kWh in one token.")]
MaxDayKwh = Annotated[str | None, typer.Option(help="Most kWh in one day.")]
MaxTokenMoney = Annotated[str | None, typer.Option(help="Most money in one currency token.")]
MaxDayMoney = Annotated[str | None, typer.Option(help="Most money of a day, in currency tokens.")]
TransportKeyFile = Annotated[
    Path | None,
    typer.Option(help="Key file of both stations; else METER20_TRANSPORT_PASSPHRASE or a prompt."),
]

_SHOWS_GROUPS = "`meter20 vend group list` shows it."


@group_app.command("add")
def group_add(  # noqa: PLR0913, PLR0917
    ctx: typer.Context,
    sgc: Annotated[str, typer.Option(help="Supply group code, 6 digits.")],
    krn: Annotated[int, typer.Option(help="Key revision number, 1 to 9.")] = 1,
    kt: Annotated[int, typer.Option(help="Key type: 1 default, 2 unique, 3 common.")] = 2,
    ken: Annotated[int, typer.Option(help="Key expiry number; 255 never expires.")] = 255,
    base_date: Annotated[int, typer.Option(help="Base date: 1993, 2014 or 2035.")] = 2014,
    dkga: Annotated[str, typer.Option(help="Key generation algorithm, 02 or 04.")] = "04",
    ea: Annotated[str, typer.Option(help="Encryption algorithm, 07 or 11.")] = "11",
    name: Annotated[str, typer.Option(help="Name of the supply group.")] = "",
    tariff: Annotated[str | None, typer.Option(help="Tariff of the group.")] = None,
    vk: Annotated[
        str | None,
        typer.Option(
            envvar="METER20_VENDING_KEY",
            help="Vending key in hexadecimal; '-' asks for it. By default a random key.",
        ),
    ] = None,
    kinds: Kinds = None,
    max_token_kwh: MaxTokenKwh = None,
    max_day_kwh: MaxDayKwh = None,
    max_token_money: MaxTokenMoney = None,
    max_day_money: MaxDayMoney = None,
    as_json: AsJson = False,
) -> None:
    """Add a supply group, or another key revision of it."""
    from meter20.vending import register
    from meter20.vending.vending_key import KeyTerms

    limits = _limits(kinds, max_token_kwh, max_day_kwh, max_token_money, max_day_money)
    terms = KeyTerms(sgc, krn, kt, ken, base_date, dkga, ea, **limits)
    key_hex = request_fields.secret("--vk", vk, batch=False) or ""

    def job(desk) -> Done:
        row = register.add_group(desk, terms, name, tariff, key_hex)
        words = f"Supply group {sgc}: key {row.label}, check value {row.check_value}."
        stands = f"Key {row.label} is registered"
        return Done(stands, register.key_facts(desk.session, row), words, _SHOWS_GROUPS)

    do(opened(ctx), as_json, job)


@group_app.command("list")
def group_list(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List supply groups and the attributes and limits of their keys."""
    from meter20.vending import register

    with looking(ctx) as session:
        rows = [register.key_facts(session, row) for row in register.vending_keys(session)]
    if not as_json:
        rows = [_short(row) for row in rows]
    show(as_json, "groups", rows, "No supply group yet: meter20 vend group add --sgc ...")


def _short(facts: dict) -> dict:
    """Return the facts of a key for a narrow table: its group in one column, its limits in one."""
    limits = [f"{name[4:].replace('_', ' ')} {facts[name]}" for name in facts
              if name.startswith("max_") and facts[name]]  # fmt: skip
    if facts["kinds"] != "credit,currency,management,key-change":
        limits.insert(0, f"only {facts['kinds']}")
    if facts["retired"]:
        limits = [f"retired {facts['retired'][:10]}"]
    group = [facts["sgc"], facts["name"], facts["tariff"] and f"tariff {facts['tariff']}"]
    names = ("krn", "type", "ken", "base_date", "dkga", "ea", "check_value")
    return (
        {"sgc": "\n".join(filter(None, group))}
        | {name: facts[name] for name in names}
        | {"limits": "\n".join(limits)}
    )


@group_app.command("limit")
def group_limit(  # noqa: PLR0913, PLR0917
    ctx: typer.Context,
    sgc: Annotated[str, typer.Argument(help="Supply group code.")],
    krn: Annotated[int | None, typer.Option(help="Key revision; the newest by default.")] = None,
    ea: Annotated[str, typer.Option(help="Encryption algorithm.")] = "11",
    ken: Annotated[int | None, typer.Option(help="New key expiry number.")] = None,
    kinds: Kinds = None,
    max_token_kwh: MaxTokenKwh = None,
    max_day_kwh: MaxDayKwh = None,
    max_token_money: MaxTokenMoney = None,
    max_day_money: MaxDayMoney = None,
    as_json: AsJson = False,
) -> None:
    """Change the limits of a key; the amount 'none' lifts a limit. Other limits stay."""
    from meter20.vending import register

    limits = _limits(kinds, max_token_kwh, max_day_kwh, max_token_money, max_day_money)
    limits |= {} if ken is None else {"ken": ken}
    if not limits:
        raise typer.BadParameter("say what to change")

    def job(desk) -> Done:
        row = register.find_key(desk.session, sgc, ea, krn)
        desk.module.change_limits(desk.session, row, limits, desk.actor)
        stands = f"The limits of {row.label} are changed"
        return Done(stands, register.key_facts(desk.session, row), f"{stands}.", _SHOWS_GROUPS)

    do(opened(ctx), as_json, job)


@group_app.command("retire")
def group_retire(
    ctx: typer.Context,
    sgc: Annotated[str, typer.Argument(help="Supply group code.")],
    krn: Annotated[int, typer.Option(help="Key revision number.")],
    ea: Annotated[str, typer.Option(help="Encryption algorithm.")] = "11",
    base_date: Annotated[int | None, typer.Option(help="Base date of the key.")] = None,
    as_json: AsJson = False,
) -> None:
    """Give a key revision up for good, so that its KRN can be used again.

    The station refuses while a meter holds the key. Sales under the key stay in the books.
    """
    from meter20.vending import register

    def job(desk) -> Done:
        row = register.find_key(desk.session, sgc, ea, krn, base_date)
        register.retire_key(desk, row)
        stands = f"The key {row.label} is retired; KRN {row.krn} can be registered again"
        return Done(stands, register.key_facts(desk.session, row), f"{stands}.", _SHOWS_GROUPS)

    do(opened(ctx), as_json, job)


@group_app.command("export")
def group_export(
    ctx: typer.Context,
    sgc: Annotated[list[str], typer.Argument(help="Supply group codes.")],
    out: Annotated[Path, typer.Option(help="New file to write.")],
    transport_key_file: TransportKeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Write supply groups, encrypted, to a file for another station."""
    from meter20.vending import register

    station = opened(ctx)
    secret = _transport_secret(transport_key_file, again=True)

    def job(desk) -> Done:
        rows = [
            row
            for each in sgc
            for row in register.vending_keys(desk.session, each)
            if not row.retired
        ]
        labels = [row.label for row in rows]
        return Done(
            stands=f"The export of {', '.join(labels)} is in the audit log",
            data={"file": str(out), "keys": labels},
            words=f"In {out}: {', '.join(labels)}, encrypted under the transport {secret.kind}.",
            again=f"{out} is whole.",
            file=desk.module.export_keys(desk.session, rows, secret, desk.actor),
            rewrite="Nothing left the station: export again.",
            file_first=True,
        )

    with taken(out) as file:
        do(station, as_json, job, file)


@group_app.command("import")
def group_import(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="File of `meter20 vend group export`.")],
    transport_key_file: TransportKeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Take over the supply groups in a file that another station exported."""
    from meter20.vending import register

    station = opened(ctx)
    secret = _transport_secret(transport_key_file)
    text = _text(file)

    def job(desk) -> Done:
        rows = register.import_groups(desk, text, secret)
        words = "\n".join(f"{row.label}, check value {row.check_value}" for row in rows)
        stands = f"{', '.join(row.label for row in rows)}: registered"
        facts = [register.key_facts(desk.session, row) for row in rows]
        return Done(stands, {"groups": facts}, words, _SHOWS_GROUPS)

    do(station, as_json, job)


@tariff_app.command("add")
def tariff_add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the tariff.")],
    terms: Annotated[Path, typer.Argument(help="JSON file, see docs/vending.md; '-': the input.")],
    as_json: AsJson = False,
) -> None:
    """Add a tariff, or replace its terms for later purchases."""
    from meter20.vending import register

    asked = register.read_terms(_text(terms))

    def job(desk) -> Done:
        register.keep_tariff(desk, name, asked)
        stands = f"Tariff {name} is in force"
        facts = {"tariff": name, "terms": asked}
        return Done(stands, facts, f"{stands}.", "`meter20 vend tariff list` shows it.")

    do(opened(ctx), as_json, job)


@tariff_app.command("list")
def tariff_list(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the tariffs and their terms."""
    from meter20.vending import register

    with looking(ctx) as session:
        rows = register.tariffs(session)
    show(as_json, "tariffs", rows, "No tariff yet: meter20 vend tariff add NAME FILE")


@meter_app.command("add")
def meter_add(  # noqa: PLR0913, PLR0917
    ctx: typer.Context,
    number: MeterNumber,
    sgc: Annotated[str, typer.Option(help="Supply group code.")],
    ti: Annotated[int, typer.Option(help="Tariff index, 0 to 99.")] = 1,
    ea: Annotated[str, typer.Option(help="Encryption algorithm of the meter.")] = "11",
    krn: Annotated[int | None, typer.Option(help="Key revision; the newest by default.")] = None,
    base_date: Annotated[int | None, typer.Option(help="Base date of its key.")] = None,
    ken: Annotated[int | None, typer.Option(help="KEN of the meter, if not the key's.")] = None,
    customer: Annotated[str, typer.Option(help="Customer's name, for receipts.")] = "",
    tariff: Annotated[str | None, typer.Option(help="Tariff, if not the group's.")] = None,
    accounting: Annotated[str, typer.Option(help="What the meter counts: energy or currency.")] = (
        "energy"
    ),
    debt: Annotated[str, typer.Option(help="What the customer owes already.")] = "0",
    as_json: AsJson = False,
) -> None:
    """Register a meter. Give it its key with `provision`, unless it holds one already."""
    from meter20.vending import register

    new = register.NewMeter(
        number, sgc, ti, ea, krn, base_date, ken, customer, tariff, accounting,
        hundredths(debt, "--debt"),
    )  # fmt: skip

    def job(desk) -> Done:
        meter = register.add_meter(desk, new)
        return Done(
            stands=f"Meter {meter.drn} is registered",
            data=register.meter_facts(meter),
            words=f"Meter {meter.drn} (MeterPAN {meter.pan}) holds {meter.vending_key.label}.",
            again=f"`meter20 vend meter show {meter.drn}` shows it.",
        )

    do(opened(ctx), as_json, job)


@meter_app.command("list")
def meter_list(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="Most rows.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List the meters."""
    from meter20.vending import register

    with looking(ctx) as session:
        rows = [register.meter_facts(each) for each in register.meters(session, limit)]
    columns = ("drn", "sgc", "krn", "ti", "kt", "ea", "base_date", "customer", "debt")
    short = [{name: row[name] for name in columns} for row in rows]
    show(as_json, "meters", rows if as_json else short, "No meter yet: meter20 vend meter add")


@meter_app.command("show")
def meter_show(ctx: typer.Context, number: MeterNumber, as_json: AsJson = False) -> None:
    """Show all that the station knows of a meter, but no key."""
    from meter20.vending import register

    with looking(ctx) as session:
        facts = register.meter_facts(register.find_meter(session, number, retired=True))
    say_facts(as_json, facts, 20)


def _limits(
    kinds: str | None, token_kwh: str | None, day_kwh: str | None, token_money: str | None,
    day_money: str | None,
) -> dict:  # fmt: skip
    """Return the limits that were given, in the units of a key."""
    limits: dict = {} if kinds is None else {"kinds": kinds}
    for which, given in (("token", token_kwh), ("day", day_kwh)):
        if given is not None:
            units = None if given == "none" else tenths(given, f"--max-{which}-kwh")
            limits[f"max_{which}_energy"] = units
    for which, given in (("token", token_money), ("day", day_money)):
        if given is not None:
            name = f"max_{which}_currency"
            cents = None if given == "none" else hundredths(given, f"--max-{which}-money")
            limits[name] = None if cents is None else cents * PER_CENT
    return limits


def _transport_secret(key_file: Path | None, again: bool = False) -> Secret:
    if key_file:
        return Secret.key_file(key_file)
    return passphrase("METER20_TRANSPORT_PASSPHRASE", "Transport passphrase", again)


def _text(path: Path) -> str:
    """Return the text of a file, '-' for the input; raises Refusal."""
    try:
        if str(path) == "-":
            return given_text.stream_text(sys.stdin.buffer)
        return given_text.file_text(path)
    except given_text.Unreadable as why:
        name = "The input " if str(path) == "-" else ""
        raise Refusal(refusal.VALUE, f"{name}{why}.") from None
