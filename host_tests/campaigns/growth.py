"""How time and memory grow with what a meter and a station hold: part of `make bench`.

    make growth                     every series, and tables and picture of docs/performance.md
    make growth OF=sales            one series, and the page with it
    make growth OF="sales 1000"     one figure

Each figure comes from a process of its own. Times are CPU time of one core.
"""

import argparse
import gc
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from body import SimBody
from sqlalchemy import insert
from sts import kinds, tid

from campaigns import growth_page, peers, vend_campaign
from meter20 import samples
from meter20.fleet.line import Watch
from meter20.fleet.meter import FleetMeter
from meter20.vending import encoder, sales, sealing
from meter20.vending.sales import CreditOrder
from meter20.vending.slip_seal import SLIPS, TOKENS, facts_of
from meter20.vending.station import Station
from meter20.vending.storage import Storage

ROOT = Path(__file__).parents[2]
KEY = bytes.fromhex(samples.PROVISION["decoder_key"])
_TOKENS = 20_000  # different ones; a larger batch has them again and again
_SALES = 300  # real ones, on top of the books
_BULK = 10_000  # rows of a table that are inserted at once
_MINUTES, _REST_S = 10, 5
_SECRET = sealing.Secret.passphrase("campaign passphrase")

Figures = dict[str, Any]


@dataclass(frozen=True)
class Series:
    """One thing that grows. figures: what is measured, with its unit, by name."""

    of: str
    sizes: tuple[int, ...]
    figures: dict[str, str]
    measure: Callable[[int], Figures]


def tokens(count: int = _TOKENS) -> list[str]:
    """Return `count` different credit tokens under KEY, EA11."""
    fields = [
        {"rnd": number % 16, "tid": 6_000_000 + number, "amount_field": number % 5000}
        for number in range(count)
    ]
    return [encoder.encode(kinds.ELECTRICITY, "11", KEY, each) for each in fields]


def of_tids(size: int) -> Figures:
    """Return what it takes to look for one TID in a memory of `size`, to keep and to pack it."""
    tid.CAPACITY = size
    memory = tuple(range(1, 2 * size, 2))
    tid.pack(memory)
    taken_us = []
    for _ in range(1000):
        began = time.perf_counter()
        new = memory[-1] + 2
        assert tid.refusal(memory, new) is None
        memory = tid.remember(memory, new)
        packed = tid.pack(memory)
        taken_us.append(1e6 * (time.perf_counter() - began))
    return {"us": min(taken_us), "bytes": len(packed)}


def of_decoding(size: int) -> Figures:
    """Return what `token decode --batch` takes for `size` lines, with its start."""
    some = [
        json.dumps({"token": each, "ea": "11", "key": KEY.hex()})
        for each in tokens(min(size, _TOKENS))
    ]
    with tempfile.TemporaryDirectory(prefix="meter20-bench-") as name:
        lines = Path(name) / "lines"
        with lines.open("w", encoding="utf-8") as file:
            for number in range(size):
                file.write(some[number % len(some)] + "\n")
        cpu_s, mib = _command(lines, "token", "decode", "--batch")
    return {"mib": mib, "s": cpu_s, "us": 1e6 * cpu_s / size}


def of_orders(size: int) -> Figures:
    """Return what `vend batch` takes for `size` orders, with its start."""
    sealing.SCRYPT_COST = 2  # a passphrase is meant to take long, which is not the question here
    with tempfile.TemporaryDirectory(prefix="meter20-bench-") as name:
        where = f"{name}/station.sqlite"
        vend_campaign.found(where)
        lines = Path(name) / "orders"
        with lines.open("w", encoding="utf-8") as file:
            for order in vend_campaign.orders(random.Random(size), size):
                file.write(order + "\n")
        secret = {"METER20_DB": where, "METER20_PASSPHRASE": _SECRET.material.decode()}
        cpu_s, mib = _command(lines, "vend", "batch", **secret)
    return {"ms": 1000 * cpu_s / size, "mib": mib}


def _command(given: Path, *words: str, **environment: str) -> tuple[float, float]:
    """Run a command of meter20; return its CPU seconds and the most MiB that it held."""
    with given.open("rb") as lines, open(os.devnull, "wb") as nowhere:
        child = subprocess.Popen(
            [sys.executable, "-m", "meter20.cli", *words], stdin=lines, stdout=nowhere,
            env=os.environ | environment,
        )  # fmt: skip
        _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, words
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def of_sales(size: int) -> Figures:
    """Return what a durable sale takes in books of `size`, and the same rows without a station."""
    sealing.SCRYPT_COST = 2
    with tempfile.TemporaryDirectory(prefix="meter20-bench-") as name:
        path = Path(name) / "station.sqlite"
        first = vend_campaign.found(str(path))
        fill(first, size)
        first._storage.close()  # the next one opens the file as the first program of a day does
        open_s, station = _opened(path)
        chance = random.Random(size)
        began = time.process_time()
        for _ in range(_SALES):
            vend_campaign.sell_one(station, chance)
        sale_s = (time.process_time() - began) / _SALES
        beside_s, _ = _opened(path)
        return {
            "sale_ms": 1000 * sale_s,
            "bare_ms": peers.bare_sale_ms(path, _SALES),
            "open_ms": 1000 * open_s,
            "beside_ms": 1000 * beside_s,
            "mib": path.stat().st_size / (1 << 20),
        }


def _opened(path: Path) -> tuple[float, Station]:
    began = time.process_time()
    station = Station(Storage(str(path)), _SECRET, "bench")
    return time.process_time() - began, station


def fill(station: Station, size: int) -> None:
    """Put `size` sales into the books in bulk: each with its receipt, bound into the log."""
    for done in range(0, size, _BULK):
        with station.desk() as desk:
            model = sales.credit(desk, CreditOrder(vend_campaign.meters()[0], money=10_000))
            desk.session.flush()
            row, (token,) = facts_of(model)
            rows, its_tokens = [], []
            for number in range(done + 1, min(size, done + _BULK)):
                rows.append(dict(row))
                its = token | {"tid": token["tid"] - 1000 - number}
                desk.module.bind_new(desk.session, [(rows[-1], [its])])
                desk.module.note(desk.session, desk.actor, "bulk", row["about"]["Meter"], "")
                its_tokens.append(its | {"slip_id": rows[-1]["id"]})
            if rows:
                desk.session.execute(insert(SLIPS), rows)
                desk.session.execute(insert(TOKENS), its_tokens)


def of_meters(size: int) -> Figures:
    """Return what each of `size` meters in one process holds, and takes for a minute at rest."""
    watch = Watch()
    tracemalloc.start()
    others = _meters(10, watch)  # loads and keeps what all share
    gc.collect()
    before, _ = tracemalloc.get_traced_memory()
    meters = _meters(size, watch)
    held = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    del others
    gc.freeze()
    began = time.process_time()
    for now_s in range(0, 60 * _MINUTES, _REST_S):
        for meter in meters:
            meter.live(1000 * now_s, False)
    used_ms = 1000 * (time.process_time() - began)
    return {"kib": held / 1024 / size, "ms": used_ms / size / _MINUTES}


def _meters(count: int, watch: Watch) -> list[FleetMeter]:
    meters = []
    for number in range(count):
        meters.append(FleetMeter(f"99{number:09}", watch, "", 0))
        meters[-1].ask(samples.PROVISION | {"do": "provision"})
    return meters


def of_days(size: int) -> Figures:
    """Return what the next day, a reply and a start take after `size` days of 0.5 kWh."""
    body = SimBody()
    ask = partial(_asked, body)
    ask(samples.PROVISION | {"do": "provision"})
    day = {"do": "pulses", "count": 500, "over_s": 86_400}
    typed = tokens(size // 7 + 1)
    for number in range(size):
        if number % 7 == 0:
            ask({"do": "token", "digits": typed[number // 7]})
        ask(day)
    reads = [ask({"do": "read"}) for _ in range(50)]
    return {"day_ms": ask(day), "read_ms": min(reads), "boot_ms": ask({"do": "power_cut"})}


def _asked(body: SimBody, request: dict) -> float:
    """Return the milliseconds that `body` takes for an answer."""
    began = time.process_time()
    reply = body.feed(json.dumps(request).encode() + b"\n")
    while reply is None:
        reply = body.resume()
    taken = time.process_time() - began
    assert json.loads(reply)["ok"], reply
    return 1000 * taken


def of_peers(size: int) -> Figures:
    """Return the tokens of EA11 that decoders do in a CPU second, with `size` different ones."""
    return peers.decoders(tokens(size), KEY)


SERIES = {
    "tids": Series(
        "TIDs that a meter remembers", (50, 500, 5000),
        {"us": "µs to look for one, keep and pack it", "bytes": "bytes kept"}, of_tids,
    ),
    "decoding": Series(
        "lines of `token decode --batch`", (100, 1000, 10_000, 100_000, 1_000_000),
        {"mib": "MiB at most", "s": "s with the start", "us": "µs a token, with the start"},
        of_decoding,
    ),
    "orders": Series(
        "orders of `vend batch`", (100, 1000, 10_000, 100_000),
        {"mib": "MiB at most", "ms": "ms an order, with the start"}, of_orders,
    ),
    "sales": Series(
        "sales in the books", (1000, 10_000, 100_000, 1_000_000),
        {"sale_ms": "ms a durable sale", "bare_ms": "ms with bare sqlite3",
         "open_ms": "ms to open the station", "beside_ms": "ms to open it beside a program",
         "mib": "MiB of the file"}, of_sales,
    ),
    "meters": Series(
        "meters in one process", (1, 10, 100, 1000, 10_000),
        {"kib": "KiB each", "ms": "ms a minute, each"}, of_meters,
    ),
    "days": Series(
        "days that a meter has lived", (1, 10, 100, 365),
        {"day_ms": "ms for the next day", "read_ms": "ms for `read`", "boot_ms": "ms to start"},
        of_days,
    ),
    "peers": Series(
        "different tokens decoded, EA11", (_TOKENS,),
        {"firmware": "tokens/s, as a meter does it", "tables": "tokens/s by tables",
         "c": "tokens/s in C", "openpaygo": "tokens/s, OpenPAYGO's decoder, a device's first",
         "openpaygo_1000": "tokens/s, OpenPAYGO's decoder, after 1000 tokens"}, of_peers,
    ),
}  # fmt: skip


def measured(name: str) -> dict:
    """Return the figures of a series at each of its sizes, and what the machine did meanwhile."""
    rows = []
    for size in SERIES[name].sizes:
        words = [sys.executable, "-m", "campaigns.growth", name, str(size)]
        done = subprocess.run(words, stdout=-1, text=True, check=True)
        rows.append({"size": size} | json.loads(done.stdout, parse_float=_rounded))
        print(name, rows[-1], flush=True)
    load = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}"
    series = SERIES[name]
    return {
        "of": series.of, "figures": series.figures,
        "machine": f"Python {sys.version.split()[0]}, {load}", "rows": rows,
    }  # fmt: skip


def _rounded(figure: str) -> float:
    return float(f"{float(figure):.4g}")


def main() -> None:
    """Run by `make bench` and `make growth`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("series", nargs="?", choices=list(SERIES))
    parser.add_argument("size", nargs="?", type=int)
    options = parser.parse_args()
    if options.size is not None:
        print(json.dumps(SERIES[options.series].measure(options.size)))
        return
    names = [options.series] if options.series else list(SERIES)
    growth_page.keep({name: measured(name) for name in names}, list(SERIES))


if __name__ == "__main__":
    main()
