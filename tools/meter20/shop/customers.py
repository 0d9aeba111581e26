"""What customers do: find a meter, get a quote, buy, and see what the meter says."""

import re
import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.exceptions import HTTPException

from meter20.pos.waits import Limit, Waits, address_of
from meter20.shop import orders, pages, visitors
from meter20.shop.orders import Seen
from meter20.shop.selling import Changed, OutOfRange, Seller
from meter20.vending import refusal
from meter20.vending.refusal import Doubt, Refusal

_NUMBER_MAX, _AMOUNT_MAX = 40, 20
LOOKUPS = Limit("numbers from", 20, 5, 300)  # numbers that are no meter of ours
_AMOUNT = re.compile(r"([0-9]{1,20})(?:[.,]([0-9]{1,2}))?")
PAGES: dict = {
    status: {"content": {"text/html": {}}, "description": words}
    for status, words in (
        (400, "Refused"), (401, "Nobody of ours"), (403, "Not a form of ours"), (404, "Not found"),
        (409, "The quote has changed, or the form was used"), (413, "Too long"),
        (422, "Malformed"), (429, "Too often"), (500, "Outcome unknown"),
        (503, "The station cannot work"),
    )
}  # fmt: skip
router = APIRouter(default_response_class=HTMLResponse, responses=PAGES)
Number = Annotated[str, Query(max_length=_NUMBER_MAX)]
Typed = Annotated[str, Query(max_length=_AMOUNT_MAX)]
Address = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{32}$")]
#: What a refusal of the station is called for customers; others are the station's own trouble.
_WORDS = {
    refusal.UNKNOWN: "refused.unknown_meter", refusal.LIMIT: "refused.limit",
    refusal.KEY_EXPIRED: "refused.key", refusal.KEY_TYPE: "refused.key",
    refusal.BASE_DATE: "refused.key", refusal.STATE: "refused.state",
    refusal.EXISTS: "refused.used_form",
}  # fmt: skip


def seller(request: Request) -> Seller:
    """Return the seller of this process."""
    return request.app.state.seller


TheSeller = Annotated[Seller, Depends(seller)]


@router.get("/")
def home(request: Request) -> Response:
    """Ask for a meter's number."""
    return pages.page(request, "home.html", number="", wrong="")


@router.get("/meter")
def meter(request: Request, number: Number, at: TheSeller) -> Response:
    """Ask how much is to be paid for a meter. Tells nothing of its customer."""
    _check_asker(request, at)
    try:
        offered = at.offer(number)
    except Refusal as why:
        return _no_meter(request, number, why)
    return pages.page(request, "meter.html", offered=offered, amount="", wrong="")


@router.get("/quote")
def quote(request: Request, number: Number, amount: Typed, at: TheSeller) -> Response:
    """Show what a payment buys, to the cent, and offer to pay it."""
    _check_asker(request, at)
    cents = _cents(amount)
    try:
        if cents is None:
            offered = at.offer(number)
            return pages.page(request, "meter.html", 400, offered=offered, amount=amount,
                              wrong="refused.amount")  # fmt: skip
        return _quote(request, at.quote(number, cents))
    except OutOfRange as why:
        return pages.page(request, "meter.html", 400, offered=why.offered, amount=amount,
                          wrong="refused.range")  # fmt: skip
    except Refusal as why:
        return _no_meter(request, number, why)


@router.post("/orders", status_code=303, response_class=RedirectResponse)
def buy(
    request: Request,
    at: TheSeller,
    number: Annotated[str, Form(max_length=_NUMBER_MAX)],
    cents: Annotated[int, Form(ge=1, le=10**11)],
    mark: Annotated[str, Form(max_length=80)],
    key: Annotated[str, Form(pattern=r"^[A-Za-z0-9_-]{22,32}$")],
    code: Annotated[str, Form(max_length=100)],
) -> Response:
    """Sell what was quoted, by a test payment. The same form again is the same order."""
    cookie = visitors.cookie_of(request)
    visitors.check_form(request, cookie, code)
    try:
        address = at.buy(key, visitors.digest(cookie), number, cents, mark)
    except (Changed, OutOfRange, Refusal, Doubt) as why:
        return _not_sold(request, why, {"number": number, "cents": cents, "mark": mark,
                                        "key": key})  # fmt: skip
    return RedirectResponse(f"/orders/{address}", 303)


def _not_sold(request: Request, why: Exception, form: dict) -> Response:
    if isinstance(why, Changed):
        return _quote(request, why.quoted, 409)
    if isinstance(why, OutOfRange):
        return pages.page(request, "meter.html", 400, offered=why.offered, amount="",
                          wrong="refused.range")  # fmt: skip
    if isinstance(why, Doubt):
        return pages.page(request, "doubt.html", 500, form=form)
    assert isinstance(why, Refusal)
    status = 409 if why.code == refusal.EXISTS else 400
    return pages.failed(request, status, _words(why, number=False))


@router.get("/orders/{address}")
def order(request: Request, address: Address, at: TheSeller) -> Response:
    """Show an order to anybody who knows its address: its tokens, and what the meter said."""
    with at.station.looking() as session:
        found = orders.seen(session, address)
    if found is None:
        raise HTTPException(404)
    return pages.page(request, "order.html", order=found)


@router.get(
    "/orders/{address}/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Events"}},
)
def events(request: Request, address: Address, at: TheSeller) -> Response:
    """Tell live what becomes of an order; ends when nothing more is to come."""
    with at.station.looking() as session:
        if orders.seen(session, address) is None:
            raise HTTPException(404)
    live = request.app.state.live
    if live.full:
        raise HTTPException(503)

    def shown(found: Seen) -> str:
        return pages.part(request, "state.html", order=found)

    return StreamingResponse(live.of(address, shown), media_type="text/event-stream")


@router.get("/history")
def history(request: Request, at: TheSeller) -> Response:
    """Show the orders that were made in this browser."""
    visitor = visitors.digest(visitors.cookie_of(request))
    with at.station.looking() as session:
        found = orders.history(session, visitor)
    return pages.page(request, "history.html", orders=found)


def _quote(request: Request, quoted, status: int = 200) -> Response:
    key = secrets.token_urlsafe(16)
    return pages.page(request, "quote.html", status, quoted=quoted, key=key, changed=status == 409)


def _no_meter(request: Request, number: str, why: Refusal) -> Response:
    """Say that no meter has this number; a visitor who asks so again and again must wait."""
    words = _words(why, number=True)
    waits: Waits = request.app.state.waits
    waits.attempt(LOOKUPS.of(address_of(request)))
    return pages.page(request, "home.html", 400, number=number, wrong=words)


def _check_asker(request: Request, at: Seller) -> None:
    """Raise TooOften while the visitor must wait."""
    waits: Waits = request.app.state.waits
    with at.station.looking() as session:
        waits.check(session, LOOKUPS.of(address_of(request)))


def _cents(typed: str) -> int | None:
    """Return an amount as people type it, with spaces or without, in cents; None if it is none."""
    found = _AMOUNT.fullmatch("".join(typed.split()))
    return int(found[1]) * 100 + int((found[2] or "0").ljust(2, "0")) if found else None


def _words(why: Refusal, number: bool) -> str:
    """Return the name of the text that says why; raises `why` if it is no customer's matter.

    number: what is wrong in value is the meter's number.
    """
    if why.code == refusal.VALUE:
        return "refused.number" if number else "refused.value"
    if why.code not in _WORDS:
        raise why
    return _WORDS[why.code]
