"""Messages of clients: which ids the station has seen, and what it answered.

An id belongs to a client and a kind of message: two clients may use the same one.
"""

import hashlib
import json

from sqlalchemy import select

from meter20.pos.declined import Repeated
from meter20.vending.pos_models import PosMessage
from meter20.vending.station import Desk
from meter20.vending.station_time import stamp

PURCHASE, SOLD, REVERSED = "purchase", "sold", "reversed"
LOOKUP, TRIAL, REPRINT, FAULT, NOTICE = "lookup", "trial", "reprint", "fault", "notice"
CONFIRMATION, REVERSAL = "confirmation", "reversal"
KEY_CHANGE, KEY_CONFIRMATION = "key change", "key confirmation"


def digest(*parts: object) -> str:
    """Return the digest of a message."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def find(desk: Desk, client: str, kind: str, number: str) -> PosMessage | None:
    """Return the message that was taken under this id, None if there was none."""
    return desk.session.get(PosMessage, (client, kind, number))


def take(
    desk: Desk, client: str, kind: str, number: str, order_digest: str = "", outcome: str = "",
    about: str | None = None,
) -> PosMessage:  # fmt: skip
    """Enter a new message; raises Repeated if its id was seen before."""
    if find(desk, client, kind, number):
        raise Repeated(f"This {kind} was sent before")
    row = PosMessage(
        client_id=client, kind=kind, id=number, digest=order_digest, received_at=stamp(desk.now),
        outcome=outcome, about=about,
    )  # fmt: skip
    desk.session.add(row)
    desk.session.flush()
    return row


def latest(desk: Desk, client: str, kind: str, order_digest: str, since: str) -> PosMessage | None:
    """Return the latest equal message whose sale was at `since` (UTC) or later."""
    query = (
        select(PosMessage)
        .where(
            PosMessage.digest == order_digest, PosMessage.client_id == client,
            PosMessage.kind == kind, PosMessage.received_at >= since, PosMessage.outcome == SOLD,
        )
        .order_by(PosMessage.received_at.desc()).limit(1)
    )  # fmt: skip
    return desk.session.scalar(query)
