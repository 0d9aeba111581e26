"""A token as the station asks the security module for it: checked, and turned into fields.

Pure. The module computes the fields itself from the amount, so that the amount it holds against
a limit is the amount that the token carries.

Source: IEC 62055-41, TID, KEN and the data elements of class 0 and 2; STS 531 CTSA09 and CTSA16.
"""

import secrets
from datetime import datetime
from functools import lru_cache

from msgspec import Struct
from sts import amount, kinds
from sts import tid as sts_tid
from sts.decoder_key import DDTK

from meter20.vending import refusal, vending_key
from meter20.vending.amounts import to_currency_field, to_field
from meter20.vending.refusal import Refusal
from meter20.vending.tid_clock import LAST, tid_of
from meter20.vending.vending_key import KeyTerms, MeterKey

_MAX_VALUE = 0xFFFF
_drawn: list[int] = []  # random octets that are not used yet
_FLOATS = (kinds.POWER_LIMIT, kinds.UNBALANCE_LIMIT)


class TokenRequest(Struct, frozen=True):
    """A token to make. value: 0.1 kWh, 10^-5 of the currency unit, W, a register or raw 16 bits.

    rnd: four bits, random unless given.
    """

    kind: str
    tid: int
    value: int
    rnd: int | None = None


def body(request: TokenRequest) -> tuple[dict, int]:
    """Return (fields, amount that the token carries); raises Refusal for a value out of range.

    Amounts and limits are rounded up to what 16 bits can say, currency towards plus infinity.
    """
    rnd = _nibble() if request.rnd is None else request.rnd
    fields = {"rnd": rnd, "tid": request.tid}
    unit = vending_key.family(request.kind)
    try:
        if unit == vending_key.CREDIT:
            fields["amount_field"] = to_field(request.value)
            return fields, amount.from_field(fields["amount_field"])
        if unit == vending_key.CURRENCY:
            field = to_currency_field(request.value)
            fields = {"se": field >> 16, "tid": request.tid, "amount_field": field & _MAX_VALUE}
            return fields, amount.from_currency_field(field)
        fields["value"] = to_field(request.value) if request.kind in _FLOATS else request.value
    except ValueError as error:
        raise Refusal(refusal.VALUE, f"{request.kind}: {error}.") from None
    if not 0 <= fields["value"] <= _MAX_VALUE:
        raise Refusal(refusal.VALUE, f"{request.kind}: the value is 0 to {_MAX_VALUE}.")
    return fields, 0


def _nibble() -> int:
    """Return four random bits; the system is asked once for those of 64 tokens."""
    try:
        return _drawn.pop() & 15
    except IndexError:
        _drawn.extend(secrets.token_bytes(64))
        return _drawn.pop() & 15


def check(terms: KeyTerms, meter: MeterKey, request: TokenRequest) -> None:
    """Raise Refusal unless the key may make this token for this meter at this minute."""
    if not _carries_tid(request.kind, meter.ea):
        raise Refusal(refusal.VALUE, f"{request.kind} is not a token that carries a TID.")
    if meter.ea != terms.ea:
        raise Refusal(
            refusal.KEY_TYPE, f"The key is for EA{terms.ea}, the meter has EA{meter.ea}."
        )
    if not terms.allows(request.kind):
        raise Refusal(
            refusal.LIMIT,
            f"The key of supply group {terms.sgc}, KRN {terms.krn} may not make {request.kind} "
            "tokens.",
        )
    if meter.kt == DDTK and vending_key.family(request.kind) in (
        vending_key.CREDIT,
        vending_key.CURRENCY,
    ):
        raise Refusal(
            refusal.KEY_TYPE,
            f"Meter {meter.drn} holds a default key (DDTK), under which no meter takes credit "
            "(DDTKError). Change its key to its own supply group first.",
        )
    check_minute(request.tid, terms.base_date)
    check_expiry(request.tid, terms, meter)


@lru_cache
def _carries_tid(kind: str, ea: str) -> bool:
    found = kinds.named(kind, ea)
    return found is not None and "tid" in dict(found[2])


def minute(when: datetime, base_date: int, after: int | None = None, special: bool = False) -> int:
    """Return the TID of a token issued at `when`; raises Refusal, explained, outside of 24 bits.

    after, special: see `tid_clock.tid_of`, which decides.
    """
    try:
        return tid_of(when, base_date, after, special)
    except ValueError:
        check_minute(-1 if when.year < base_date else LAST + 1, base_date)
        raise


def check_minute(tid: int, base_date: int) -> None:
    """Raise Refusal unless `tid` fits the 24 bits that follow `base_date`."""
    if tid < 0:
        raise Refusal(
            refusal.BASE_DATE,
            f"The time of issue lies before the key's base date, 1 January {base_date} "
            "(vending key used before its base date).",
        )
    if tid > LAST:
        last = "{:04}-{:02}-{:02} {:02}:{:02}".format(*sts_tid.date(LAST, base_date))
        raise Refusal(
            refusal.BASE_DATE,
            f"The token identifiers of base date {base_date} ended on {last}. The meter has to "
            "roll over to a key with the next base date. That also clears its memory of used "
            "tokens; its credit stays. Tokens bought before must be entered first.",
            "`meter20 vend key-change` makes the tokens of the new key.",
        )


def check_expiry(tid: int, terms: KeyTerms, meter: MeterKey) -> None:
    """Raise Refusal when the vending key, or what the meter knows of it, expired by `tid`."""
    if sts_tid.expired(tid, terms.ken):
        raise Refusal(
            refusal.KEY_EXPIRED,
            f"The vending key of supply group {terms.sgc}, KRN {terms.krn} has expired: its "
            f"KEN is {terms.ken}, this minute needs {tid >> 16}. Change the meter's key to a "
            "newer revision first.",
        )
    if sts_tid.expired(tid, meter.ken):
        raise Refusal(
            refusal.KEY_EXPIRED,
            f"Meter {meter.drn} holds its key with KEN {meter.ken} and would answer "
            "KeyExpiredError. Send it a key change, which carries the new KEN.",
        )
