"""Token lock-out: how long the meter takes no token after wrong ones.

Three wrong tokens are free. From the third on, each makes the meter wait: 10 s,
doubling with each further one up to 1280 s. *Why* these: a customer who mistypes
twice never notices; a machine that guesses all day gets 67 tries.

The count is stored before a token is decrypted, so cutting the power does not
give a free try, and after a restart the whole wait begins again.

The arithmetic, for a meter that takes 61 % of all TIDs as new (base date 2014, in
2026); host_tests/guessing.py computes it, docs/reliability.md has the whole table:

    a guess of 20 digits is credit once in 9.3 million, one of class 0 in 1.7 million
    without lock-out, 15 s a try at the keypad:   4.4 years, class 0: 0.8 years
    without lock-out, 50 ms a try by wire:        5.4 days, class 0: 1.0 days
    with it, by either, cutting the power or not: 379 years, class 0: 70 years

Pure domain: no ports, no clock, no I/O.
"""

from micropython import const

FREE_FAILURES = const(3)
_FIRST_WAIT_S = const(10)
_LONGEST_WAIT_S = const(1280)
FAILURES_MAX = const(255)


def wait_s(failures: int) -> int:
    """Return the seconds without tokens that follow wrong token number `failures`."""
    if failures < FREE_FAILURES:
        return 0
    doublings = min(failures - FREE_FAILURES, 7)
    return min(_FIRST_WAIT_S << doublings, _LONGEST_WAIT_S)


def counted(failures: int) -> int:
    """Return `failures` after one more; the count stays in a byte."""
    return min(failures + 1, FAILURES_MAX)
