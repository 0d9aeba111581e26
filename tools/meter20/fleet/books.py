"""The fleet in the books of a station: its meters, what its households order, and the comparison.

Fleet meters have numbers of the manufacturer 99. Their flash is gone when a fleet ends, so that
each fleet gets numbers that no fleet had before.
"""

from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sts import drn as sts_drn

from meter20.ami import purchases, routes
from meter20.ami.purchases import BY_HAND, CREDITED, Order
from meter20.fleet.street import Spec
from meter20.vending import meter_list, rekey, supply_groups
from meter20.vending.models import Meter, Purchase, Slip, VendingKey
from meter20.vending.station import Desk, Station, utc_now
from meter20.vending.storage import Storage
from meter20.vending.vending_key import KeyTerms

SGC = "600000"
_MANUFACTURER = "99"
_AT_ONCE = 200  # meters in a transaction
_WH = 100  # in a unit of 0.1 kWh


def enrol(station: Station, count: int, broker: dict) -> Iterator[list[Spec]]:
    """Register `count` new meters in the supply group SGC; yield some at a time.

    The group gets a key if it has none. broker: the request `mqtt` without user and password.
    Raises Refusal.
    """
    with station.desk() as desk:
        if desk.session.scalar(select(VendingKey.id).filter_by(sgc=SGC).limit(1)) is None:
            supply_groups.add_group(desk, KeyTerms(SGC))
        first = _next_serial(desk)
    for start in range(first, first + count, _AT_ONCE):
        serials = range(start, min(start + _AT_ONCE, first + count))
        with station.desk() as desk:
            key = desk.module.carriers_key
            made = [_enrolled(desk, _drn(serial), key, broker) for serial in serials]
        yield made


def others(session: Session) -> int:
    """Return how many meters of the station are no fleet's."""
    query = select(func.count()).select_from(Meter)
    return session.scalar(query.where(Meter.drn.not_like(f"{_MANUFACTURER}%"))) or 0


def _next_serial(desk: Desk) -> int:
    query = select(func.max(Meter.drn)).where(
        Meter.drn.like(f"{_MANUFACTURER}%"), func.length(Meter.drn) == 11
    )
    last = desk.session.scalar(query)
    return 0 if last is None else int(last[2:10]) + 1


def _drn(serial: int) -> str:
    payload = f"{_MANUFACTURER}{serial:08}"
    return payload + sts_drn.check_digit(payload)


def _enrolled(desk: Desk, drn: str, key, broker: dict) -> Spec:
    meter_list.add_meter(desk, meter_list.NewMeter(drn, SGC))
    route = routes.keep_mqtt(desk, drn)
    password = routes.secrets_of(route, drn, key)["password"]
    record, _ = rekey.provision(desk, drn, rekey.Factory(), direct=True)
    return Spec(drn, record["request"], broker | {"user": drn, "password": password})


def order(storage: Storage, wishes: list[tuple[str, int]]) -> None:
    """Order what households wish, (drn, units of 0.1 kWh) each; a worker sells it."""
    with storage.sharing() as session:
        for drn, units in wishes:
            purchases.place(session, Order(drn, units=units), utc_now())


def states(storage: Storage, first: str, last: str) -> dict[str, int]:
    """Return how many purchases of the meters `first` to `last` there are, by outcome or state."""
    counts: dict[str, int] = {}
    with storage.reading() as session:
        query = select(Purchase.outcome, Purchase.state, func.count()).join(Meter)
        query = query.where(Meter.drn.between(first, last))
        for outcome, state, count in session.execute(
            query.group_by(Purchase.outcome, Purchase.state)
        ):
            counts[outcome or state] = counts.get(outcome or state, 0) + count
    return counts


def differences(storage: Storage, credited_wh: dict[str, int]) -> list[str]:
    """Compare books and meters; return a line for each meter that differs.

    A meter may have what is credited in the books, and up to what is on its way to it.
    """
    booked, open_ = dict.fromkeys(credited_wh, 0), dict.fromkeys(credited_wh, 0)
    with storage.reading() as session:
        query = select(Meter.drn, Purchase.outcome, func.sum(Slip.units)).select_from(Purchase)
        query = query.join(Meter, Meter.id == Purchase.meter_id).join(
            Slip, Slip.id == Purchase.slip_id
        )
        for drn, outcome, units in session.execute(query.group_by(Meter.drn, Purchase.outcome)):
            if drn in booked:
                sums = booked if outcome in (CREDITED, BY_HAND) else {} if outcome else open_
                sums[drn] = sums.get(drn, 0) + _WH * int(units)
    return [
        f"meter {drn} was credited {wh} Wh, the books say {booked[drn]}, and {open_[drn]} open"
        for drn, wh in credited_wh.items()
        if not booked[drn] <= wh <= booked[drn] + open_[drn]
    ]
