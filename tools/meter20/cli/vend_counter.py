"""The counter's day: `vend quote`, `pay`, `sales`, and `vend meter find`, `edit`, `retire`."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from meter20 import terminal
from meter20.cli import typed
from meter20.cli.answers import print_json, say, show
from meter20.cli.outcome import Done, do, issue
from meter20.cli.station_options import AsJson, Html, MeterNumber, Narrow, looking, opened

if TYPE_CHECKING:
    from meter20.vending.models import Meter
    from meter20.vending.tariff import Quote


def quote(
    ctx: typer.Context,
    meter: MeterNumber,
    kwh: Annotated[str | None, typer.Option(help="Energy, in steps of 0.1 kWh.")] = None,
    money: Annotated[str | None, typer.Option(help="Money to be paid.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what --money buys now, or what --kwh cost. Sells nothing."""
    from meter20.vending import offers, register
    from meter20.vending.tariff import hundredths, tenths

    if (kwh is None) == (money is None):
        raise typer.BadParameter("say either --kwh or --money")
    cents = None if money is None else hundredths(money, "--money")
    units = None if kwh is None else tenths(kwh, "--kwh")
    station = opened(ctx)
    with station.desk() as desk:
        found = register.find_meter(desk.session, meter)
        made = offers.now(desk, found, cents, units)
        tariff = register.tariff_of(desk.session, found)
    say(as_json, *_quoted(found, made, tariff.currency if tariff else ""))


def _quoted(meter: "Meter", made: "Quote", currency: str) -> tuple[dict, str]:
    from meter20.vending.receipt import money

    kwh = f"{made.units / 10:.1f}"
    data = {
        "meter": meter.drn, "paid": money(made.paid), "currency": currency, "kwh": kwh,
        "free_kwh": f"{made.free / 10:.1f}",
        "lines": [{"text": words, "amount": money(cents)} for words, cents in made.lines],
    }  # fmt: skip
    lines = [f"{words:<24} {money(cents)} {currency}".rstrip() for words, cents in made.lines]
    buys = f"{kwh} kWh" if made.units else "no energy"
    free = f", and {made.free / 10:.1f} kWh free" if made.free else ""
    paid = f"{money(made.paid)} {currency}".strip()
    return data, "\n".join([f"{paid} buys {buys}{free}.", *lines])


def pay(
    ctx: typer.Context,
    meter: MeterNumber,
    money: Annotated[str, typer.Option(help="Money paid for the debt.")],
    html: Html = None,
    narrow: Narrow = False,
    as_json: AsJson = False,
) -> None:
    """Take money for the debt of a customer, and print a receipt. Nothing is sold for it."""
    from meter20.vending import counter
    from meter20.vending.tariff import hundredths

    cents = hundredths(money, "--money")
    issue(
        ctx, as_json, lambda desk: counter.pay_debt(desk, meter, cents), html=html, narrow=narrow
    )


def sales(
    ctx: typer.Context,
    first: Annotated[
        datetime | None,
        typer.Option("--from", parser=typed.day, metavar="DAY", help="First day in UTC; today."),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--to", parser=typed.day, metavar="DAY", help="Last day in UTC; the first."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the receipts of some days as CSV, or JSON; no token is in it."""
    from meter20.vending import sales_list
    from meter20.vending.station import utc_now

    first = first or last or utc_now()
    with looking(ctx) as session:
        found = sales_list.rows(session, first, last or first)
    if as_json:
        print_json({"sales": found})
    else:
        terminal.write(sales_list.as_csv(found))


def meter_find(
    ctx: typer.Context,
    words: Annotated[str, typer.Argument(help="Part of a customer's name or of a number.")],
    limit: Annotated[int, typer.Option(min=1, help="Most rows.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Find meters by a part of the customer's name, or of the number."""
    from meter20.vending import counter, register

    with looking(ctx) as session:
        facts = [register.meter_facts(one) for one in counter.found(session, words, limit)]
    short = ("drn", "customer", "sgc", "tariff", "debt", "retired")
    rows = facts if as_json else [{name: one[name] for name in short} for one in facts]
    show(as_json, "meters", rows, f"No meter has {words!r} in its number or customer's name.")


def meter_edit(
    ctx: typer.Context,
    number: MeterNumber,
    customer: Annotated[str | None, typer.Option(help="New name of the customer.")] = None,
    tariff: Annotated[
        str | None, typer.Option(help="New tariff of its own; '' for that of its group.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change the customer or the tariff of a meter. The audit log says what was before."""
    from meter20.vending import counter

    if customer is None and tariff is None:
        raise typer.BadParameter("say what to change: --customer or --tariff")
    to = counter.Edit(customer, tariff)
    do(opened(ctx), as_json, lambda desk: _meter(counter.edit(desk, number, to), "is changed"))


def meter_retire(
    ctx: typer.Context,
    number: MeterNumber,
    reason: Annotated[str, typer.Option(help="Reason, for the audit log.")],
    as_json: AsJson = False,
) -> None:
    """Take a meter out of use for good: the station sells nothing to it any more."""
    from meter20.vending import counter

    def job(desk) -> Done:
        return _meter(counter.retire(desk, number, reason), "is retired")

    do(opened(ctx), as_json, job)


def _meter(meter: "Meter", done: str) -> Done:
    from meter20.vending import register

    stands = f"Meter {meter.drn} {done}"
    again = f"`meter20 vend meter show {meter.drn}` shows it."
    return Done(stands, register.meter_facts(meter), f"{stands}.", again)
