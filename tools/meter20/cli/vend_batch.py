"""`meter20 vend batch`: many sales, an answer to each, and never an answer before its commit."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from meter20 import given_text, terminal
from meter20.cli.answers import always_in_json, print_json
from meter20.cli.outcome import uninterrupted, warn
from meter20.cli.station_options import At, opened, utc
from meter20.exit_codes import Code
from meter20.vending import refusal
from meter20.vending.refusal import Refusal


def batch(
    ctx: typer.Context,
    orders: Annotated[
        Path | None, typer.Argument(help="File of orders; standard input if left out.")
    ] = None,
    chunk: Annotated[int, typer.Option(min=1, max=100_000, help="Orders in one commit.")] = 500,
    at: At = None,
) -> None:
    """Sell many: read an order from each line, and write its receipt or refusal on a line.

    An order is {"meter": "...", "kwh": "10.5"} or {"meter": "...", "money": "100.00"}. Give each
    order a "ref" of its own: then the batch can be run again and sells nothing twice. The exit
    code is 1 if any order was refused.
    """
    from meter20.vending import batch as vending_batch

    always_in_json(ctx)
    refused_any, sold = False, 0
    file = _opened(ctx, orders)
    station = opened(ctx)
    for lines in vending_batch.chunks(given_text.lines(file), chunk):
        with ExitStack() as held:
            with station.desk(utc(at)) as desk:
                answers = vending_batch.sold(desk, station.name, lines)
                interrupts = held.enter_context(uninterrupted())
            _show_sold(answers)
            sold += sum("number" in answer for answer in answers)
            _tell(sold)
        if interrupts:
            raise KeyboardInterrupt
        refused_any = refused_any or any("error" in answer for answer in answers)
    raise typer.Exit(Code.REFUSED if refused_any else Code.DONE)


def _tell(sold: int) -> None:
    """Say how far the batch is, to somebody who does not see its answers pass by."""
    if sys.stderr is not None and sys.stderr.isatty() and not sys.stdout.isatty():
        warn(f"{sold} sold")


def _show_sold(answers: list[dict]) -> None:
    """Write the answers of one commit; ends the batch if not all of them can be shown."""
    for shown, answer in enumerate(answers):
        try:
            print_json(answer)
        except OSError as error:
            terminal.give_up()
            numbers = [str(each["number"]) for each in answers[shown:] if "number" in each]
            warn(_not_shown(numbers, str(error.strerror)))
            raise typer.Exit(Code.STANDS if numbers else Code.REFUSED) from None


def _not_shown(numbers: list[str], why: str) -> str:
    if not numbers:
        return f"Standard output failed: {why}. No sale that stands was left unshown."
    stand = (
        f"Receipts {', '.join(numbers)} stand" if numbers[1:] else f"Receipt {numbers[0]} stands"
    )
    return (
        f"{stand}, but standard output failed: {why}. Nothing was sold after that. "
        "`meter20 vend receipt NUMBER` shows each again; the same batch shows all, if it has refs."
    )


def _opened(ctx: typer.Context, orders: Path | None) -> BinaryIO:
    """Return the orders, open to be read until the command ends; raises Refusal."""
    if orders is None:
        return terminal.octets_in()
    try:
        file = orders.open("rb")
    except OSError as error:
        raise Refusal(refusal.VALUE, f"{orders} cannot be read: {error.strerror}.") from None
    ctx.call_on_close(file.close)
    return file
