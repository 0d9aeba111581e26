"""Free units: how much of what is due goes on a token now. They never stop what is paid for.

They become due with the first purchase of a month, and are issued as a token of 00:01 UTC of the
day. What cannot be issued yet (the minute is gone, or a limit of the key forbids it) stays due:
the receipt says so, and a later purchase brings it.
"""

from sts import kinds

from meter20.vending import meter_list, meter_time
from meter20.vending.models import Meter
from meter20.vending.refusal import Refusal
from meter20.vending.station import Desk
from meter20.vending.tariff import MAX_UNITS, carried_by_token
from meter20.vending.token_request import TokenRequest


def request(desk: Desk, meter: Meter, due: int) -> TokenRequest | None:
    """Return the token for as much of `due` (0.1 kWh) as one can say; None for none today."""
    most = meter.vending_key.max_token_energy
    units = carried_by_token(min(due, MAX_UNITS, MAX_UNITS if most is None else most))
    tid = meter_time.free_tid(desk, meter) if units else None
    return None if tid is None else TokenRequest(kinds.ELECTRICITY, tid, units)


def issued(
    desk: Desk, meter: Meter, paid: TokenRequest, free: TokenRequest | None
) -> tuple[list[TokenRequest], list[str]]:
    """Return the tokens that were issued and their digits: both, or the one that is paid for."""
    key = meter_list.key_of(meter)
    if free is None:
        return [paid], desk.module.issue(desk.session, key, [paid], desk.actor)
    try:
        return [paid, free], desk.module.issue(desk.session, key, [paid, free], desk.actor)
    except Refusal as refused:
        digits = desk.module.issue(desk.session, key, [paid], desk.actor)
        desk.module.log_refusal(desk.session, desk.actor, refused)
        return [paid], digits


def note(due: int) -> str:
    """Return what a receipt says of the free units that are still `due`, in 0.1 kWh."""
    if not due:
        return ""
    return f"Free units still due: {due / 10:.1f} kWh. They come with a later purchase."
