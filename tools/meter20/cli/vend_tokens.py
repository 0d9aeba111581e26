"""`meter20 vend manage`, `test`, `key-change` and `provision`: every token that is not credit."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer
from sts import kinds

from meter20.cli.outcome import Done, do, issue, receipt, taken
from meter20.cli.station_options import AsJson, At, Html, MeterNumber, Narrow
from meter20.cli.vend_clock import selling
from meter20.vending import refusal
from meter20.vending.refusal import Refusal

manage_app = typer.Typer(
    help="Tokens of class 2: limits, credit and tamper cleared, and others.", no_args_is_help=True
)

#: Source: reference of ClearCredit.
_REGISTERS = {
    "electricity": 0, "water": 1, "gas": 2, "time": 3, "electricity-currency": 4,
    "water-currency": 5, "gas-currency": 6, "time-currency": 7, "all": 0xFFFF,
}  # fmt: skip
Bits16 = Annotated[int, typer.Argument(min=0, max=0xFFFF, help="A number, 0 to 65535.")]
Watts = Annotated[int, typer.Argument(min=0, help="Watts; rounded up to what a token can carry.")]


@manage_app.command("power-limit")
def power_limit(
    ctx: typer.Context, meter: MeterNumber, watts: Watts, at: At = None, html: Html = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Set the maximum power that the load may draw."""
    _manage(ctx, (meter, kinds.POWER_LIMIT, watts, f"power limit {watts} W"), at, html, as_json)


@manage_app.command("unbalance-limit")
def unbalance_limit(
    ctx: typer.Context, meter: MeterNumber, watts: Watts, at: At = None, html: Html = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Set the maximum difference between the phases of a three-phase meter."""
    words = f"phase unbalance limit {watts} W"
    _manage(ctx, (meter, kinds.UNBALANCE_LIMIT, watts, words), at, html, as_json)


@manage_app.command("clear-credit")
def clear_credit(
    ctx: typer.Context,
    meter: MeterNumber,
    register: Annotated[
        str, typer.Option(help="Register: " + ", ".join(_REGISTERS))
    ] = "electricity",
    at: At = None,
    html: Html = None,
    as_json: AsJson = False,
) -> None:
    """Clear a credit register. The customer loses that credit."""
    if register not in _REGISTERS:
        raise typer.BadParameter(f"--register is one of {', '.join(_REGISTERS)}")
    words = f"clear credit: {register}"
    _manage(ctx, (meter, kinds.CLEAR_CREDIT, _REGISTERS[register], words), at, html, as_json)


@manage_app.command("clear-tamper")
def clear_tamper(
    ctx: typer.Context, meter: MeterNumber, at: At = None, html: Html = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Clear the tamper condition."""
    _manage(ctx, (meter, kinds.CLEAR_TAMPER, 0, "clear tamper condition"), at, html, as_json)


@manage_app.command("tariff-rate")
def tariff_rate(
    ctx: typer.Context, meter: MeterNumber, rate: Bits16, at: At = None, html: Html = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Set the tariff rate, 16 bits whose meaning the standard reserves."""
    _manage(ctx, (meter, kinds.TARIFF_RATE, rate, f"tariff rate {rate}"), at, html, as_json)


@manage_app.command("water-factor")
def water_factor(
    ctx: typer.Context, meter: MeterNumber, factor: Bits16, at: At = None, html: Html = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Set the water meter factor, 16 bits; an electricity meter answers FunctionError."""
    _manage(ctx, (meter, kinds.WATER_FACTOR, factor, f"water factor {factor}"), at, html, as_json)


@manage_app.command("flag")
def flag(
    ctx: typer.Context, meter: MeterNumber,
    index: Annotated[int, typer.Argument(min=0, max=511, help="Number of the flag.")],
    state: Literal["on", "off"], at: At = None, html: Html = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Set a flag of the extended token set (STS 202-5)."""
    value = 63 << 10 | index << 1 | (state == "on")
    words = f"flag {index} {state}"
    _manage(ctx, (meter, kinds.SET_EXTENDED, value, words), at, html, as_json)


@manage_app.command("control")
def control(
    ctx: typer.Context, meter: MeterNumber,
    index: Annotated[int, typer.Argument(min=0, max=62, help="Number of the control.")],
    value: Annotated[int, typer.Argument(min=0, max=1023, help="New value of the control.")],
    at: At = None, html: Html = None, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Set a control of the extended token set (STS 202-5)."""
    words = f"control {index} to {value}"
    _manage(ctx, (meter, kinds.SET_EXTENDED, index << 10 | value, words), at, html, as_json)


def _manage(ctx: typer.Context, token: tuple[str, str, int, str], at, html, as_json) -> None:
    """Issue the management token (meter, kind, value, words)."""
    from meter20.vending import sales

    issue(ctx, as_json, lambda desk: sales.manage(desk, *token), at, html, selling)


def test(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(help="Test 1 to 36, 0 for all; an index with --read.")],
    mfr: Annotated[str, typer.Option(help="Manufacturer code, 2 or 4 digits; 00 for any.")] = "00",
    read: Annotated[
        bool, typer.Option("--read", help="Read a control (0 to 62) or the flags (63) instead.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a test or display token of class 1, which any meter takes."""
    from meter20.vending import sales

    def job(desk):
        return sales.read_extended(desk, number) if read else sales.meter_test(desk, number, mfr)

    issue(ctx, as_json, job)


def key_change(  # noqa: PLR0913, PLR0917
    ctx: typer.Context, meter: MeterNumber,
    sgc: Annotated[str | None, typer.Option(help="New supply group code.")] = None,
    krn: Annotated[int | None, typer.Option(help="New revision; the newest by default.")] = None,
    ti: Annotated[int | None, typer.Option(help="New tariff index.")] = None,
    base_date: Annotated[int | None, typer.Option(help="New base date, to roll over to.")] = None,
    tokens: Annotated[int | None, typer.Option(help="Tokens: EA07 2 or 3, EA11 4.")] = None,
    send: Annotated[
        bool, typer.Option("--send", help="Let the head-end bring them; see `meter20 ami`.")
    ] = False,
    at: At = None, html: Html = None, narrow: Narrow = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Issue the tokens that give a meter another key. Later tokens need the new key."""
    from meter20.vending import rekey

    new, station = rekey.NewKey(sgc, krn, ti, base_date, tokens), selling(ctx, as_json)
    with taken(html) as page:

        def job(desk) -> Done:
            slip = rekey.change_key(desk, meter, new)
            done = receipt(desk, slip, station, page, narrow)
            return _sent(desk, meter, slip, done) if send else done

        do(station, as_json, job, page, at)


def _sent(desk, meter: str, slip, done: Done) -> Done:
    """Give the tokens of a key change to the head-end, too; a refusal issues none."""
    from meter20.ami import purchases

    purchase = purchases.bring(desk, slip)
    if purchase is None:
        words = (
            f"Meter {meter} is on no network, so nobody can send it anything: leave --send out, "
            f"or say how it is reached with `meter20 ami meters {meter}`."
        )
        raise Refusal(refusal.STATE, words)
    desk.session.flush()  # numbers it
    words = f"Purchase {purchase.id} brings them: `meter20 ami show {purchase.id}`.\n"
    data = done.data | {"purchase": purchase.id}
    return replace(done, data=data, words=f"{done.words.rstrip()}\n{words}")


def provision(  # noqa: PLR0913, PLR0917
    ctx: typer.Context,
    meter: MeterNumber,
    out: Annotated[Path, typer.Option(help="New file for the record, private to its owner.")],
    imp_per_kwh: Annotated[int, typer.Option(min=1, help="Pulses per kWh.")] = 1000,
    power_limit_w: Annotated[int, typer.Option(min=0, help="Power limit; 0 for none.")] = 0,
    direct: Annotated[
        bool,
        typer.Option("--direct", help="Record the working key, not an initial one."),
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Write the record of a provisioned meter once more.")
    ] = False,
    at: At = None,
    as_json: AsJson = False,
) -> None:
    """Write the record that a new meter starts from. It holds that meter's key: a secret.

    Its "request" goes to the meter's service port. Without --direct the key in it is an initial
    one, and the key change tokens on the receipt replace it.
    """
    from meter20.vending import rekey

    factory = rekey.Factory(imp_per_kwh, power_limit_w)

    def job(desk) -> Done:
        record, slip = rekey.provision(desk, meter, factory, direct, again)
        if slip is not None:
            done = receipt(desk, slip, station)
        else:
            stands = f"Meter {meter} is provisioned by the books"
            words = f"{out}: {record['warning']}"
            done = Done(stands, {"file": str(out)}, words, f"{out} has the key.", file_first=True)
        rewrite = f"`meter20 vend provision {meter} --again --out FILE` makes another record."
        return replace(done, file=json.dumps(record, indent=2) + "\n", rewrite=rewrite)

    station = selling(ctx, as_json)
    with taken(out) as file:
        do(station, as_json, job, file, at)
