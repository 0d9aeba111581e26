"""Guessing tokens: how likely a guess counts, and how long a patient attacker needs.

The arithmetic behind account.lockout and behind the guess campaign. It knows the rules of the
meter (account.acceptance, sts.key_change) as probabilities; the campaign feeds random tokens
through the real ones and compares.

    PYTHONPATH=host_tests python -m campaigns.guessing

prints the table of docs/reliability.md.
"""

import math
from collections import namedtuple
from fractions import Fraction

from account import carrier, lockout

#: Ways to guess. UNIFORM: any 20 digits. CLASS_0: a number below 2^66 whose class is credit.
UNIFORM, CLASS_0 = "uniform", "class 0"

#: Seconds to press 20 keys, by hand or by a machine; and for a token by wire to be answered.
KEYPAD_S, WIRE_S = 15, Fraction(1, 20)

#: Seconds to cut the power and wait for the meter to be there again.
RESTART_S = 15

_CRC = Fraction(1, 1 << 16)
_SUBCLASS = Fraction(1, 16)
_WORD = 1 << 16  # values of a 16-bit field
_TIDS = 1 << 24
_A_TOKEN = Fraction(1 << 66, 10**20)  # of 20 digits chosen at random

_DAY_S = 86_400
_YEAR_S = 31_557_600  # 365.25 days


def newer_share(lowest_tid: int) -> Fraction:
    """Return the share of all TIDs that are newer than the lowest one in the meter's memory."""
    return Fraction(_TIDS - 1 - lowest_tid, _TIDS)


def chances(how: str, newer: Fraction, ea: str = "11") -> dict:
    """Return what becomes of one guess at a meter with a unique key (DUTK), as probabilities.

    credit: electricity is added. management: a limit, rate or flag is set, or credit or
    tamper cleared. key section: taken as part of a key change, which needs all its sections
    in ten minutes. authentic: the checksum is right, whatever follows.
    """
    class_0 = class_2 = _A_TOKEN / 4
    if how == CLASS_0:
        class_0, class_2 = Fraction(1), Fraction(0)
    management = newer * _SUBCLASS * (
        1  # SetMaximumPowerLimit
        + Fraction(2, _WORD)  # ClearCredit: two registers
        + 1  # SetTariffRate
        + Fraction(1, _WORD)  # ClearTamperCondition
        + Fraction(10, _WORD)  # SetControlOrFlag: five flags
    )  # fmt: skip
    sections = Fraction(9, 16) * Fraction(2, 4) + Fraction(100, 256)  # KRN and KT; TI
    sections += 2 if ea == "11" else Fraction(1_000_000, 1 << 24)  # EA07: SGC
    return {
        "credit": class_0 * _CRC * _SUBCLASS * newer,
        "management": class_2 * _CRC * management,
        "key section": class_2 * _CRC * _SUBCLASS * sections,
        "authentic": (class_0 + class_2) * _CRC,
    }


def band(expected: float, outside: float = 0.001) -> tuple:
    """Return the lowest and highest count of a Poisson variable, each tail `outside` / 2 at most.

    expected: its mean, below 700.
    """
    below, term, count = 0.0, math.exp(-expected), 0
    low = None
    while True:
        if low is None and below + term > outside / 2:
            low = count
        below += term
        if 1 - below <= outside / 2:
            return low, count
        count += 1
        term *= expected / count


def seconds_for(tries: int, try_s, by: int = carrier.MANUAL) -> Fraction:
    """Return how long `tries` wrong tokens take that are entered as fast as lock-out allows.

    by: of account.carrier. try_s: seconds to enter one, which go on while the meter waits. Cutting
    the power between two tries changes nothing: the count is stored and the whole wait begins
    again.
    """
    waits = [lockout.wait_s(n, by) for n in range(256)]
    steady_from = waits.index(waits[-1])
    first = min(tries, steady_from)
    total = sum((max(try_s, waits[n]) for n in range(1, first + 1)), Fraction(0))
    return total + (tries - first) * max(try_s, Fraction(waits[-1]))


def tries_a_day(by: int) -> Fraction:
    """Return the tries a day that the lock-out of `by`, of account.carrier, leaves in the end."""
    return Fraction(_DAY_S, lockout.wait_s(lockout.FAILURES_MAX, by))


Attack = namedtuple("Attack", ("limiter", "carrier", "tries_a_day", "uniform_s", "class_0_s"))


def attacks(newer: Fraction) -> list:
    """Return an Attack for each limiter and carrier: mean seconds to one accepted credit.

    Of the meter's own lock-out, which a power cut does not change, each carrier has its own; all
    three at once is what somebody reaches who has them all. Beside it stand none at all, and one
    that a power cut ends, as meters are known to have: there the tries come in threes, with a
    restart after each three.
    """
    tries = {how: round(1 / chances(how, newer)["credit"]) for how in (UNIFORM, CLASS_0)}
    made = []
    ways = (("keypad", Fraction(KEYPAD_S)), ("wire", WIRE_S))
    for name, try_s in ways:
        times = [tries[how] * try_s for how in (UNIFORM, CLASS_0)]
        made.append(Attack("none", name, _DAY_S / try_s, *times))
    for name, try_s in ways:
        try_s += Fraction(RESTART_S, lockout.FREE_FAILURES)
        times = [tries[how] * try_s for how in (UNIFORM, CLASS_0)]
        made.append(Attack("one that a power cut ends", name, _DAY_S / try_s, *times))
    for name, try_s, by in (
        ("keypad", KEYPAD_S, carrier.MANUAL),
        ("cable", WIRE_S, carrier.LOCAL),
        ("network", WIRE_S, carrier.REMOTE),
    ):
        times = [seconds_for(tries[how], try_s, by) for how in (UNIFORM, CLASS_0)]
        made.append(Attack("meter20", name, tries_a_day(by), *times))
    a_day = sum(tries_a_day(by) for by in carrier.ALL)
    times = [tries[how] * _DAY_S / a_day for how in (UNIFORM, CLASS_0)]
    made.append(Attack("meter20", "all three at once", a_day, *times))
    return made


def years(seconds) -> float:
    return float(seconds) / _YEAR_S


def chance_within(seconds, mean_s) -> float:
    """Return the chance of a hit within `seconds`, if hits are `mean_s` apart in the mean."""
    return 1 - math.exp(-float(seconds) / float(mean_s))


def main():
    newer = newer_share(6_574_000)  # July 2026 from base date 2014
    print(f"share of TIDs that are newer: {float(newer):.3f}")
    for how in (UNIFORM, CLASS_0):
        each = chances(how, newer)
        print(
            f"{how}: one guess in {float(1 / each['credit']):,.0f} is credit"
            + (
                f", in {float(1 / each['management']):,.0f} management"
                if each["management"]
                else ""
            )
        )
    bought = round(1 / chances(CLASS_0, newer)["credit"] / lockout.FREE_FAILURES)
    print(f"tokens to buy if each clears the count after three tries: {bought:,}")
    print(
        "| lock-out | carrier | tries a day | uniform guesses | guesses of class 0 "
        "| class 0, chance in a year |"
    )
    print("| --- | --- | ---: | ---: | ---: | ---: |")
    for each in attacks(newer):
        times = [_words(seconds) for seconds in (each.uniform_s, each.class_0_s)]
        print(
            f"| {each.limiter} | {each.carrier} | {float(each.tries_a_day):,.1f} | "
            + " | ".join(times)
            + f" | {100 * chance_within(_YEAR_S, each.class_0_s):.1f} % |"
        )


def _words(seconds):
    if seconds < _YEAR_S / 10:
        return f"{float(seconds) / _DAY_S:.1f} days"
    return f"{years(seconds):,.1f} years"


if __name__ == "__main__":
    main()
