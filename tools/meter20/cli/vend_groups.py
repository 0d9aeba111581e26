"""`meter20 vend group`: supply groups and their vending keys."""

from pathlib import Path
from typing import Annotated

import typer

from meter20.cli import request_fields, typed
from meter20.cli.answers import show
from meter20.cli.outcome import Done, do, taken
from meter20.cli.station_options import AsJson, looking, opened, passphrase
from meter20.vending.amounts import PER_CENT
from meter20.vending.decimal_text import hundredths, tenths
from meter20.vending.sealing import Secret

group_app = typer.Typer(
    help="Supply groups and their vending keys. No key is ever shown.", no_args_is_help=True
)

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
    from meter20.vending import supply_groups
    from meter20.vending.vending_key import KeyTerms

    limits = _limits(kinds, max_token_kwh, max_day_kwh, max_token_money, max_day_money)
    terms = KeyTerms(sgc, krn, kt, ken, base_date, dkga, ea, **limits)
    key_hex = request_fields.secret("--vk", vk, batch=False) or ""

    def job(desk) -> Done:
        row = supply_groups.add_group(desk, terms, name, tariff, key_hex)
        words = f"Supply group {sgc}: key {row.label}, check value {row.check_value}."
        stands = f"Key {row.label} is registered"
        return Done(stands, supply_groups.key_facts(desk.session, row), words, _SHOWS_GROUPS)

    do(opened(ctx), as_json, job)


@group_app.command("list")
def group_list(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List supply groups and the attributes and limits of their keys."""
    from meter20.vending import supply_groups

    with looking(ctx) as session:
        rows = [
            supply_groups.key_facts(session, row) for row in supply_groups.vending_keys(session)
        ]
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
    from meter20.vending import supply_groups

    limits = _limits(kinds, max_token_kwh, max_day_kwh, max_token_money, max_day_money)
    limits |= {} if ken is None else {"ken": ken}
    if not limits:
        raise typer.BadParameter("say what to change")

    def job(desk) -> Done:
        row = supply_groups.find_key(desk.session, sgc, ea, krn)
        desk.module.keys.change_limits(desk.session, row, limits, desk.actor)
        stands = f"The limits of {row.label} are changed"
        return Done(
            stands, supply_groups.key_facts(desk.session, row), f"{stands}.", _SHOWS_GROUPS
        )

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
    from meter20.vending import supply_groups

    def job(desk) -> Done:
        row = supply_groups.find_key(desk.session, sgc, ea, krn, base_date)
        supply_groups.retire_key(desk, row)
        stands = f"The key {row.label} is retired; KRN {row.krn} can be registered again"
        return Done(
            stands, supply_groups.key_facts(desk.session, row), f"{stands}.", _SHOWS_GROUPS
        )

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
    from meter20.vending import supply_groups

    station = opened(ctx)
    secret = _transport_secret(transport_key_file, again=True)

    def job(desk) -> Done:
        rows = [
            row
            for each in sgc
            for row in supply_groups.vending_keys(desk.session, each)
            if not row.retired
        ]
        labels = [row.label for row in rows]
        return Done(
            stands=f"The export of {', '.join(labels)} is in the audit log",
            data={"file": str(out), "keys": labels},
            words=f"In {out}: {', '.join(labels)}, encrypted under the transport {secret.kind}.",
            again=f"{out} is whole.",
            file=desk.module.keys.export_keys(desk.session, rows, secret, desk.actor),
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
    from meter20.vending import supply_groups

    station = opened(ctx)
    secret = _transport_secret(transport_key_file)
    text = typed.file_text(file)

    def job(desk) -> Done:
        rows = supply_groups.import_groups(desk, text, secret)
        words = "\n".join(f"{row.label}, check value {row.check_value}" for row in rows)
        stands = f"{', '.join(row.label for row in rows)}: registered"
        facts = [supply_groups.key_facts(desk.session, row) for row in rows]
        return Done(stands, {"groups": facts}, words, _SHOWS_GROUPS)

    do(station, as_json, job)


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
    variable, option = "METER20_TRANSPORT_PASSPHRASE", "--transport-key-file"
    return passphrase(variable, "Transport passphrase", option, again)
