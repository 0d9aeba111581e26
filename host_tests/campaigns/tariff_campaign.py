"""The tariff campaign: two tills with clocks of their own sell on one database, beside a model.

Each till's clock runs, steps forth and back, and stands near the ends of months. The model is
written plainly: a dictionary for each month of a meter and each day of a key, whole money as
fractions of a cent, no code of the station. After each sale it is asked whether a charge or a
gift came twice, a step was forgotten, or a limit passed. `make tariff-campaign` runs it large,
`make test` small. Now and then an operator sets a clock right and has the station follow it again.

    make tariff-campaign CAMPAIGN_ARGS='--sales 100000'
"""

import argparse
import random
import tempfile
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

from sts import drn as sts_drn

from meter20.vending import meter_list, meter_time, refusal, sales, supply_groups, tariff_list
from meter20.vending.refusal import Refusal
from meter20.vending.sales import CreditOrder
from meter20.vending.sealing import Secret
from meter20.vending.station import Station
from meter20.vending.storage import Storage
from meter20.vending.vending_key import KeyTerms

SGC, METERS, CHUNK = "123456", 12, 100
ZONES = ("UTC", "Africa/Johannesburg", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe")
FIXED, TAX, FREE, STEP_END = Fraction(5000), Fraction(15, 100), 500, 3500  # cents, -, 0.1 kWh
PRICES = (Fraction("21.345"), Fraction("29.80"))  # cents for 0.1 kWh
TOKEN_MOST, DAY_MOST = 4_000, 120_000  # 0.1 kWh
TERMS = {
    "currency": "ZAR", "tax_percent": "15", "fixed_charge": "50", "free_kwh": "50",
    "steps": [{"up_to_kwh": "350", "price": "2.1345"}, {"price": "2.98"}],
}  # fmt: skip
_SECRET = Secret.passphrase("campaign passphrase")


class Till:
    """A till and its clock, which nobody can rely on."""

    def __init__(self, where: str, name: str, moment: datetime):
        self.moment = moment
        self.station = Station(Storage(where), _SECRET, name, lambda: self.moment)

    def wander(self, chance: random.Random, true: datetime) -> None:
        """Let the clock run on, step, or be set right."""
        what = chance.random()
        if what < 0.05:
            self.moment = true
        elif what < 0.08:
            self.moment = true + timedelta(minutes=chance.randrange(-3 * 1440, 3 * 1440))
        elif what < 0.10:
            self.moment = near_the_end_of_a_month(chance, true)
        elif what < 0.101:
            self.moment = true + timedelta(days=chance.randrange(20, 800))
        else:
            self.moment += timedelta(minutes=chance.randrange(10))


def near_the_end_of_a_month(chance: random.Random, true: datetime) -> datetime:
    """Return a moment within a day of the first of a month near `true`."""
    first = (true + timedelta(days=chance.choice((0, 20)))).replace(day=1, hour=0, minute=0)
    return first + timedelta(minutes=chance.randrange(-1440, 1440))


class Model:
    """What must hold, by months and days of `zone`."""

    def __init__(self, zone: str):
        self.zone = ZoneInfo(zone)
        self.months: dict[str, str] = {}
        self.day = ""
        self.bought: Counter = Counter()  # 0.1 kWh by (meter, month)
        self.charged: Counter = Counter()
        self.granted: Counter = Counter()
        self.given: Counter = Counter()  # free 0.1 kWh by meter
        self.issued: Counter = Counter()  # 0.1 kWh by day of the key
        self.tids: defaultdict = defaultdict(set)
        self.money: Counter = Counter()  # cents paid, less what was sold, by meter

    def at(self, moment: datetime) -> tuple[str, str]:
        """Return (month, day) of `moment` on the wall."""
        wall = moment.astimezone(self.zone)
        return f"{wall:%Y-%m}", f"{wall:%Y-%m-%d}"

    def back(self, moment: datetime) -> None:
        """Follow the clock again, as an operator said."""
        month, day = self.at(moment)
        self.months = {drn: min(known, month) for drn, known in self.months.items()}
        self.day = min(self.day, day)

    def sold(self, drn: str, moment: datetime, slip) -> None:
        """Hold a sale against the rules."""
        month, day = self.at(moment)
        month = self.months[drn] = max(self.months.get(drn, ""), month)
        self.day = max(self.day, day)
        lines = dict(map(tuple, slip.lines))
        self._charge(drn, month, lines)
        self._price(drn, month, slip, lines)
        self._tokens(drn, slip)
        self.bought[drn, month] += slip.units

    def _charge(self, drn: str, month: str, lines: dict) -> None:
        due = not self.charged[drn, month]
        assert lines.get("Fixed charge", 0) == (FIXED if due else 0), (drn, month, lines)
        self.charged[drn, month] += due
        self.granted[drn] += FREE if due else 0  # with the first purchase, as the charge is

    def _price(self, drn: str, month: str, slip, lines: dict) -> None:
        cheap = max(0, min(slip.units, STEP_END - self.bought[drn, month]))
        energy = cheap * PRICES[0] + (slip.units - cheap) * PRICES[1]
        told = sum(cents for words, cents in lines.items() if " kWh at " in words)
        assert abs(told - energy) <= Fraction(1, 2), (drn, month, lines, energy)
        net = told + lines.get("Fixed charge", 0)
        assert abs(lines["Tax 15 %"] - net * TAX) <= Fraction(1, 2)
        assert sum(lines.values()) == slip.paid_cents
        self.money[drn] += slip.paid_cents - net - lines["Tax 15 %"]
        assert 0 <= self.money[drn] == lines.get("Carried on", 0)

    def _tokens(self, drn: str, slip) -> None:
        for token in slip.tokens:
            assert token.tid not in self.tids[drn], "a minute was given out twice"
            self.tids[drn].add(token.tid)
            free = token.label.startswith("free ")
            units = round(Fraction(token.label.split()[-2]) * 10)
            assert (token.tid % 1440 == 1) == free
            assert units <= TOKEN_MOST
            self.issued[self.day] += units
            assert self.issued[self.day] <= DAY_MOST, "a day passed its limit"
            self.given[drn] += units if free else 0
        owed = self.granted[drn] - self.given[drn]
        assert owed >= 0, "free units were given twice"
        assert (f"{owed / 10:.1f} kWh" in slip.note) if owed else not slip.note


class Campaign:
    """Two tills, a true time between them, and the model."""

    def __init__(self, where: str, zone: str, seed: int):
        self.chance, self.model = random.Random(seed), Model(zone)
        self.true = datetime(2026, 1, 1, 12, tzinfo=UTC)
        founded = Station.found(
            Storage(where), _SECRET, "campaign", "campaign", lambda: self.true, zone=zone
        )
        with founded.desk() as desk:
            tariff_list.keep_tariff(desk, "home", TERMS)
            limits = {"max_token_energy": TOKEN_MOST, "max_day_energy": DAY_MOST}
            supply_groups.add_group(desk, KeyTerms(SGC, **limits), tariff="home")
            for drn in meters():
                meter_list.add_meter(desk, meter_list.NewMeter(drn, SGC))
        self.tills = [Till(where, name, self.true) for name in ("first", "second")]
        self.counts: Counter = Counter()

    def run(self, total: int) -> None:
        """Sell until `total` sales were made, CHUNK to a commit."""
        while self.counts["sales"] < total:
            till = self.chance.choice(self.tills)
            count = min(self.chance.choice((1, CHUNK)), total - self.counts["sales"])
            with till.station.desk() as desk:
                for _ in range(count):
                    self._sell(till, desk)
            if self.chance.random() < 0.01:
                self._set_right(till)
        with till.station.looking() as session:
            assert till.station.module.verify_log(session).broken is None

    def _sell(self, till: Till, desk) -> None:
        self.true += timedelta(minutes=self.chance.randrange(12))
        before = till.moment
        till.wander(self.chance, self.true)
        self.counts["steps back"] += till.moment < before
        desk = type(desk)(desk.session, desk.module, desk.actor, till.moment, desk.zone)
        drn, chance = self.chance.choice(meters()), self.chance
        how = {"units": chance.randrange(1, 900)} if chance.random() < 0.3 else {
            "money": chance.randrange(100, 90_000)}  # fmt: skip
        try:
            slip = sales.credit(desk, CreditOrder(drn, **how))
        except Refusal as refused:
            self.counts[f"refused: {refused.code}"] += 1
            assert refused.code in (refusal.CLOCK, refusal.LIMIT, refusal.VALUE), refused
            return
        self.counts["sales"] += 1
        self.model.sold(drn, till.moment, slip)

    def _set_right(self, till: Till) -> None:
        """An operator sets the clock right, and has the station follow it again."""
        till.moment = self.true
        with till.station.desk() as desk:
            desk.module.clock.accept(desk.session, desk.actor)
            _keys, done, stay = meter_time.all_back(desk, "campaign")
        self.counts["times back"] += 1
        self.counts["meters back"] += len(done)
        assert not stay or all("OldError" in str(why) for why in stay)
        held = {drn: self.model.months.get(drn, "") for drn in meters() if any(
            drn in str(why) for why in stay)}  # fmt: skip
        self.model.back(till.moment)
        self.model.months.update(held)


def meters() -> list[str]:
    """Return the numbers of the meters."""
    payloads = [f"01{serial:08}" for serial in range(METERS)]
    return [payload + sts_drn.check_digit(payload) for payload in payloads]


def run(folder: Path, total: int, seed: int = 0) -> str:
    """Sell `total` times, a share in each of ZONES; return what was done."""
    counts: Counter = Counter()
    start = time.perf_counter()
    for number, zone in enumerate(ZONES):
        share = total // len(ZONES) + (number < total % len(ZONES))
        campaign = Campaign(str(folder / f"{number}.sqlite"), zone, seed + number)
        campaign.run(share)
        counts += campaign.counts
        counts["months"] += len(campaign.model.bought)
        counts["free tokens, kWh"] += sum(campaign.model.given.values()) // 10
    told = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
    return (
        f"tariff campaign: {len(ZONES)} zones, two tills, {METERS} meters, seed {seed}: {told}; "
        f"no charge, gift or minute twice, no limit passed ({time.perf_counter() - start:.0f} s)"
    )


def main() -> None:
    """Run by `make tariff-campaign`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sales", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="meter20-campaign-") as folder:
        print(run(Path(folder), options.sales, options.seed))


if __name__ == "__main__":
    main()
