"""The last tokens of a meter, for somebody who has the meter and the station in one place.

`latest` says what was issued, and reads no digits. `entered` gives the digits, and the audit log
gets an entry before they leave.
"""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from meter20.vending import meter_list, sales
from meter20.vending.models import Slip
from meter20.vending.slips import GOOD
from meter20.vending.station import Desk


@dataclass(frozen=True)
class Latest:
    """The latest receipt of a meter that has tokens. labels: what each of them is for."""

    receipt: int
    labels: tuple[str, ...]


def latest(session: Session, number: str) -> Latest | None:
    """Return what was issued last for the meter `number`; None if nothing was."""
    meter = meter_list.find_meter(session, number)
    query = (
        select(Slip)
        .where(Slip.meter_id == meter.id, Slip.state == GOOD, Slip.tokens.any())
        .order_by(Slip.id.desc())
        .limit(1)
    )
    slip = session.scalar(query)
    return None if slip is None else Latest(slip.id, tuple(each.label for each in slip.tokens))


def entered(desk: Desk, receipt: int, position: int) -> str:
    """Return the digits of a token, to be entered at once; `position` from 0. Logs it.

    Raises Refusal if the receipt was altered.
    """
    slip = sales.find_slip(desk.session, receipt)
    desk.module.check_bound(slip)
    words = f"receipt {receipt}, token {position + 1} of {len(slip.tokens)}: typed by the station"
    drn = slip.meter.drn if slip.meter else ""
    desk.module.note(desk.session, desk.actor, "enter", drn, words)
    return slip.tokens[position].digits
