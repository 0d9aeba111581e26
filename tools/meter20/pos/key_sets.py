"""Key change sets at points of sale: the one that a meter is due, and the one that it got last."""

from sqlalchemy import select

from meter20.pos import declined
from meter20.pos.declined import Declined
from meter20.vending import refusal, rekey, sales, supply_groups
from meter20.vending.models import Meter, Slip
from meter20.vending.refusal import Refusal
from meter20.vending.slips import GOOD, KEY_CHANGE
from meter20.vending.station import Desk


def due(desk: Desk, meter: Meter) -> Slip | None:
    """Issue the key change set to the newest key of the meter's group; None if it has that.

    Also None where no key change leads there: what is sold then is under the key it has.
    """
    try:
        newest = supply_groups.find_key(desk.session, meter.vending_key.sgc, meter.ea)
        if newest.id == meter.vending_key_id:
            return None
        to = rekey.NewKey(krn=newest.krn, base_date=newest.base_date)
        slip = rekey.change_key(desk, meter.drn, to)
    except Refusal as why:
        if why.code in (refusal.CLOCK, refusal.ALTERED, refusal.BROKEN):
            raise
        return None
    desk.session.flush()
    return slip


def last(desk: Desk, meter: Meter) -> Slip:
    """Return the key change set that a meter got last, as a copy; raises Declined if none."""
    slips = select(Slip).filter_by(meter_id=meter.id, operation=KEY_CHANGE, state=GOOD)
    found = desk.session.scalar(slips.order_by(Slip.id.desc()).limit(1))
    if found is None:
        raise Declined(declined.REFUSED, "No key change due", "The meter has the newest key")
    return sales.reprinted(desk, found.id)
