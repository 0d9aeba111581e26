"""The vending campaign: many sales from several processes at once, on one database.

Afterwards no meter has a token identifier twice, those of every meter rose as they were issued,
and the audit log verifies. `make vend-campaign` runs it large, `make test` small.

    make vend-campaign CAMPAIGN_ARGS='--sales 100000 --processes 4 --chunk 200'
"""

import argparse
import functools
import os
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from rigs import fresh_processes
from sqlalchemy import func, select
from sts import drn as sts_drn
from sts import kinds

from campaigns.long_run import counted
from meter20.vending import batch, meter_list, sales, supply_groups, tariff_list
from meter20.vending.models import AuditEntry, Meter, Token
from meter20.vending.sales import CreditOrder
from meter20.vending.sealing import Secret
from meter20.vending.station import Station
from meter20.vending.storage import Storage
from meter20.vending.vending_key import KeyTerms

METERS, SGC = 50, "123456"
_SECRET = Secret.passphrase("campaign passphrase")


def found(where: str) -> Station:
    """Make a station with METERS meters in the empty database `where`."""
    station = Station.found(Storage(where), _SECRET, "campaign", "campaign")
    with station.desk() as desk:
        terms = {"currency": "ZAR", "tax_percent": "15", "steps": [{"price": "2.1345"}]}
        tariff_list.keep_tariff(desk, "home", terms)
        supply_groups.add_group(desk, KeyTerms(SGC), tariff="home")
        for drn in meters():
            meter_list.add_meter(desk, meter_list.NewMeter(drn, SGC))
    return station


@functools.cache
def meters() -> list[str]:
    """Return the numbers of the meters."""
    payloads = [f"01{serial:08}" for serial in range(METERS)]
    return [payload + sts_drn.check_digit(payload) for payload in payloads]


def work(where: str, seed: int, count: int, chunk: int) -> tuple[float, float]:
    """Sell `count` times in this process, `chunk` to a commit; return (seconds, CPU seconds)."""
    station = Station(Storage(where), _SECRET, f"process {seed}")
    chance = random.Random(seed)
    start, cpu = time.perf_counter(), time.process_time()
    if chunk > 1:
        answers = list(batch.run(station, orders(chance, count), chunk))
        assert not [answer for answer in answers if "error" in answer]
    else:
        for _ in range(count):
            sell_one(station, chance)
    return time.perf_counter() - start, time.process_time() - cpu


def orders(chance: random.Random, count: int) -> Iterator[str]:
    """Yield `count` orders for random meters."""
    for _ in range(count):
        yield f'{{"meter": "{chance.choice(meters())}", "money": "{chance.randrange(1, 900)}"}}'


def sell_one(station: Station, chance: random.Random) -> None:
    """Sell once, mostly credit, with a commit of its own."""
    drn = chance.choice(meters())
    with station.desk() as desk:
        if chance.random() < 0.2:
            sales.manage(desk, drn, kinds.CLEAR_TAMPER, 0, "clear tamper")
        else:
            sales.credit(desk, CreditOrder(drn, money=chance.randrange(100, 90_000)))


def run(where: str, total: int, processes: int, chunk: int) -> str:
    """Sell `total` times from `processes` processes, check the books, return what was measured."""
    station = found(where)
    share = total // processes
    start = time.perf_counter()
    with fresh_processes.pool(processes) as pool:
        jobs = [(where, seed, share, chunk) for seed in range(processes)]
        busy = pool.starmap(work, jobs, chunksize=1)
    took = time.perf_counter() - start
    total = share * processes
    check(station, total)
    longest, worked = max(wall for wall, _ in busy), sum(cpu for _, cpu in busy)
    kind = "SQLite" if "://" not in where else "PostgreSQL"
    return (
        f"vend campaign, {kind}: {total} tokens from {processes} processes, {chunk} to a commit: "
        f"{total / longest:.0f} tokens/s together, {total / worked:.0f} for each second of one "
        f"core's work ({took:.1f} s with start-up; {os.cpu_count()} cores, load "
        f"{os.getloadavg()[0]:.1f})"
    )


def check(station: Station, total: int) -> None:
    """Assert what must hold after any number of sales in any order."""
    with station.looking() as session:
        assert session.scalar(select(func.count()).select_from(Token)) == total
        rows = session.execute(select(Token.meter_id, Token.tid).order_by(Token.slip_id)).all()
        assert len(set(rows)) == len(rows) == total, "a meter got a TID twice"
        last: dict[int, int] = {}
        for meter_id, tid in rows:
            assert tid > last.get(meter_id, 0), "a TID went back"
            assert tid % 1440 != 1, "an ordinary token in the special minute"
            last[meter_id] = tid
        assert dict(session.execute(select(Meter.id, Meter.last_tid)).all()) == {
            meter.id: last.get(meter.id, 0) for meter in session.scalars(select(Meter))
        }
        report = station.module.verify_log(session)
        assert report.broken is None, report
        issued = select(func.count()).select_from(AuditEntry).filter_by(operation="issue")
        assert session.scalar(issued) == total


def main() -> None:
    """Run by `make vend-campaign`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sales", type=counted, default=100_000)
    parser.add_argument("--processes", type=counted, default=4)
    parser.add_argument("--chunk", type=counted, default=1, help="sales to a commit")
    parser.add_argument("--db", help="an empty database; without: a file that is removed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="meter20-campaign-") as folder:
        where = options.db or str(Path(folder) / "campaign.sqlite")
        print(run(where, options.sales, options.processes, options.chunk))


if __name__ == "__main__":
    main()
