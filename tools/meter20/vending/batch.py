"""Batch vending: many orders in, a receipt or a refusal for each out, one commit per chunk.

An order is a JSON object: {"meter": "...", "kwh": "10.5"} or {"meter": "...", "money": "100.00"},
with a "ref" if it should be safe to run the batch again: an order whose ref was sold already
gives the same receipt and no second token. Answers come in order, one line each, and only after
the commit that makes them durable.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice

from meter20.given_text import Unreadable, json_value
from meter20.vending import meter_list, refusal, sales
from meter20.vending.decimal_text import hundredths, tenths
from meter20.vending.models import Slip
from meter20.vending.receipt import Receipt
from meter20.vending.refusal import Refusal
from meter20.vending.sales import CreditOrder
from meter20.vending.station import Desk, Station

CHUNK = 500
_TERMS = {"meter", "kwh", "money", "ref"}


def run(
    station: Station,
    lines: Iterable[str | Unreadable],
    chunk: int = CHUNK,
    at: datetime | None = None,
) -> Iterator[dict]:
    """Yield an answer to each order of `lines`, `chunk` of them to a commit."""
    for some in chunks(lines, chunk):
        with station.desk(at) as desk:
            answers = sold(desk, station.name, some)
        yield from answers


def chunks(lines: Iterable[str | Unreadable], chunk: int) -> Iterator[list[str | Unreadable]]:
    """Yield `lines`, `chunk` of them at a time."""
    orders = iter(lines)
    while some := list(islice(orders, chunk)):
        yield some


def sold(desk: Desk, station: str, lines: list[str | Unreadable]) -> list[dict]:
    """Sell what `lines` order, and return an answer to each; they hold once the desk closes.

    station: its name, for the receipts.
    """
    orders = [_parsed(line) for line in lines]
    meter_list.fetch_meters(
        desk.session, [each.meter for each in orders if isinstance(each, CreditOrder)]
    )
    done = [_one(desk, order) for order in orders]
    desk.session.flush()
    return [
        each.data() if isinstance(each, Refusal) else Receipt.of(each, station).data()
        for each in done
    ]


def _parsed(line: str | Unreadable) -> CreditOrder | Refusal:
    if isinstance(line, Unreadable):
        return Refusal(refusal.VALUE, f"No order: {line}.")
    try:
        return parsed(line)
    except Refusal as refused_line:
        return refused_line


def _one(desk: Desk, order: CreditOrder | Refusal) -> Slip | Refusal:
    """Return the slip of an order, or why there is none; a refused sale changes nothing."""
    if isinstance(order, Refusal):
        return order
    try:
        return sales.credit(desk, order)
    except Refusal as refused_order:
        desk.module.log_refusal(desk.session, desk.actor, refused_order)
        return refused_order


def parsed(line: str) -> CreditOrder:
    """Return the order in a line of JSON; raises Refusal if it is none.

    Numbers are taken as they are written: 10.10 is not rounded on its way, 1e3 is no amount.
    """
    try:
        terms = json_value(line, parse_float=str, parse_int=str)
    except Unreadable as why:
        raise Refusal(refusal.VALUE, f"No order: the line {why}.") from None
    if not isinstance(terms, dict) or set(terms) - _TERMS or "meter" not in terms:
        raise Refusal(
            refusal.VALUE, f"An order is a JSON object with {', '.join(sorted(_TERMS))}."
        )
    money, kwh, ref = terms.get("money"), terms.get("kwh"), terms.get("ref")
    if not isinstance(ref, str | None):
        raise Refusal(refusal.VALUE, "The ref of an order is text.")
    return CreditOrder(
        meter=meter_list.checked_drn(str(terms["meter"])),
        money=None if money is None else hundredths(str(money), "money"),
        units=None if kwh is None else tenths(str(kwh), "kwh"),
        ref=ref,
    )
