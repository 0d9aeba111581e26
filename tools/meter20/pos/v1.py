"""The plain API: meters, quotes, sales, receipts, key changes. Described at /openapi.json.

A sale takes an Idempotency-Key: the same key and order give the same receipt, another order under
it is refused (409).
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, StringConstraints

from meter20.pos import door, ppu_answers
from meter20.pos.declined import Repeated
from meter20.pos.till import Order, Sold, Till
from meter20.vending import typed_lines
from meter20.vending.pos_models import PosClient
from meter20.vending.receipt import Receipt

BASE = "/v1"
_SALE = "v1 sale"
#: A sum, or a price. *Why*: a client that is generated takes 32 bits where no format stands.
_Wide = Annotated[int, Field(json_schema_extra={"format": "int64"})]


class Problem(BaseModel):
    """Why there is no answer. error: a stable word; message: words, or the fields at fault."""

    error: str
    message: str | list[dict]


class MeterAnswer(BaseModel):
    """A meter and what it can be sold, in cents; free_units_kwh: what 0 cents would bring."""

    meter: str
    customer: str
    currency: str
    least_cents: _Wide
    most_cents: _Wide
    debt_cents: _Wide
    free_units_kwh: float


class LineAnswer(BaseModel):
    """A part of a sale. units: 0.1 kWh.

    rate: of a `step` the price of a kWh in 10^-5 of the currency unit, of a tax hundredths of a
    percent, else 0.
    """

    kind: str
    cents: _Wide
    units: int
    rate: _Wide


class QuoteAnswer(BaseModel):
    """What a sale would come to; the lines add up to amount_cents."""

    meter: str
    amount_cents: _Wide
    currency: str
    kwh: float
    lines: list[LineAnswer]


class TokenAnswer(BaseModel):
    """A token: STD (paid for), BSST (free units) or KC (key change)."""

    type: str
    label: str
    digits: str


class ReceiptAnswer(BaseModel):
    """A receipt; time: UTC; the lines add up to paid_cents; tokens: in the order to enter them.

    copy_number: 0 for the first, else how often it was shown again.
    """

    receipt: int
    time: str
    meter: str
    operation: str
    currency: str
    paid_cents: _Wide
    kwh: float
    lines: list[LineAnswer]
    tokens: list[TokenAnswer]
    copy_number: int
    mark: str


_Number = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,18}$")]
_Key = Annotated[
    str,
    Header(alias="Idempotency-Key", min_length=1, max_length=64, pattern=r"^[!-~]+$",
           description="Yours, for this order; repeat it with a repeat."),
]  # fmt: skip


class SaleRequest(BaseModel):
    """An order of a meter; amount_cents 0 asks for free units only."""

    meter: _Number
    amount_cents: Annotated[_Wide, Field(strict=True, ge=0, le=10**12)]


class KeyChangeRequest(BaseModel):
    """A meter whose key is to change."""

    meter: _Number


_PROBLEMS: dict = {
    status: {"model": Problem, "description": words}
    for status, words in (
        (400, "Refused"), (401, "No such key"), (404, "Not found"), (409, "The key has another "
        "order"), (413, "Too long"), (422, "Malformed"), (429, "Too many wrong keys"),
        (500, "Outcome unknown"), (503, "The station cannot work"),
    )
}  # fmt: skip
router = APIRouter(prefix=BASE, tags=["Plain API"], responses=_PROBLEMS)
Client = Annotated[PosClient, Depends(door.by_key)]
AtTill = Annotated[Till, Depends(door.till)]


@router.get("/meters/{number}", response_model=MeterAnswer)
def meter(
    number: Annotated[str, Path(pattern=r"^[0-9]{1,18}$")], client: Client, till: AtTill
) -> dict:
    """Return a meter and what it can be sold."""

    def tell(_desk, found, offer) -> dict:
        return {
            "meter": found.drn, "customer": found.customer, "currency": offer.currency,
            "least_cents": offer.least, "most_cents": offer.most, "debt_cents": offer.debt,
            "free_units_kwh": offer.free / 10,
        }  # fmt: skip

    return till.lookup(client, "", number, tell)


@router.post("/quotes", response_model=QuoteAnswer)
def quote(body: SaleRequest, client: Client, till: AtTill) -> dict:
    """Return what a sale would come to. Sells nothing."""

    def tell(_desk, found, offer, lines) -> dict:
        units = typed_lines.units(lines, typed_lines.STEP)
        return {
            "meter": found.drn, "amount_cents": body.amount_cents, "currency": offer.currency,
            "kwh": units / 10, "lines": [line._asdict() for line in lines],
        }  # fmt: skip

    return till.quote(client, Order(body.meter, cents=body.amount_cents), tell)


@router.post("/sales", status_code=201, response_model=ReceiptAnswer)
def sell(body: SaleRequest, key: _Key, client: Client, till: AtTill, request: Request):
    """Sell. The same key and order again give the same receipt."""
    order = Order(body.meter, cents=body.amount_cents)
    try:
        return till.retry(client, key, order, _teller(till), _SALE)
    except Repeated as why:
        return _conflict(why)


@router.get("/receipts/{number}", response_model=ReceiptAnswer)
def receipt(
    number: Annotated[int, Path(ge=1, le=(1 << 31) - 1)], client: Client, till: AtTill
) -> dict:
    """Return a receipt of this client again."""
    return till.receipt(client, number, _teller(till))


@router.post("/key-changes", status_code=201, response_model=ReceiptAnswer)
def change_key(body: KeyChangeRequest, key: _Key, client: Client, till: AtTill):
    """Return the key change tokens that a meter is due, or those it got last."""
    try:
        return till.key_change(client, key, body.meter, _teller(till), repeats=True)
    except Repeated as why:
        return _conflict(why)


def _conflict(why: Repeated) -> JSONResponse:
    return JSONResponse({"error": "conflict", "message": str(why)}, 409)


def _teller(till: Till):
    def tell(desk, sold: Sold) -> dict:
        desk.session.flush()
        slips = [sold.key, sold.slip] if sold.key else [sold.slip]
        made = Receipt.of(sold.slip, till.station.name)
        types = [token["tokenType"] for slip in slips for token in ppu_answers.tokens(slip)]
        tokens = [token for slip in slips for token in slip.tokens]
        return {
            "receipt": made.number, "time": made.time, "operation": made.operation,
            "meter": made.meter["Meter"], "currency": made.currency,
            "paid_cents": made.paid_cents, "kwh": made.units / 10, "copy_number": made.copy,
            "mark": made.mark,
            "lines": [line._asdict() for line in typed_lines.of(sold.slip.typed)],
            "tokens": [
                {"type": kind, "label": token.label, "digits": token.digits}
                for kind, token in zip(types, tokens, strict=True)
            ],
        }  # fmt: skip

    return tell
