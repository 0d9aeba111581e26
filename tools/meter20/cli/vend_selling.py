"""What a clerk sells and shows: `vend credit`, `quote`, `pay`, receipts, and lists of them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from meter20 import terminal
from meter20.cli import typed, vend_clock
from meter20.cli.answers import print_json, say
from meter20.cli.outcome import issue
from meter20.cli.station_options import (
    AsJson,
    At,
    Html,
    MeterNumber,
    Narrow,
    OneMeter,
    looking,
    opened,
)

if TYPE_CHECKING:
    from meter20.vending.models import Meter, Slip
    from meter20.vending.station import Desk
    from meter20.vending.tariff import Quote

_ReceiptNumber = Annotated[int, typer.Argument(help="Number of the receipt.")]
_COLUMNS = "{:>7}  {:16}  {:13}  {:>13}  {}"
_HEADING = _COLUMNS.format("receipt", "time (UTC)", "meter", "paid", "what")


def quote(
    ctx: typer.Context,
    meter: MeterNumber,
    kwh: Annotated[str | None, typer.Option(help="Energy, in steps of 0.1 kWh.")] = None,
    money: Annotated[str | None, typer.Option(help="Money to be paid.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what --money buys now, or what --kwh cost. Sells nothing."""
    from meter20.vending import meter_list, offers, tariff_list
    from meter20.vending.decimal_text import hundredths, tenths

    if (kwh is None) == (money is None):
        raise typer.BadParameter("say either --kwh or --money")
    cents = None if money is None else hundredths(money, "--money")
    units = None if kwh is None else tenths(kwh, "--kwh")
    station = opened(ctx)
    with station.desk() as desk:
        found = meter_list.find_meter(desk.session, meter)
        made = offers.now(desk, found, cents, units)
        tariff = tariff_list.tariff_of(desk.session, found)
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


def credit(  # noqa: PLR0913, PLR0917
    ctx: typer.Context,
    meter: MeterNumber,
    kwh: Annotated[str | None, typer.Option(help="Energy, in steps of 0.1 kWh.")] = None,
    money: Annotated[str | None, typer.Option(help="Money paid; the tariff applies.")] = None,
    ref: Annotated[
        str | None,
        typer.Option(help="Your number for this sale: one number, one sale."),
    ] = None,
    at: At = None,
    html: Html = None,
    narrow: Narrow = False,
    as_json: AsJson = False,
) -> None:
    """Sell credit: energy by --kwh, or what --money buys by the tariff of the meter."""
    from meter20.vending import sales
    from meter20.vending.decimal_text import hundredths, tenths

    if (kwh is None) == (money is None):
        raise typer.BadParameter("say either --kwh or --money")
    order = sales.CreditOrder(
        meter=meter,
        units=None if kwh is None else tenths(kwh, "--kwh"),
        money=None if money is None else hundredths(money, "--money"),
        ref=ref,
    )

    def sold(desk: "Desk") -> "Slip":
        return sales.credit(desk, order)

    issue(ctx, as_json, sold, at, html, vend_clock.selling, narrow)


def pay(
    ctx: typer.Context,
    meter: MeterNumber,
    money: Annotated[str, typer.Option(help="Money paid for the debt.")],
    html: Html = None,
    narrow: Narrow = False,
    as_json: AsJson = False,
) -> None:
    """Take money for the debt of a customer, and print a receipt. Nothing is sold for it."""
    from meter20.vending import debts
    from meter20.vending.decimal_text import hundredths

    cents = hundredths(money, "--money")
    issue(ctx, as_json, lambda desk: debts.pay_debt(desk, meter, cents), html=html, narrow=narrow)


def receipt(
    ctx: typer.Context,
    number: _ReceiptNumber,
    html: Html = None,
    narrow: Narrow = False,
    as_json: AsJson = False,
) -> None:
    """Print a receipt again, marked as a copy."""
    from meter20.vending import sales

    issue(ctx, as_json, lambda desk: sales.reprinted(desk, number), html=html, narrow=narrow)


def reverse(
    ctx: typer.Context,
    number: _ReceiptNumber,
    reason: Annotated[str, typer.Option(help="Reason for the reversal, for the audit log.")],
    delivered: Annotated[
        bool,
        typer.Option("--delivered", help="Somebody may have seen the token: it stays good."),
    ] = False,
    undelivered: Annotated[
        bool, typer.Option("--undelivered", help="Nobody has seen the token: the sale is void.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take a sale back, as far as one can.

    --undelivered: nobody has seen the token; the sale becomes void. --delivered: the token stays
    good, and what was paid becomes a debt of the customer.
    """
    from meter20.vending import sales

    if delivered == undelivered:
        raise typer.BadParameter(
            "say either --delivered or --undelivered: did anybody see the token?"
        )
    issue(ctx, as_json, lambda desk: sales.reverse(desk, number, reason, delivered))


def history(
    ctx: typer.Context,
    meter: OneMeter = None,
    limit: Annotated[int, typer.Option(min=1, help="Most rows.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the latest receipts, newest first, without tokens. `vend receipt` shows the tokens."""
    from meter20.vending import meter_list, sales, sales_list
    from meter20.vending import receipt as receipts

    with looking(ctx) as session:
        one = meter_list.find_meter(session, meter, retired=True) if meter else None
        slips = sales.history(session, one, limit)
        back = sales_list.corrections(session, slips)
        rows = [receipts.summary(slip, back.get(slip.id)) for slip in slips]
    lines = [_HEADING, *map(_line, rows)] if rows else ["Nothing was issued yet."]
    say(as_json, {"receipts": rows}, "\n".join(lines))


def _line(row: dict) -> str:
    """Return the one line of a receipt in the history for people."""
    what = row["operation"]
    if row["corrects"]:
        what += f" of {row['corrects']}"
    if row["tokens"]:
        what += f", {row['tokens']}"
    if row["corrected_by"]:
        void = row["state"] == "void"
        what += f", {'VOID' if void else 'reversed'} by {row['corrected_by']}"
    time = row["time"][:16].replace("T", " ")
    return _COLUMNS.format(row["number"], time, row["meter"], row["paid"], what)


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
    if last is not None and last < first:
        raise typer.BadParameter("--to is before --from")
    with looking(ctx) as session:
        found = sales_list.rows(session, first, last or first)
    if as_json:
        print_json({"sales": found})
    else:
        terminal.write(sales_list.as_csv(found))
