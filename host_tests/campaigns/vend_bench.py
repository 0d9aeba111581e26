"""Times the vending station on SQLite, and beside it the disk: part of `make bench`.

One process; median of RUNS runs. A commit waits for the disk and for whoever else computes, so
a rate by the clock says as much of the machine as of the program. The rate by CPU second is what
one core can do when it waits for nothing. `fsync` is 4 KiB appended and made safe, on the disk
of the database, measured right before: no durable commit is faster.
"""

import os
import statistics
import tempfile
import time
from pathlib import Path

from campaigns import vend_campaign

RUNS = 5
ONE_EACH, BATCH = 300, 3000  # tokens of a run
CHUNK = 500
_FSYNCS = 100


def fsync_ms(folder: Path) -> float:
    """Return how long this disk takes to make 4 KiB safe, in milliseconds."""
    taken = []
    with (folder / "fsync").open("wb", buffering=0) as file:
        for _ in range(_FSYNCS):
            file.write(bytes(4096))
            began = time.perf_counter()
            os.fsync(file.fileno())
            taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken)


def rates(where: str, tokens: int, chunk: int, runs: int = RUNS) -> tuple[float, float]:
    """Return tokens (a second, a CPU second), medians of `runs`, `chunk` to a commit."""
    taken = [vend_campaign.work(where, seed, tokens, chunk) for seed in range(runs)]
    wall, cpu = (statistics.median(each) for each in zip(*taken, strict=True))
    return tokens / wall, tokens / cpu


def lines(one_each: int = ONE_EACH, batch: int = BATCH, runs: int = RUNS) -> list[str]:
    """Return the figures as lines of text."""
    with tempfile.TemporaryDirectory(prefix="meter20-bench-") as name:
        folder = Path(name)
        where = str(folder / "station.sqlite")
        vend_campaign.found(where)
        told = []
        for words, tokens, chunk in (
            ("vend, a commit for each", one_each, 1),
            (f"vend, {CHUNK} to a commit", batch, CHUNK),
        ):
            disk = fsync_ms(folder)
            wall, cpu = rates(where, tokens, chunk, runs)
            told.append(
                f"{words:24}{wall:12.0f} tokens/s{cpu:14.0f} tokens/CPU s   fsync {disk:.2f} ms"
            )
        return told
