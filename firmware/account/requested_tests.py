"""Test/display tokens (class 1): which tests a token asks for.

They need no key, may be repeated at will and leave the TID memory alone. `meter.inbox` lets the
contactor run the load switch test; `panel.meter_tests` shows the results.

Pure domain: no ports, no clock, no I/O.
Source: IEC 62055-41, InitiateMeterTest/Display.
"""

from micropython import const
from sts import kinds, results

LOAD_SWITCH = const(1)
DISPLAY = const(2)
TOTAL = const(3)
KRN = const(4)
TI = const(5)
KEYPAD = const(6)
POWER_LIMIT = const(7)
TAMPER = const(8)
POWER = const(9)
VERSION = const(10)
PHASE_UNBALANCE = const(11)
TARIFF_RATE = const(13)
EA = const(14)
KCT_COUNT = const(15)
SGC = const(16)
KEN = const(17)
DRN = const(18)

#: Number under which the flags of the extended token set are shown; not a test of the standard.
FLAGS = const(0)

#: Tests of a three-phase meter, in the order in which test 0 runs them. 12 (water meter factor) is
#: for water meters; 11 needs three phases.
SUPPORTED = (
    LOAD_SWITCH, DISPLAY, TOTAL, KRN, TI, KEYPAD, POWER_LIMIT, TAMPER, POWER, VERSION,
    PHASE_UNBALANCE, TARIFF_RATE, EA, KCT_COUNT, SGC, KEN, DRN,
)  # fmt: skip

_CONTROL_BITS = {kinds.TEST_2DIGIT: 36, kinds.TEST_4DIGIT: 28}
_READ_FLAG = 0xFC0000000  # index 63 in the top 6 of 36 bits; which flag, no source tells
_ANY_MANUFACTURER = const(0)


def supported(phases: int) -> tuple:
    """Return the tests that a meter with 1 or 3 `phases` has."""
    return tuple([test for test in SUPPORTED if phases != 1 or test != PHASE_UNBALANCE])


def requested(token, drn: str, phases: int):
    """Return (result, kind, tests) of `token`, a decoded class 1 token.

    drn: the meter's number, which begins with its manufacturer code, or "" in
    factory state. tests: numbers of `SUPPORTED`, in order, () unless the result
    is Accept. A token that asks for no test this meter has gets FunctionError.
    """
    if not token.crc_ok:
        return results.CRC, "", ()
    if token.kind is None:
        return results.FUNCTION, "", ()
    if token.fields["mfr"] not in (_ANY_MANUFACTURER, _own_code(token.kind, drn)):
        return results.MFR_CODE, token.kind, ()
    tests = _tests(token, supported(phases))
    return (results.ACCEPT if tests else results.FUNCTION), token.kind, tests


def _tests(token, here):
    """Return those of the tests `here` that `token` asks for."""
    control = token.fields["control"]
    if token.kind == kinds.READ_EXTENDED:
        return (FLAGS,) if control == _READ_FLAG else ()
    if control == (1 << _CONTROL_BITS[token.kind]) - 1:  # test 0 is the mask with all bits one
        return here
    return tuple([test for test in here if control >> (test - 1) & 1])


def _own_code(kind, drn):
    """Return the manufacturer code in `drn` as a token of `kind` gives it, or None."""
    if kind == kinds.TEST_2DIGIT and len(drn) == 11:
        return int(drn[:2])
    if kind == kinds.TEST_4DIGIT and len(drn) == 13:
        return int(drn[:4])
    return None
