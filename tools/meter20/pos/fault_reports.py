"""Lists the faults that points of sale reported."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from meter20.vending.models import Meter
from meter20.vending.pos_models import PosFault


def listed(session: Session) -> list[dict]:
    """Return every fault, the oldest first."""
    query = select(PosFault, Meter.drn).join(Meter, Meter.id == PosFault.meter_id)
    return [
        {
            "reference": f"F{row.id}", "time": row.reported_at, "client": row.client_id,
            "meter": drn, "fault": row.fault, "contact": row.contact,
            "description": row.description,
        }
        for row, drn in session.execute(query.order_by(PosFault.id))
    ]  # fmt: skip
