"""MicroPowerManager's requests, as its Stron and Calin packages send them to a vendor of tokens.

These requests have no order number, and MicroPowerManager repeats a request that got no answer.
So the same request of a client within WINDOW is the same sale, and gives the same token.

Both ask for energy: Calin by `amount` in kWh, Stron by `Amount` of money at a `Price` for a kWh.
The merchant's account owes what the station's own tariff says for that energy.

| path | asks | answers |
| --- | --- | --- |
| /mpm/stron/login/ | Username, Password, Companyname | a key, as a JSON text |
| /mpm/stron/vending/ | MeterId, Amount, Price, ApiToken and more | the digits, as plain text |
| /mpm/calin/tokennew | user_id, password, meter_id, token_type, amount | the digits in `result` |

Source: fields of the requests in EnAccess/micropowermanager, packages stron-meter and calin-meter.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, Field, StringConstraints
from starlette.exceptions import HTTPException

from meter20.pos import clients, door
from meter20.pos.declined import AMOUNT, Declined
from meter20.pos.till import Order, Sold, Till
from meter20.vending.pos_models import PosClient

BASE = "/mpm"
_STRON, _CALIN = "stron", "calin"
#: How long the same request counts as a repeat.
WINDOW = timedelta(minutes=10)
router = APIRouter(prefix=BASE, tags=["MicroPowerManager"])
AtTill = Annotated[Till, Depends(door.till)]

_Text = Annotated[str, StringConstraints(max_length=200)]
_Number = Annotated[Decimal, Field(gt=0, le=10**9, max_digits=15, decimal_places=6)]
_Meter = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z]{0,20}$")]


class StronLogin(BaseModel):
    """What Stron's login asks."""

    Username: _Text
    Password: _Text
    Companyname: _Text = ""


class StronVending(BaseModel):
    """What Stron's vending asks: `Amount` of money, at `Price` for a kWh."""

    MeterId: _Meter
    Amount: _Number
    Price: _Number
    ApiToken: _Text
    CustomerId: _Text = ""


class CalinToken(BaseModel):
    """What Calin's token request asks: `amount` in kWh."""

    user_id: _Text
    password: _Text
    meter_id: _Meter
    token_type: Literal["CreditToken"]
    amount: _Number


class Message(BaseModel):
    """Stron's failure."""

    Message: str


class CalinAnswer(BaseModel):
    """Calin's answer; result_code 0 is success, and `result` the digits."""

    result_code: int
    reason: str
    result: str


_STATUSES = (400, 401, 404, 413, 429, 500, 503)
_DIGITS: dict = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}
_STRON_FAILS: dict = {status: {"model": Message} for status in _STATUSES}
_CALIN_FAILS: dict = {status: {"model": CalinAnswer} for status in _STATUSES}


def failed(request: Request, words: str, status: int) -> JSONResponse:
    """Return a failure in the words of the vendor whose request it was."""
    if request.url.path.startswith(f"{BASE}/{_CALIN}"):
        return JSONResponse({"result_code": status, "reason": words, "result": ""}, status)
    return JSONResponse({"Message": words}, status)


@router.post("/stron/login/", response_model=str, responses=_STRON_FAILS)
def log_in(body: StronLogin, request: Request, till: AtTill) -> str:
    """Return a key for /vending/; the one from before is good no more."""
    client = _by_password(request, body.Username, body.Password)
    with till.desk(client.id) as desk:
        return clients.new_key(desk, client.id, clients.STRON)


@router.post("/stron/vending/", response_model=None, responses=_STRON_FAILS | _DIGITS)
def stron(body: StronVending, request: Request, till: AtTill) -> PlainTextResponse:
    """Sell the energy that the money buys at the price given, in whole 0.1 kWh."""
    client = door.of_key(request, body.ApiToken, clients.STRON)
    if client is None:
        raise HTTPException(401, "Who are you?")
    order = Order(body.MeterId, units=_tenths(body.Amount / body.Price))
    digest = order.digest(str(body.Amount), str(body.Price), body.CustomerId)
    return PlainTextResponse(till.buy_unnumbered(client, _STRON, order, digest, WINDOW, _digits))


@router.post("/calin/tokennew", response_model=CalinAnswer, responses=_CALIN_FAILS)
def calin(body: CalinToken, request: Request, till: AtTill) -> dict:
    """Sell energy in kWh, in whole 0.1 kWh."""
    client = _by_password(request, body.user_id, body.password)
    order = Order(body.meter_id, units=_tenths(body.amount))
    digits = till.buy_unnumbered(client, _CALIN, order, order.digest(), WINDOW, _digits)
    return {"result_code": 0, "reason": "OK", "result": digits}


def _tenths(kwh: Decimal) -> int:
    """Return kWh in 0.1 kWh, rounded down."""
    units = int(kwh * 10)
    if units == 0:
        raise Declined(AMOUNT, "Amount is too low", "This is less than 0.1 kWh")
    return units


def _digits(_desk, sold: Sold) -> str:
    """Return the token that was paid for: neither request has room for more."""
    return sold.slip.tokens[0].digits


def _by_password(request: Request, name: str, password: str) -> PosClient:
    client = door.known(request, name, password)
    if client is None:
        raise HTTPException(401, "Who are you?")
    return client
