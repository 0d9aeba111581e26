"""What became of a token, as the token gateway of DLMS says it.

Pure: imports sts, account and dlms. Source: IEC 62056-6-2, token gateway, token_status_code and
token_delivery_method; the grouping of STS results is ours, see docs/ami.md.
"""

from account import carrier
from dlms import axdr
from micropython import const
from sts import results

EXECUTED, FORMAT, AUTHENTICATION, VALIDATION, EXECUTION, QUEUED = (
    const(3), const(4), const(5), const(6), const(7), const(8),
)  # fmt: skip

_CODES = {
    results.ACCEPT: EXECUTED,
    results.KCT_1: EXECUTED,
    results.KCT_2: EXECUTED,
    results.KCT_3: EXECUTED,
    results.KCT_4: EXECUTED,
    results.FORMAT: FORMAT,
    results.CRC: AUTHENTICATION,
    results.MFR_CODE: AUTHENTICATION,
    results.OLD: VALIDATION,
    results.USED: VALIDATION,
    results.KEY_EXPIRED: VALIDATION,
    results.DDTK: VALIDATION,
    results.OVERFLOW: EXECUTION,
    results.KEY_TYPE: EXECUTION,
    results.RANGE: EXECUTION,
    results.FUNCTION: EXECUTION,
    results.LOCKED_OUT: EXECUTION,
}


def number(result: str) -> int:
    """Return the number of a result of sts.results: its place among results.NAMES, from 1."""
    return results.NAMES.index(result) + 1


def of(result: str):
    """Return (token_status_code, data_value) for a result."""
    return _CODES[result], number(result)


def encoded(status) -> bytes:
    """Return (code, data) as token_status, attribute 6."""
    return axdr.structure(axdr.number(axdr.ENUM, status[0]), axdr.bits(8, status[1]))


def delivery(by: int) -> int:
    """Return the token_delivery_method of account.carrier `by`: 0 remote, 1 local, 2 manual."""
    return carrier.REMOTE - by
