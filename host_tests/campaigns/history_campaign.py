"""The history campaign: a million random histories of a meter against a plain model of one.

A history is some dozen random acts of a meter that is new or has seen some life, with the power
cut before, inside and after flash operations, also while it starts; see rigs.histories. The
seed and the number of a history say all about it:

    make history-campaign CAMPAIGN_ARGS='--seed 20 --only 4711'

plays that one alone and prints its acts; of one that fails it prints the shortest that still does.
`make history-campaign` runs it large, `make test` small.
"""

import argparse
import multiprocessing
import random
import sys
import time
from collections import Counter, namedtuple
from contextlib import nullcontext
from functools import cache

from flash_chip import PowerCut
from models import carriers, little_files
from rigs.histories import KINDS, TIDS, WAITS_S, History

from campaigns.long_run import counted

CHUNK = 1000
_ACTS = (6, 30)  # of a history, the fewest and the most
_AGES = 8  # of the meters that histories begin with
_ACTS_AN_AGE = 30

#: share: of all histories, in thousandths.
Part = namedtuple("Part", ("carrier", "share"))

PARTS = (
    Part(carriers.SMALL, 700),
    Part(carriers.SIMULATOR, 100),
    Part(carriers.NVS, 120),
    Part(little_files.ON_RP2, 60),
    Part(little_files.ESP32_BOARD, 20),
)

#: How often each act comes, and how its arguments are drawn.
_ACT_KINDS = {
    "token": (
        8,
        lambda chance: (
            chance.choice(KINDS),
            int(chance.random() < 0.12),
            chance.randint(-3, TIDS),
            chance.randint(1, 20),
        ),
    ),
    "again": (3, lambda _chance: ()),
    "section": (2, lambda chance: (chance.randint(1, 4), int(chance.random() < 0.25))),
    "key_change": (1, lambda chance: (chance.sample((1, 2, 3, 4), 4),)),
    "use": (3, lambda chance: (chance.randint(1, 120),)),
    "checkpoint": (1, lambda _chance: ()),
    "rest": (2, lambda _chance: ()),
    "tamper": (1, lambda _chance: ()),
    "pass_time": (4, lambda chance: (chance.choice(WAITS_S),)),
    "restart": (1, lambda _chance: ()),
    "arm": (5, lambda chance: (chance.randint(0, 6), chance.randint(0, 20))),
    "restart_and_cut_that": (1, lambda chance: (chance.randint(0, 3), chance.randint(0, 20))),
}
_ANY_FAILURE = (Exception, PowerCut)
_CUTS = ("restart", "arm", "restart_and_cut_that")


def acts(chance: random.Random, count: int, kinds=tuple(_ACT_KINDS)) -> list:
    """Return `count` random acts, (name, arguments) each."""
    weights = [_ACT_KINDS[name][0] for name in kinds]
    return [
        (name, _ACT_KINDS[name][1](chance))
        for name in chance.choices(kinds, weights=weights, k=count)
    ]


@cache
def aged(carrier, age: int) -> History:
    """Return a meter that has seen `age` times _ACTS_AN_AGE acts."""
    without_cuts = tuple(name for name in _ACT_KINDS if name not in _CUTS)
    chance = random.Random(f"{carrier.name}/{age}")
    return played(History(carrier), acts(chance, age * _ACTS_AN_AGE, without_cuts))


def played(history: History, what: list) -> History:
    """Let all of `what` happen. Raises what the history does."""
    for name, arguments in what:
        getattr(history, name)(*arguments)
    return history


def drawn(seed: int, number: int, parts=PARTS) -> tuple:
    """Return (carrier, age, acts) of a history."""
    chance = random.Random(f"{seed}/{number}")
    shares = [part.share for part in parts]
    carrier = chance.choices(parts, weights=shares)[0].carrier
    return carrier, chance.randrange(_AGES), acts(chance, chance.randint(*_ACTS))


def failure(carrier, age: int, what: list):
    """Return what a history raises, None if all is well."""
    try:
        played(aged(carrier, age).of_age(), what)
    except _ANY_FAILURE as error:
        return error
    return None


def shortest(carrier, age: int, what: list) -> list:
    """Return the acts of `what` that are enough to fail, leaving out one after the other."""
    at = len(what)
    while at:
        at -= 1
        less = what[:at] + what[at + 1 :]
        if failure(carrier, age, less):
            what = less
    return what


def run_chunk(job) -> tuple:
    """Play one chunk; return (Counter of what happened, numbers of failed histories).

    job: (parts, seed, number of the first history, how many).
    """
    parts, seed, first, count = job
    found, failed = Counter(), []
    for number in range(first, first + count):
        carrier, age, what = drawn(seed, number, parts)
        history = aged(carrier, age).of_age()
        try:
            played(history, what)
        except _ANY_FAILURE:
            failed.append(number)
        found["steps"] += history.steps
        found["cuts"] += history.cuts
        found["with two cuts or more"] += history.cuts >= 2
        found["on " + carrier.name] += 1
        found.update({"token " + name: times for name, times in history.results.items()})
    return found, failed


def campaign(histories: int, seed: int, processes=1, progress=None, parts=PARTS) -> tuple:
    """Return (Counter of what happened, numbers of failed histories)."""
    work = [
        (parts, seed, first, min(CHUNK, histories - first)) for first in range(0, histories, CHUNK)
    ]
    found, failed, done = Counter(), [], 0
    with multiprocessing.Pool(processes) if processes > 1 else nullcontext() as pool:
        results = pool.imap(run_chunk, work) if pool else map(run_chunk, work)
        for job, (some, numbers) in zip(work, results, strict=True):
            found += some
            failed += numbers
            done += job[-1]
            if progress:
                progress(done, found, failed)
    return found, failed


def tell(seed: int, number: int, parts=PARTS) -> bool:
    """Print one history; return whether it went well."""
    carrier, age, what = drawn(seed, number, parts)
    error = failure(carrier, age, what)
    if error:
        what = shortest(carrier, age, what)
        error = failure(carrier, age, what)
    print(f"history {number} of seed {seed}: {carrier.name}, age {age}, {len(what)} acts")
    for name, arguments in what:
        print(f"    {name} {' '.join(map(str, arguments))}")
    print(f"    {type(error).__name__}: {error}" if error else "    all is well")
    return error is None


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--histories", type=counted, default=1_000_000)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--processes", type=counted, default=multiprocessing.cpu_count())
    parser.add_argument("--only", type=int, metavar="NUMBER", help="play this one, tell its acts")
    names = [part.carrier.name for part in PARTS]
    parser.add_argument("--on", choices=names, help="play on this carrier alone")
    asked = parser.parse_args()
    parts = [part for part in PARTS if asked.on in (None, part.carrier.name)]
    if asked.only is not None:
        sys.exit(0 if tell(asked.seed, asked.only, parts) else 1)
    began = time.monotonic()

    def progress(done, found, failed):
        rate = done / (time.monotonic() - began)
        print(
            f"{done:,} of {asked.histories:,} histories, {rate:,.0f} a second; "
            f"{found['cuts']:,} cuts; failed: {failed or 'none'}",
            flush=True,
        )

    found, failed = campaign(asked.histories, asked.seed, asked.processes, progress, parts)
    for what, count in sorted(found.items()):
        print(f"    {what:28}{count:14,}")
    print(
        f"{asked.histories:,} histories, seed {asked.seed}, {asked.processes} processes, "
        f"{time.monotonic() - began:,.0f} s: {len(failed)} failed"
    )
    for number in failed[:3]:
        tell(asked.seed, number, parts)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
