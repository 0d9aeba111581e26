"""What operators look at: meters, rejected tokens, key changes by group. Changes nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from meter20.ami import purchases
from meter20.ami.reports import quarter
from meter20.vending.models import Meter, Purchase, Route, Slip, SupplyGroup, VendingKey
from meter20.vending.report_models import MeterLoad, MeterReport
from meter20.vending.slips import GOOD, KEY_CHANGE

PAGE = 50
_DAY = timedelta(days=1)
#: What operators call the state or the outcome of a purchase, by the name of its text.
_STATES = {
    purchases.ORDERED: "purchase.ordered", purchases.VENDED: "purchase.vended",
    purchases.SENT: "purchase.sent", purchases.ANSWERED: "purchase.answered",
    purchases.CREDITED: "purchase.credited", purchases.BY_HAND: "purchase.by_hand",
    purchases.REFUSED: "purchase.refused",
}  # fmt: skip


def meters(session: Session, begins: str, after: int) -> list[tuple]:
    """Return (meter, route, report) of the meters whose number begins so, after a row's id."""
    query = (
        select(Meter, Route, MeterReport)
        .outerjoin(Route, Route.meter_id == Meter.id)
        .outerjoin(MeterReport, MeterReport.meter_id == Meter.id)
        .where(Meter.id > after, Meter.drn.startswith(begins, autoescape=True))
        .order_by(Meter.id)
        .limit(PAGE)
    )
    return [tuple(row) for row in session.execute(query)]


def state_of(purchase: Purchase) -> str:
    """Return the name of the text that says how far a purchase is."""
    return _STATES[purchase.outcome or purchase.state]


def load(session: Session, meter: Meter, now: datetime) -> list[tuple[str, int]]:
    """Return (quarter of an hour, W) of the reports of the last day, in order."""
    since = MeterLoad.quarter >= quarter(now - _DAY)
    query = select(MeterLoad.quarter, MeterLoad.power_w).where(MeterLoad.meter_id == meter.id)
    return [(at, power) for at, power in session.execute(query.where(since).order_by(
        MeterLoad.quarter
    ))]  # fmt: skip


def rejected(session: Session) -> list[tuple[Purchase, str]]:
    """Return (purchase, meter) of the latest tokens that a meter did not take, or may not have."""
    query = (
        select(Purchase, Meter.drn).join(Meter)
        .where(or_(Purchase.outcome == purchases.REFUSED, Purchase.state == purchases.ANSWERED))
        .order_by(Purchase.id.desc()).limit(PAGE)
    )  # fmt: skip
    return [(purchase, drn) for purchase, drn in session.execute(query)]


@dataclass(frozen=True)
class Campaign:
    """How far the meters of a supply group and algorithm are on the way to its newest key.

    meters: all that are in use. issued: those that have their tokens, by the books. confirmed:
    those of them that say themselves that they hold the key's KRN. only: whether the group has no
    other key, and so no key change.
    """

    sgc: str
    name: str
    ea: str
    krn: int
    key: int
    meters: int
    issued: int
    confirmed: int
    only: bool

    @property
    def behind(self) -> int:
        """Return how many meters have no tokens for the newest key yet."""
        return self.meters - self.issued


def campaigns(session: Session) -> list[Campaign]:
    """Return the campaign of every group and algorithm that has meters."""
    newest = (
        select(VendingKey.sgc, VendingKey.ea, func.max(VendingKey.id))
        .where(VendingKey.retired == "").group_by(VendingKey.sgc, VendingKey.ea)
        .order_by(VendingKey.sgc, VendingKey.ea)
    )  # fmt: skip
    found = [_campaign(session, key) for _, _, key in session.execute(newest)]
    return [each for each in found if each.meters]


def _campaign(session: Session, key: int) -> Campaign:
    row = session.get_one(VendingKey, key)
    counted = select(func.count()).select_from(Meter).join(VendingKey)
    counted = counted.where(VendingKey.sgc == row.sgc, Meter.ea == row.ea, Meter.retired == "")
    issued = counted.where(Meter.vending_key_id == key)
    heard = issued.join(MeterReport, MeterReport.meter_id == Meter.id)
    keys = select(func.count()).select_from(VendingKey).filter_by(sgc=row.sgc, ea=row.ea)
    group = session.get(SupplyGroup, row.sgc)
    return Campaign(
        row.sgc, group.name if group else "", row.ea, row.krn, key, session.scalar(counted) or 0,
        session.scalar(issued) or 0,
        session.scalar(heard.where(MeterReport.krn == row.krn)) or 0,
        only=session.scalar(keys) == 1,
    )  # fmt: skip


def behind(session: Session, key: VendingKey, limit: int) -> list[str]:
    """Return the numbers of meters of its group that have no tokens for the newest key yet."""
    query = (
        select(Meter.drn)
        .join(VendingKey)
        .where(VendingKey.sgc == key.sgc, Meter.ea == key.ea, Meter.vending_key_id != key.id,
               Meter.retired == "")
    )  # fmt: skip
    return list(session.scalars(query.order_by(Meter.id).limit(limit)))


def unconfirmed(session: Session, campaign: Campaign) -> list[tuple[str, int | None]]:
    """Return (meter, receipt of its last set) of those whose new key no report shows yet."""
    last = (
        select(func.max(Slip.id))
        .where(Slip.meter_id == Meter.id, Slip.operation == KEY_CHANGE, Slip.state == GOOD)
        .scalar_subquery()
    )
    query = (
        select(Meter.drn, last).outerjoin(MeterReport, MeterReport.meter_id == Meter.id)
        .where(Meter.vending_key_id == campaign.key, Meter.retired == "", last.is_not(None),
               or_(MeterReport.krn.is_(None), MeterReport.krn != campaign.krn))
        .order_by(Meter.id).limit(PAGE)
    )  # fmt: skip
    return [(drn, receipt) for drn, receipt in session.execute(query)]
