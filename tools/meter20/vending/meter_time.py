"""Where a meter stands in time: its month, the next minute (TID), and its free units.

A month is counted once. Purchases count for `Meter.period`; every month that the meter has left
has a row of `MeterMonth`, from where counting goes on. The month never follows the clock back. A
minute is given out once: the rows of `Token` say which minutes were.

Source: IEC 62055-41, TID, token cancellation, special reserved token identifier.
"""

from msgspec import Struct
from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session
from sts import tid as sts_tid

from meter20.vending import plain_text, refusal
from meter20.vending.models import Meter, MeterMonth, Slip, Token
from meter20.vending.refusal import Refusal
from meter20.vending.station import Desk
from meter20.vending.tid_clock import BASE_YEARS, minutes_since
from meter20.vending.token_request import check_minute, minute


class Month(Struct, frozen=True):
    """What a meter bought in a month: units in 0.1 kWh; whether it paid and got what is due."""

    name: str
    units: int = 0
    fixed: bool = False
    free: bool = False


# -- months ------------------------------------------------------------------------------------


def month_now(desk: Desk, meter: Meter) -> Month:
    """Return the month that a purchase counts for now: the clock's, or the meter's if later."""
    name = max(meter.period, desk.month)
    return _current(meter) if name == meter.period else _kept(desk.session, meter, name)


def enter(desk: Desk, meter: Meter, month: Month) -> None:
    """Make `month` the one that the meter stands in; the one it leaves is kept."""
    if meter.period not in ("", month.name):
        _keep(desk.session, meter)
    meter.period, meter.period_units = month.name, month.units
    meter.period_fixed, meter.period_free = month.fixed, month.free


def _current(meter: Meter) -> Month:
    return Month(meter.period, meter.period_units, meter.period_fixed, meter.period_free)


def _kept(session: Session, meter: Meter, name: str) -> Month:
    row = _row(session, meter, name)
    return Month(name, row.units, row.fixed, row.free) if row else Month(name)


def _keep(session: Session, meter: Meter) -> None:
    row = _row(session, meter, meter.period)
    if row is None:
        row = MeterMonth(meter_id=meter.id, month=meter.period)
        session.add(row)
        session.info["month", meter.id, meter.period] = row  # not found again before the flush
    row.units, row.fixed, row.free = meter.period_units, meter.period_fixed, meter.period_free


def _row(session: Session, meter: Meter, name: str) -> MeterMonth | None:
    added = session.info.get(("month", meter.id, name))
    return added or session.get(MeterMonth, (meter.id, name))


# -- minutes -----------------------------------------------------------------------------------


def next_tid(desk: Desk, meter: Meter) -> int:
    """Return the TID of the next ordinary token; raises Refusal outside of 24 bits."""
    check_minute(minutes_since(desk.now, meter.base_date), meter.base_date)  # not only the TID
    tid = minute(desk.now, meter.base_date, meter.last_tid)
    while tid <= meter.ahead_tid and _is_issued(desk.session, meter, tid):
        tid = minute(desk.now, meter.base_date, tid)
    return tid


def free_tid(desk: Desk, meter: Meter) -> int | None:
    """Return the TID of free units issued now, 00:01 UTC of the day; None if it cannot be used.

    It was issued already; or a meter that was made later, or that holds 50 later ones, would
    answer OldError.
    """
    desk.session.flush()  # tokens of this transaction count, too
    tid = minute(desk.now, meter.base_date, special=True)
    if tid <= meter.first_tid or _is_issued(desk.session, meter, tid):
        return None
    later = _issued(meter).with_only_columns(func.count()).where(Token.tid > tid)
    # The token that is paid for comes first.
    return tid if (desk.session.scalar(later) or 0) + 1 < sts_tid.CAPACITY else None


def _issued(meter: Meter):
    """Return a query for the TIDs issued to `meter` under its base date, of void sales too."""
    return select(Token.tid).filter_by(meter_id=meter.id, base_date=meter.base_date)


def _is_issued(session: Session, meter: Meter, tid: int) -> bool:
    return session.scalar(_issued(meter).where(Token.tid == tid)) is not None


# -- back to the clock -------------------------------------------------------------------------


def all_back(desk: Desk, reason: str) -> tuple[list[str], list[str], list[Refusal]]:
    """Make the days of keys, and months and minutes of meters, follow the clock again.

    For a station that sold ahead of time and whose clock is right now. Returns the labels of the
    keys and the numbers of the meters that were ahead, and why a meter stays so.
    """
    reason = plain_text.reason(reason)
    keys = desk.module.clock.turn_back(desk.session, desk.actor, reason)
    done, refused = [], []
    for meter in desk.session.scalars(_ahead(desk)):
        month, tid = meter.period, meter.last_tid
        try:
            _back(desk, meter)
        except Refusal as why:
            refused.append(why)
            continue
        done.append(meter.drn)
        words = f"month {month} to {meter.period}, last TID {tid} to {meter.last_tid}"
        desk.module.note(desk.session, desk.actor, "turn back", meter.drn, words)
    return keys, done, refused


def _ahead(desk: Desk):
    """Return a query for the meters whose month or minutes are later than the clock."""
    late = [
        and_(Meter.base_date == year, Meter.last_tid > max(minutes_since(desk.now, year), 0))
        for year in BASE_YEARS
    ]
    return select(Meter).where(or_(Meter.period > desk.month, *late)).order_by(Meter.id)


def _back(desk: Desk, meter: Meter) -> None:
    """Make the month and the minutes of `meter` follow the clock again; nothing counts twice.

    Minutes that were given out are skipped from now on. A meter keeps the 50 highest TIDs and
    refuses what is older than the lowest of them. So it takes tokens of the present while fewer
    than 50 were issued ahead of time; raises Refusal otherwise, and for one made ahead of time.
    """
    now = minutes_since(desk.now, meter.base_date)
    issued = sorted(tid for tid in desk.session.scalars(_issued(meter)) if tid is not None)
    ahead = [tid for tid in issued if tid > now]
    if meter.first_tid > now or len(ahead) >= sts_tid.CAPACITY:
        raise Refusal(
            refusal.STATE,
            f"Meter {meter.drn} would answer OldError: "
            + (
                f"{len(ahead)} tokens of later minutes were issued to it. "
                if ahead
                else "its record says that it was made later than now. "
            )
            + "Change its key to another base date, or provision it again.",
        )
    before = [tid for tid in issued if tid <= now]
    meter.last_tid = max(before[-1] if before else 0, meter.first_tid)
    meter.ahead_tid = max([meter.ahead_tid, *ahead])
    month = desk.month
    if meter.period > month:
        kept = _row(desk.session, meter, month)
        enter(
            desk, meter, _kept(desk.session, meter, month) if kept else _sold(desk, meter, month)
        )


def _sold(desk: Desk, meter: Meter, month: str) -> Month:
    """Return what receipts say of a month that was left before months were kept. It was UTC's."""
    query = select(Slip).filter_by(meter_id=meter.id, operation="credit", state="good")
    slips = list(desk.session.scalars(query.where(Slip.issued_at.startswith(month))))
    return Month(
        month,
        sum(slip.units for slip in slips),
        any(line[0].startswith("Fixed charge") for slip in slips for line in slip.lines),
        any(token.label.startswith("free ") for slip in slips for token in slip.tokens),
    )
