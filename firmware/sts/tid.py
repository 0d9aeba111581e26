"""Token identifiers (TID) that the meter remembers, so that no token counts twice.

A TID is the minutes from the base date to the issue of the token: 24 bits, a
small int on every port. The memory is an ascending tuple of TIDs. Comparison is
plain: a TID never wraps, a new base date comes with a new key instead.

Pure domain: imports `sts` modules and `const`, nothing else.
Source: IEC 62055-41, TID and token cancellation, KEN.
"""

from micropython import const

from sts import results

CAPACITY = const(50)  # TIDs; the fewest that the standard allows

BASE_YEARS = (1993, 2014, 2035)  # that a TID is counted from

_SIZE = const(3)  # bytes of one TID in `pack`
#: TIDs and their bytes, of the last `pack` or `unpack`: `pack` mostly gets the same and one more.
_packed = [(), b""]
_MINUTES_A_DAY = const(1440)
_FEBRUARY = const(2)
_MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)  # days


def refusal(tids, tid: int):
    """Return None if `tid` is new, else the result that refuses it (USED or OLD).

    tids: ascending. Whatever lies below the lowest is old, whether the memory is
    full or not: a new meter is `filled` with its manufacture for that purpose. An
    empty memory refuses nothing.
    """
    if tid in tids:
        return results.USED
    if tids and tid < tids[0]:
        return results.OLD
    return None


def remember(tids, tid: int) -> tuple:
    """Return the memory `tids` with `tid` in it; past CAPACITY the lowest is forgotten."""
    tids = tuple(tids)
    if tids and tid < tids[-1]:  # as a rule it is the newest
        return tuple(sorted(tids + (tid,))[-CAPACITY:])
    return (tids + (tid,))[-CAPACITY:]


def filled(tid: int) -> tuple:
    """Return the memory of a new meter: full of the `tid` of its manufacture.

    `filled(0)` is the memory after a roll-over: TID 0 reads as used, all others are new.
    """
    return (tid,) * CAPACITY


def expired(tid: int, ken: int) -> bool:
    """Say whether a token of `tid` came after the key with expiry number `ken`, 0 to 255.

    One step of `ken` is 65536 minutes, 45.5 days; 255 never expires.
    """
    return tid >> 16 > ken


def pack(tids) -> bytes:
    """Return `tids` as bytes, 3 for each, big-endian."""
    known, data = _packed
    if tids == known:
        return data
    if tids and tids[:-1] == known[1:]:
        data = data[_SIZE:] + tids[-1].to_bytes(_SIZE, "big")
    else:
        data = b"".join([tid.to_bytes(_SIZE, "big") for tid in tids])
    _packed[:] = [tids, data]
    return data


def unpack(data) -> tuple:
    """Return the TIDs that `pack` made into `data`; raise ValueError for part of one."""
    if len(data) % _SIZE:
        raise ValueError("TID memory must be a multiple of 3 bytes")
    tids = tuple(
        [int.from_bytes(data[at : at + _SIZE], "big") for at in range(0, len(data), _SIZE)]
    )
    _packed[:] = [tids, bytes(data)]
    return tids


def date(tid: int, base_year: int) -> tuple:
    """Return (year, month, day, hour, minute) of `tid`, counted from 1 January of `base_year`.

    base_year: 1993, 2014 or 2035. The clock is the vending station's, without
    daylight saving; the token does not say which time zone.
    """
    day = tid // _MINUTES_A_DAY
    minute = tid % _MINUTES_A_DAY
    year = base_year
    while day >= 365 + _leap(year):
        day -= 365 + _leap(year)
        year += 1
    month = 1
    while day >= _days(month, year):
        day -= _days(month, year)
        month += 1
    return year, month, day + 1, minute // 60, minute % 60


def _days(month, year):
    return _MONTHS[month - 1] + (month == _FEBRUARY and _leap(year))


def _leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
