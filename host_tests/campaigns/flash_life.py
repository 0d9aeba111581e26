"""Flash life: a household's meter for 20 years, and how often each sector of its flash was erased.

The whole application runs on the store of each board: it decides what is written and when.
A week of the household: 67 kWh, so 3 500 kWh a year; a token when the credit has run out, entered
twice; a wrong one; 10 power cuts, half of them foretold, one of them inside a flash operation;
supplies that sag. Each month somebody guesses until the meter locks out, each quarter the cover is
opened, each year the key is changed.

`make flash-life-campaign` lives the 20 years, `make test` some weeks.

    make flash-life-campaign CAMPAIGN_ARGS='--years 20 --processes 2'
"""

import argparse
import multiprocessing
import random
import sys
import time
from collections import namedtuple

from data import meters
from flash_chip import PowerCut
from models import carriers, little_files
from models.plain_meter import Meaning
from rigs import whole_meter
from rigs.histories import digits
from sts import results

from campaigns.long_run import counted

ENDURANCE = 100_000  # erases of a sector
LIMIT = 0.10  # of the endurance, in YEARS
YEARS = 20
WH_A_YEAR = 3_500_000
WEEKS_A_YEAR = 52
CUTS_A_WEEK = 10
_SAGS_A_WEEK = 3
_STEP_WH = 45  # two to a checkpoint: as if pulse came after pulse, and twenty times as fast
_STEPS_A_WEEK = -(-WH_A_YEAR // WEEKS_A_YEAR // _STEP_WH)
_STEP_MS = 7 * 86_400_000 // _STEPS_A_WEEK
_KEYS = 3  # of rigs.histories

#: A store: what a board keeps its records on. parts: (name, first sector, one past the last).
Store = namedtuple("Store", ("carrier", "parts"))

STORES = {
    "rp2 frozen": Store(carriers.SIMULATOR, (("ring", 0, 6), ("ring of notes", 6, 8))),
    "rp2 stock": Store(little_files.ON_RP2, (("LittleFS", 0, 352),)),
    "esp32": Store(little_files.ESP32_BOARD, (("NVS", 0, 6), ("LittleFS", 6, 518))),
}
#: Media that no board has for its only one.
OTHERS = {
    "nvs alone": Store(carriers.NVS, (("NVS", 0, 6),)),
    "esp32 files alone": Store(little_files.ON_ESP32, (("LittleFS", 0, 512),)),
}

#: What a part of a store went through. erases: of each sector.
Wear = namedtuple("Wear", ("store", "part", "kwh", "erases"))


class Household:
    """A meter in use on `store`. kwh, commits: so far."""

    def __init__(self, store: Store, seed: int = 20):
        self._chance = random.Random(seed)
        self._store = store
        self._erases = [0] * (store.carrier.image().size() // 4096)
        self._rig = whole_meter.provisioned(store.carrier)
        self._now_ms = 0
        self._weeks = 0
        self._key = 0
        self._tid = meters.MANUFACTURED

    @property
    def kwh(self):
        return self._rig.state.register.total_wh / 1000

    def wear(self, name: str) -> list:
        """Return a Wear for each part of the store."""
        erases = [old + new for old, new in zip(self._erases, self._rig.chip.erases, strict=True)]
        return [
            Wear(name, part, self.kwh, erases[first:end]) for part, first, end in self._store.parts
        ]

    def live_a_week(self):
        events = [self._cut] * (CUTS_A_WEEK // 2) + [self._cut_with_warning] * (CUTS_A_WEEK // 2)
        events += [self._sag] * _SAGS_A_WEEK + [self._mistype]
        if self._weeks % 4 == 0:
            events += [self._guess]
        if self._weeks % 13 == 0:
            events += [self._tamper]
        if self._weeks % WEEKS_A_YEAR == 25:
            events += [self._change_key]
        when = sorted(
            (self._chance.randrange(_STEPS_A_WEEK), order) for order in range(len(events))
        )
        for step in range(_STEPS_A_WEEK):
            while when and when[0][0] == step:
                events[when.pop(0)[1]]()
            self._use()
        self._weeks += 1

    def _use(self):
        """A household buys when the light goes out."""
        if not self._rig.app.front.relay_closed:
            self._buy()
        self._rig.meter.consume(_STEP_WH)
        self._pass(_STEP_MS)

    def _pass(self, duration_ms):
        self._now_ms += duration_ms
        self._rig.app.step(self._now_ms)
        self._rig.rest()

    def _enter(self, kind, value, wanted, under=0):
        self._pass(1_280_000 if self._rig.meter.lockout_ms(self._now_ms) else 1)
        self._tid += 1
        meaning = Meaning(kind, (self._key + under) % _KEYS, self._tid, value)
        found = self._rig.app.front.enter(digits.__wrapped__(meaning), self._now_ms).result
        assert found == wanted, (meaning, found)
        return meaning

    def _buy(self):
        bought = self._enter("credit", WH_A_YEAR // WEEKS_A_YEAR // 100 * 100, results.ACCEPT)
        self._tid = bought.tid - 1
        self._enter("credit", bought.value, results.USED)
        self._pass(1)
        assert self._rig.app.front.relay_closed

    def _mistype(self):
        self._enter("credit", 100, results.CRC, under=1)

    def _guess(self):
        for _ in range(5):
            self._mistype()
        self._enter("power limit", 0, results.ACCEPT)

    def _tamper(self):
        self._rig.tamper.open = True
        self._pass(1)
        self._rig.tamper.open = False
        self._enter("clear tamper", 0, results.ACCEPT)

    def _change_key(self):
        new_key = (self._key + 1) % _KEYS
        for section, wanted in ((1, "1stKCT"), (2, "2ndKCT"), (3, "3rdKCT"), (4, results.ACCEPT)):
            self._enter("section", (section, new_key, 0), wanted)
        self._key = new_key

    def _sag(self):
        self._rig.supply.sags = True
        self._pass(20)
        self._rig.supply.sags = False

    def _cut_with_warning(self):
        self._rig.supply.sags = True
        self._pass(20)
        self._boot()

    def _cut(self):
        """One in five inside a flash operation: of the next checkpoint or the rest after it."""
        if self._chance.randrange(CUTS_A_WEEK // 2) == 0:
            rig, tears = self._rig, self._store.carrier.tears
            rig.chip.arm_cut(self._chance.randrange(6), self._chance.choice(tears))
            try:
                rig.meter.consume(2 * _STEP_WH)
                rig.rest()
            except PowerCut:
                pass
        self._boot()

    def _boot(self):
        for sector, count in enumerate(self._rig.chip.erases):
            self._erases[sector] += count
        self._rig.boot()
        self._rig.rest()
        self._now_ms = 0


def lived(name: str, weeks: int, progress=None) -> list:
    """Return the Wear of a store, of STORES or OTHERS, after `weeks`."""
    household = Household({**STORES, **OTHERS}[name])
    for week in range(1, weeks + 1):
        household.live_a_week()
        if progress and week % WEEKS_A_YEAR == 0:
            progress(name, week // WEEKS_A_YEAR)
    return household.wear(name)


def share_of_endurance(wear: Wear) -> float:
    """Return the part of its life that the hottest sector has used up."""
    return max(wear.erases) / ENDURANCE


def table(wears: list) -> list:
    """Return lines of text."""
    lines = [
        f"{'store':16} {'part':14} {'kWh':>8} {'erases':>9} {'per kWh':>8} "
        f"{'hottest':>8} {'of endurance':>13}"
    ]
    for wear in wears:
        lines.append(
            f"{wear.store:16} {wear.part:14} {wear.kwh:8,.0f} {sum(wear.erases):9,} "
            f"{sum(wear.erases) / wear.kwh:8.3f} {max(wear.erases):8,} "
            f"{share_of_endurance(wear):12.2%}"
        )
    return lines


def _lived_aloud(job) -> list:
    return lived(*job, progress=_progress)


def _progress(name, years):
    print(f"{name}: {years} years", file=sys.stderr, flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--years", type=counted, default=YEARS)
    parser.add_argument("--processes", type=counted, default=multiprocessing.cpu_count())
    parser.add_argument("--on", choices=[*STORES, *OTHERS], action="append", help="these alone")
    asked = parser.parse_args()
    began = time.monotonic()
    jobs = [(name, asked.years * WEEKS_A_YEAR) for name in asked.on or STORES]
    wears = []
    with multiprocessing.Pool(asked.processes) as pool:
        for some in pool.imap(_lived_aloud, jobs):
            wears += some
            print("\n".join(table(some)), flush=True)
    worst = max(share_of_endurance(wear) for wear in wears)
    allowed = LIMIT * asked.years / YEARS
    print(f"{asked.years} years, {time.monotonic() - began:,.0f} s: hottest sector at {worst:.2%}")
    sys.exit(0 if worst < allowed else 1)


if __name__ == "__main__":
    main()
