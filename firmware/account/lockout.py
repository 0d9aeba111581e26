"""Token lock-out: how long the meter takes no token after wrong ones.

Three wrong tokens are free. From the third on, each makes its carrier wait: 10 s,
doubling with each further one. *Why* so: a customer who mistypes twice never notices.
Each carrier has its own count and its own wait, so that nobody on a network or at a
cable locks the keypad's owner out. Who has a keypad, a cable and a network at once must
not gain by it: the keypad waits for 1 280 s at the longest, the cable for 10 240 s, a
network for 20 480 s. All three together give a machine that guesses all day 80 tries,
where the keypad alone gives 67.5:

    86 400 s / 1 280 s + 86 400 s / 10 240 s + 86 400 s / 20 480 s = 67.5 + 8.4 + 4.2 = 80.2

Before the longest waits are reached a carrier that was quiet gives 10, 13 and 14 more, once.
An accepted token clears the count of the carrier that brought it, and no other.

The counts are stored before a token is decrypted, so cutting the power does not
give a free try, and after a restart the whole waits begin again.

The arithmetic, for a meter that takes 61 % of all TIDs as new (base date 2014, in
2026); host_tests/campaigns/guessing.py computes it, docs/reliability.md has the whole table:

    a guess of 20 digits is credit once in 9.3 million, one of class 0 in 1.7 million
    without lock-out, 15 s a try at the keypad:   4.4 years, class 0: 0.8 years
    without lock-out, 50 ms a try by wire:        5.4 days, class 0: 1.0 days
    with it, by keypad, cutting the power or not: 379 years, class 0: 70 years
    with it, by all three carriers at once:       319 years, class 0: 59 years

Pure domain: no ports, no clock, no I/O.
"""

from micropython import const

FREE_FAILURES = const(3)
FAILURES_MAX = const(255)
NONE = (0, 0, 0)
_FIRST_WAIT_S = const(10)
_DOUBLINGS = (7, 10, 11)  # at most, of manual, local, remote


def wait_s(failures: int, carrier: int) -> int:
    """Return the seconds without tokens that follow wrong token number `failures` of `carrier`."""
    if failures < FREE_FAILURES:
        return 0
    return _FIRST_WAIT_S << min(failures - FREE_FAILURES, _DOUBLINGS[carrier])


def counted(failures, carrier: int):
    """Return `failures`, a count for each carrier, after one more; a count stays in a byte."""
    return _with(failures, carrier, min(failures[carrier] + 1, FAILURES_MAX))


def cleared(failures, carrier: int):
    """Return `failures`, a count for each carrier, with that of `carrier` 0."""
    return _with(failures, carrier, 0)


def _with(failures, carrier, count):
    return failures[:carrier] + (count,) + failures[carrier + 1 :]
