"""The outbox: finds the purchases that are due, notes what is sent, and judges the answers.

Every function works in the caller's transaction, of `Storage.sharing`. The outbox notes a token
as sent before it is sent, and the purchase is due again after a while. If a worker dies in
between, a carrier loses the token, or nobody hears the answer, the token is sent again. A meter
counts a token once, so that does no harm. Only the oldest open purchase of each meter is sent,
because the meter's history, which says who brought a used token, holds five. Selling waits for no
answer.
"""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from functools import cache
from random import Random

from sqlalchemy import ScalarResult, Select, bindparam, select, update
from sqlalchemy.orm import Session, aliased
from sts import kinds, results

from meter20.ami.carriers import Answer, Parcel
from meter20.ami.purchases import (
    ANSWERED,
    BY_HAND,
    CREDITED,
    ORDERED,
    REFUSED,
    SENT,
    VENDED,
    close,
)
from meter20.ami.routes import secrets_of
from meter20.vending import typed_lines
from meter20.vending.models import Meter, Purchase, Route, Slip, Token
from meter20.vending.sealing import Key
from meter20.vending.slips import KEY_CHANGE, VOID
from meter20.vending.station_time import stamp

DOUBT = "doubt"
FIRST_S, LONGEST_S = 10, 3600
_IN_A_STATEMENT = 500
_WAKE_S = 5  # the broker gives a meter that comes back what it kept for it
_SECTIONS = (results.KCT_1, results.KCT_2, results.KCT_3, results.KCT_4)
_DOUBTS = {
    False: "The meter says it was used, and its history no longer tells by whom.",
    True: "The meter cannot read a token of the key change: look which key it reports.",
}
_HANDS = ("manual", "local")
_WORDS = {
    results.OVERFLOW: "the register cannot hold so much; the token stays good",
    results.DDTK: "the meter holds a default key; the token stays good for after its key change",
    results.OLD: "the meter takes no token as old as this",
    results.KEY_EXPIRED: "it lies past the key expiry number of the meter's key",
    results.CRC: "the meter has another key than our books say",
}


def due(session: Session, state: tuple[str, ...], now: datetime,
        limit: int) -> ScalarResult[Purchase]:  # fmt: skip
    """Return the purchases in `state` that wait for something, oldest first, `limit` at most.

    Of each meter one: what was sold first, since a key change may lie between two sales.
    """
    return session.scalars(_due(state, limit), {"now": stamp(now)})


@cache  # to make the query takes ten times as long as to ask, and a worker asks all the time
def _due(state: tuple[str, ...], limit: int):
    earlier = aliased(Purchase)
    before = earlier.id < Purchase.id if ORDERED in state else earlier.slip_id < Purchase.slip_id
    waits = (
        select(earlier.id)
        .where(earlier.meter_id == Purchase.meter_id, before,
               earlier.due_at.is_not(None), earlier.state.in_(state))
        .exists()
    )  # fmt: skip
    return (
        select(Purchase)
        .where(Purchase.due_at <= bindparam("now"), Purchase.state.in_(state), ~waits)
        .order_by(Purchase.due_at, Purchase.id)
        .limit(limit)
    )


class Outbox:
    """random: of the jitter. first_s: until a token is sent again; it doubles up to LONGEST_S.

    key: opens the secrets of routes; None for a worker that has none.
    """

    def __init__(self, key: Key | None = None, random: Random | None = None,
                 first_s: float = FIRST_S):  # fmt: skip
        self._key, self._random, self._first_s = key, random or Random(), first_s

    def claim(self, session: Session, carrier: str, now: datetime, limit: int) -> list[Parcel]:
        """Note as sent what is due by `carrier`; return it, to be sent after the commit."""
        rows = list(session.scalars(_due_by(carrier, limit, free=True), {"now": stamp(now)}))
        held = _read(session, rows)
        parcels = [self._claimed(session, one, carrier, now) for one in rows]
        del held
        return [parcel for parcel in parcels if parcel is not None]

    def is_due(self, session: Session, carrier: str, now: datetime) -> bool:
        """Say whether anything is due by `carrier`; locks nothing."""
        return session.scalar(_due_by(carrier, 1), {"now": stamp(now)}) is not None

    def _claimed(self, session: Session, purchase: Purchase, carrier: str,
                 now: datetime) -> Parcel | None:  # fmt: skip
        slip = session.get_one(Slip, purchase.slip_id)
        if slip.state == VOID:
            close(purchase, REFUSED, f"Receipt {slip.id} is void.", now)
            return None
        route = session.get_one(Route, purchase.meter_id)
        purchase.state, purchase.carrier = SENT, carrier
        purchase.sends += 1
        since = purchase.sent_at or stamp(now)
        purchase.sent_at = since
        purchase.due_at = self._later(now, datetime.fromisoformat(since))
        drn = session.get_one(Meter, purchase.meter_id).drn
        secrets = secrets_of(route, drn, self._key) if self._key else {}
        digits = _token(slip, purchase).digits
        return Parcel(drn, digits, route.address, secrets, purchase.sends > 1)

    def _later(self, now: datetime, since: datetime) -> str:
        """Return when to send again what is on its way `since` then, not with all others at once.

        It waits as long again as it has waited so far. How often it was sent does not count:
        meters that come and go make it no slower.
        """
        wait_s = min(LONGEST_S, max(self._first_s, (now - since).total_seconds()))
        return stamp(now + timedelta(seconds=wait_s * (1 + self._random.random() / 2)))

    def postpone(self, purchase: Purchase, why: str, now: datetime) -> None:
        """Try a purchase that could not be sold again later."""
        purchase.reason = why
        purchase.due_at = self._later(now, datetime.fromisoformat(purchase.ordered_at))


def record(session: Session, answer: Answer, now: datetime) -> Purchase | None:
    """Note an answer; return its purchase, None if it is of no token that is on its way.

    Only the meter's own answer, to the token that is under way for it, counts.
    """
    query = select(Purchase).join(Meter).where(Meter.drn == answer.drn, Purchase.state == SENT)
    query = query.order_by(Purchase.slip_id).limit(1).with_for_update(of=Purchase)
    purchase = session.scalar(query)
    if purchase is None:
        return None
    slip = session.get_one(Slip, purchase.slip_id)
    token = _token(slip, purchase)
    if token.digits != answer.digits:
        return None
    if not answer.result:
        purchase.reason = answer.why
        return purchase
    session.execute(
        update(Route).where(Route.meter_id == purchase.meter_id).values(seen_at=stamp(now))
    )
    purchase.result, purchase.reason, purchase.answered_at = answer.result, "", stamp(now)
    outcome = outcome_of(answer, token.tid, slip.operation == KEY_CHANGE)
    if outcome is not None:
        _settle(purchase, slip, answer, outcome, now)
    return purchase


def outcome_of(answer: Answer, tid: int | None, key_change: bool = False) -> str | None:
    """Return what an answer makes of its token, None if it must be sent again.

    "Used" is no proof: another token may have had that TID. It counts only where the meter's
    history holds this TID as accepted; otherwise it is DOUBT. So it is if a meter cannot read a
    token of a key change: it may hold the new key by now.
    """
    if answer.result == results.ACCEPT or (key_change and answer.result in _SECTIONS):
        return CREDITED
    if key_change and answer.result == results.CRC:
        return DOUBT
    if answer.result == results.USED:
        if answer.accepted_tid is None or answer.accepted_tid != tid:
            return DOUBT
        return BY_HAND if answer.accepted_by in _HANDS else CREDITED
    return None if answer.result == results.LOCKED_OUT else REFUSED


def _settle(purchase: Purchase, slip: Slip, answer: Answer, outcome: str, now: datetime) -> None:
    """Note the outcome of one token; go on with the next, or close the purchase."""
    settled = {"token": purchase.position, "result": answer.result, "outcome": outcome,
               "amount": answer.amount}  # fmt: skip
    purchase.told = [*purchase.told, settled]
    of_a_set = slip.operation == KEY_CHANGE
    if purchase.position < len(slip.tokens) and (outcome == CREDITED or not of_a_set):
        purchase.position += 1
        purchase.due_at = stamp(now)
        return
    outcomes = [each["outcome"] for each in purchase.told]
    if DOUBT in outcomes:
        purchase.state, purchase.due_at = ANSWERED, None
        purchase.reason = _DOUBTS[of_a_set]
        return
    refused = [each["result"] for each in purchase.told if each["outcome"] == REFUSED]
    if refused:
        close(purchase, REFUSED, f"{refused[0]}: {_WORDS.get(refused[0], 'see the meter')}.", now)
        return
    outcome = BY_HAND if BY_HAND in outcomes else CREDITED
    close(purchase, outcome, _other_energy(purchase, slip), now)


def _other_energy(purchase: Purchase, slip: Slip) -> str:
    """Say that the meter credited another energy than was sold; "" if it did not, or is silent.

    The purchase is closed all the same: to send its token again would credit nothing.
    """
    amounts = [each["amount"] for each in purchase.told]
    if None in amounts or any(token.kind != kinds.ELECTRICITY for token in slip.tokens):
        return ""
    credited_wh = sum(amounts)
    sold = typed_lines.units(typed_lines.of(slip.typed), typed_lines.STEP, typed_lines.FREE)
    if slip.typed is None or credited_wh == sold * 100:
        return ""
    return (
        f"The meter says that it credited {credited_wh / 1000:.3f} kWh, "
        f"but {sold / 10:.1f} kWh were sold."
    )


def wake(session: Session, drns: Collection[str], now: datetime) -> None:
    """Let what is on its way to meters that came back be sent again soon."""
    _soon(session, select(Purchase.id).join(Meter).where(Meter.drn.in_(drns)), now)


def wake_all(session: Session, carrier: str, now: datetime) -> None:
    """Let all that is on its way by a carrier be sent again soon."""
    _soon(session, select(Purchase.id).where(Purchase.carrier == carrier), now)


def _soon(session: Session, which: Select, now: datetime) -> None:
    soon = stamp(now + timedelta(seconds=_WAKE_S))
    which = which.where(Purchase.state == SENT, Purchase.due_at > soon).order_by(Purchase.id)
    which = which.with_for_update(of=Purchase, skip_locked=True)  # others do the same for those
    numbers = list(session.scalars(which))
    for some in batched(numbers, _IN_A_STATEMENT):
        change = update(Purchase).where(Purchase.id.in_(some)).values(due_at=soon)
        session.execute(change, execution_options={"synchronize_session": False})


def batched(numbers: list[int], size: int) -> Iterator[list[int]]:
    """Yield `numbers`, `size` of them at a time."""
    for start in range(0, len(numbers), size):
        yield numbers[start : start + size]


def _read(session: Session, rows: list[Purchase]) -> list:
    """Read at once what `get_one` will be asked for of purchases, and hold it."""
    meters = [one.meter_id for one in rows]
    slips = [one.slip_id for one in rows]
    return [
        *session.scalars(select(Slip).where(Slip.id.in_(slips))),
        *session.scalars(select(Route).where(Route.meter_id.in_(meters))),
        *session.scalars(select(Meter).where(Meter.id.in_(meters))),
    ]


@cache
def _due_by(carrier: str, limit: int, free: bool = False):
    """free: those that no other worker holds; they are held from then on."""
    query = _due((VENDED, SENT), limit)
    query = query.join(Route, Route.meter_id == Purchase.meter_id).where(Route.carrier == carrier)
    return query.with_for_update(skip_locked=True, of=Purchase) if free else query


def _token(slip: Slip, purchase: Purchase) -> Token:
    return slip.tokens[purchase.position - 1]
