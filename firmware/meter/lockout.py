"""Token lock-out: how long the meter takes no token after wrong ones.

Three wrong tokens are free. From the third on, each makes the meter wait: 10 s,
doubling with each further one up to 1280 s. *Why* these: a customer who mistypes
twice never notices; a machine that guesses all day gets 67 tries.

The count is stored before a token is decrypted, so cutting the power does not
give a free try, and after a restart the whole wait begins again.

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
