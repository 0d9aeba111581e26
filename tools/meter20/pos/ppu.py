"""The Prepaid Utility Service Interface: its operations as routes.

Source: Prepaid Utility Service Interface 3.13. Where its parts disagree, docs/points-of-sale.md
says which one is followed.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import JSONResponse, Response

from meter20.pos import currency, door, messages, ppu_answers, ppu_messages
from meter20.pos.declined import AMOUNT, FORMAT, Declined
from meter20.pos.ppu_messages import ErrorDetail
from meter20.pos.till import Order, Sold, Till
from meter20.vending.pos_models import PosClient

BASE = "/prepaidutility/v3"
_ERRORS: dict = {
    status: {"model": ErrorDetail, "description": words}
    for status, words in (
        (400, "Refused"), (404, "No such record"), (413, "Too long"),
        (429, "Too many log-ins"), (500, "Outcome unknown"), (503, "The station cannot work"),
    )
} | {401: {"description": "Not known"}}  # fmt: skip

router = APIRouter(prefix=BASE, tags=["Prepaid Utility Service Interface"], responses=_ERRORS)
Client = Annotated[PosClient, Depends(door.by_password)]
AtTill = Annotated[Till, Depends(door.till)]

LookupId = Annotated[str, Path(alias="lookupId", pattern=ppu_messages.UUID)]
PurchaseId = Annotated[str, Path(alias="purchaseId", pattern=ppu_messages.UUID)]
TrialId = Annotated[str, Path(alias="trialId", pattern=ppu_messages.UUID)]
ConfirmationId = Annotated[str, Path(alias="confirmationId", pattern=ppu_messages.UUID)]
ReversalId = Annotated[str, Path(alias="reversalId", pattern=ppu_messages.UUID)]
ReprintId = Annotated[str, Path(alias="reprintId", pattern=ppu_messages.UUID)]
RequestId = Annotated[str, Path(alias="requestId", pattern=ppu_messages.UUID)]

#: ErrorDetail.requestType by operation; the interface has none for two of them.
REQUEST_TYPES = {
    "createMeterLookup": "METER_LOOKUP_REQUEST",
    "createTokenPurchaseRequest": "TOKEN_PURCHASE_REQUEST",
    "retryPurchaseRequest": "TOKEN_PURCHASE_RETRY_REQUEST",
    "trialTokenPurchaseRequest": "TOKEN_PURCHASE_TRIAL_REQUEST",
    "confirmTokenPurchase": "CONFIRMATION_ADVICE",
    "reverseTokenPurchase": "REVERSAL_ADVICE",
    "requestTokenReprint": "TOKEN_REPRINT_REQUEST",
    "createKeyChangeTokenRequest": "KEY_CHANGE_TOKEN_REQUEST",
    "confirmKeyChange": "CONFIRMATION_ADVICE",
    "createFaultReport": "FAULT_REPORT_REQUEST",
    "notifyTokenPurchase": "NOTIFY_TOKEN_PURCHASE",
}


def failed(request: Request, error: str, text: str, detail: object, status: int) -> JSONResponse:
    """Return an ErrorDetail as the answer to `request`."""
    ids = request.path_params | dict(request.query_params)
    own = next((ids[name] for name in _OWN_IDS if name in ids), "")
    route = request.scope.get("route")
    answer: dict[str, object] = {
        "errorType": error, "errorMessage": text, "id": str(own)[:80],
        "requestType": REQUEST_TYPES.get(getattr(route, "operation_id", ""), ""),
    }  # fmt: skip
    if "confirmationId" in ids or "reversalId" in ids:
        answer["originalId"] = str(ids.get("purchaseId") or ids.get("requestId"))[:80]
    if detail:
        answer["detailMessage"] = detail
    return JSONResponse(answer, status)


_OWN_IDS = (
    "confirmationId", "reversalId", "purchaseId", "trialId", "lookupId", "reprintId", "requestId",
)  # fmt: skip


@router.post("/meterLookups/{lookupId}", operation_id="createMeterLookup", status_code=201)
def look_up(
    lookup_id: LookupId, body: ppu_messages.MeterRequest, client: Client, till: AtTill
) -> JSONResponse:
    """Say whether a meter is known, whose it is, and what it can be sold."""
    _same(lookup_id, body.id)
    station = till.station.name
    answer = till.lookup(
        client, lookup_id.lower(), body.meter.meterId,
        lambda _desk, meter, offer: ppu_answers.lookup(meter, offer, station),
    )  # fmt: skip
    return JSONResponse(body.repeated(station, lookup_id) | answer, 201)


@router.post(
    "/tokenPurchases/{purchaseId}", operation_id="createTokenPurchaseRequest", status_code=201
)
def buy(
    purchase_id: PurchaseId, body: ppu_messages.PurchaseRequest, client: Client, till: AtTill
) -> JSONResponse:
    """Sell for an amount; 0 asks for free units only."""
    _same(purchase_id, body.id)
    answer = till.buy(client, purchase_id.lower(), _order(body), _teller(till, body))
    return JSONResponse(answer, 201)


@router.post(
    "/tokenPurchases/{purchaseId}/retry", operation_id="retryPurchaseRequest", status_code=201
)
def retry(
    purchase_id: PurchaseId, body: ppu_messages.PurchaseRequest, client: Client, till: AtTill
) -> JSONResponse:
    """Give the tokens of a purchase again; sell now if nothing was sold under its id."""
    answer = till.retry(client, purchase_id.lower(), _order(body), _teller(till, body))
    return JSONResponse(answer, 201)


@router.post("/tokenPurchases/{trialId}/trial", operation_id="trialTokenPurchaseRequest")
def trial(
    trial_id: TrialId, body: ppu_messages.PurchaseRequest, client: Client, till: AtTill
) -> JSONResponse:
    """Say what a purchase would come to. Sells nothing, and makes no token."""
    _same(trial_id, body.id)
    station, order = till.station.name, _order(body)

    def tell(_desk, meter, offer, lines) -> dict:
        _check_currency(body, offer.currency)
        answer = {
            "meter": ppu_answers.meter(meter), "customer": ppu_answers.owner(meter),
            "utility": ppu_answers.utility(station),
        }  # fmt: skip
        return answer | ppu_answers.amounts(order.cents or 0, lines, offer.currency, offer.debt)

    answer = till.trial(client, trial_id.lower(), order, tell)
    return JSONResponse(body.repeated(station, trial_id) | answer)


@router.post(
    "/tokenPurchases/{purchaseId}/confirmations/{confirmationId}",
    operation_id="confirmTokenPurchase",
    status_code=202,
)
def confirm(
    purchase_id: PurchaseId,
    confirmation_id: ConfirmationId,
    body: ppu_messages.ConfirmationAdvice,
    client: Client,
    till: AtTill,
) -> JSONResponse:
    """Take note that a purchase was paid and handed over."""
    _same(confirmation_id, body.id)
    _same(purchase_id, body.requestId)
    till.advise(client, messages.CONFIRMATION, confirmation_id.lower(), purchase_id.lower(), "")
    return JSONResponse(body.repeated(), 202)


@router.post(
    "/tokenPurchases/{purchaseId}/reversals/{reversalId}",
    operation_id="reverseTokenPurchase",
    status_code=202,
)
def reverse(
    purchase_id: PurchaseId,
    reversal_id: ReversalId,
    body: ppu_messages.ReversalAdvice,
    client: Client,
    till: AtTill,
) -> JSONResponse:
    """Take note that a purchase did not complete. A token that left is owed for."""
    _same(reversal_id, body.id)
    _same(purchase_id, body.requestId)
    till.advise(
        client, messages.REVERSAL, reversal_id.lower(), purchase_id.lower(), body.reversalReason
    )
    return JSONResponse(body.repeated(), 202)


@router.post("/tokenReprints/{reprintId}", operation_id="requestTokenReprint")
def reprint(
    reprint_id: ReprintId, body: ppu_messages.ReprintRequest, client: Client, till: AtTill
) -> JSONResponse:
    """Give the last tokens of a meter again, or those of a purchase id or receipt number."""
    _same(reprint_id, body.id)
    original = body.originalRef and body.originalRef.lower()
    answer = till.reprint(
        client, reprint_id.lower(), body.meter.meterId, original, _teller(till, body)
    )
    return JSONResponse(answer)


@router.post(
    "/keyChangeTokenRequests/{requestId}",
    operation_id="createKeyChangeTokenRequest",
    status_code=201,
)
def change_key(
    request_id: RequestId, body: ppu_messages.MeterRequest, client: Client, till: AtTill
) -> JSONResponse:
    """Give the key change tokens that a meter is due, or those it got last."""
    _same(request_id, body.id)
    answer = till.key_change(client, request_id.lower(), body.meter.meterId, _teller(till, body))
    return JSONResponse(answer, 201)


@router.post(
    "/keyChangeTokenRequests/{requestId}/confirmations/{confirmationId}",
    operation_id="confirmKeyChange",
    status_code=202,
)
def confirm_key_change(
    request_id: RequestId,
    confirmation_id: ConfirmationId,
    body: ppu_messages.Advice,
    client: Client,
    till: AtTill,
) -> JSONResponse:
    """Take note that key change tokens were handed over."""
    _same(confirmation_id, body.id)
    _same(request_id, body.requestId)
    till.confirm_key_change(client, confirmation_id.lower(), request_id.lower())
    return JSONResponse(body.repeated(), 202)


@router.post("/faultReports/{requestId}", operation_id="createFaultReport", status_code=201)
def report_fault(
    request_id: RequestId, body: ppu_messages.FaultReport, client: Client, till: AtTill
) -> JSONResponse:
    """Keep a fault for the utility."""
    _same(request_id, body.id)
    reference = till.fault(
        client, request_id.lower(), body.meter.meterId, body.faultType, body.contactNumber,
        body.faultDescription,
    )  # fmt: skip
    answer = {"reference": reference, "description": f"Fault {reference} was noted"}
    return JSONResponse(body.repeated(till.station.name, reference) | answer, 201)


@router.post(
    "/events/tokenPurchases",
    operation_id="notifyTokenPurchase",
    status_code=202,
    response_class=Response,
)
def notify(
    purchase_id: Annotated[str, Query(alias="purchaseId", pattern=ppu_messages.UUID)],
    body: ppu_messages.Notice,
    client: Client,
    till: AtTill,
) -> Response:
    """Take note of a finished sale of this station."""
    till.notice(client, purchase_id.lower())
    return Response(status_code=202)


def _same(in_path: str, in_body: str) -> None:
    if in_path.lower() != in_body.lower():
        raise Declined(FORMAT, "Ids differ", "The id in the path is not that in the message")


def _order(body: ppu_messages.PurchaseRequest) -> Order:
    return Order(body.meter.meterId, cents=body.purchaseAmount.cents)


def _check_currency(body: ppu_messages.PurchaseRequest, letters: str) -> None:
    number = currency.number(letters) if letters else ""
    if number and body.purchaseAmount.currency != number:
        raise Declined(AMOUNT, f"Currency is {number}", f"The tariff is in {letters}")


def _teller(till: Till, body: ppu_messages.MeterRequest):
    """Return what makes the answer of a purchase, before the commit."""

    def tell(desk, sold: Sold) -> dict:
        desk.session.flush()
        if isinstance(body, ppu_messages.PurchaseRequest):
            _check_currency(body, sold.slip.currency)
        answer = ppu_answers.purchase(desk, sold, till.station.name)
        return body.repeated(till.station.name, str(sold.slip.id)) | answer

    return tell
