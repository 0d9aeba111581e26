"""Declined: why a point of sale did not get what it asked for, in the interface's words.

Source: Prepaid Utility Service Interface 3.13, ErrorDetail.
"""

from meter20.vending import refusal
from meter20.vending.refusal import Refusal

LONGEST = 20  # characters of an errorMessage
FORMAT, DUPLICATE = "FORMAT_ERROR", "DUPLICATE_RECORD"
UNKNOWN_METER, NOT_FOUND = "UNKNOWN_METER_ID", "UNABLE_TO_LOCATE_RECORD"
AMOUNT, TOO_LOW, TOO_HIGH = "INVALID_AMOUNT", "AMOUNT_TOO_LOW", "AMOUNT_TOO_HIGH"
LIMIT, NO_FREE, METER_KEY = "LIMIT_EXCEEDED", "NO_FREE_UNITS_DUE", "METER_KEY_INVALID"
REFUSED, UNSUPPORTED = "TRANSACTION_DECLINED", "TRANSACTION_NOT_SUPPORTED"
MALFUNCTION, OUTCOME_UNKNOWN = "SYSTEM_MALFUNCTION", "OUTCOME_UNKNOWN"


class Declined(Exception):
    """Nothing was sold. error: type of the interface; text: LONGEST characters at most.

    detail: the reason in full. status: of HTTP; 503 where the station cannot work at all.
    """

    def __init__(self, error: str, text: str, detail: str = "", status: int = 400):
        super().__init__(error, text, detail, status)
        assert len(text) <= LONGEST, text
        self.error, self.text, self.detail, self.status = error, text, detail, status

    def __str__(self) -> str:
        return self.detail or self.text


class Repeated(Declined):
    """The id of a message was seen before."""

    def __init__(self, detail: str = ""):
        super().__init__(DUPLICATE, "Id was used before", detail)


_BY_CODE = {
    refusal.UNKNOWN: (UNKNOWN_METER, "Meter is not known", 400),
    refusal.LIMIT: (LIMIT, "Limit of the key", 400),
    refusal.KEY_EXPIRED: (METER_KEY, "Key has expired", 400),
    refusal.KEY_TYPE: (METER_KEY, "Key does not fit", 400),
    refusal.BASE_DATE: (METER_KEY, "Base date is over", 400),
    refusal.VALUE: (AMOUNT, "Amount cannot be sold", 400),
    refusal.STATE: (REFUSED, "Declined", 400),
    refusal.EXISTS: (REFUSED, "Declined", 400),
}


def of(why: Refusal) -> Declined:
    """Return what a refusal of the station is called; what is not the client's is its own."""
    error, text, status = _BY_CODE.get(why.code, (MALFUNCTION, "Station cannot sell", 503))
    detail = why.message if status == 400 else "The station cannot sell now; its operator sees why"
    return Declined(error, text, detail, status)


def unknown_meter(why: str) -> Declined:
    """Return why a number is that of no meter here."""
    return Declined(UNKNOWN_METER, "Meter is not known", why)


def not_found(what: str) -> Declined:
    """Return that there is no such record."""
    return Declined(NOT_FOUND, "Record is not known", what, 404)
