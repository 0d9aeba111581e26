"""From the clock of a vending station to token identifiers; the inverse of `sts.tid.date`.

The clock must not run back: use UTC or local time without daylight saving, and
remember per meter the last TID given out. Which clock that is, the caller says.

Source: IEC 62055-41, TID, special reserved token identifier.
"""

from datetime import datetime, timedelta
from functools import lru_cache

from sts.tid import BASE_YEARS

_FIRST = datetime(1993, 1, 1)
_MINUTE = timedelta(minutes=1)
_FIRST_DAYS = {year: datetime(year, 1, 1).toordinal() for year in BASE_YEARS}
_BEGAN = {year: (datetime(year, 1, 1) - _FIRST) // _MINUTE for year in BASE_YEARS}

#: The highest TID: 24 bits.
LAST = (1 << 24) - 1
_A_DAY = 1440  # minutes
_RESERVED = 1  # the minute 00:01 of every day


def tid_of(when: datetime, base_year: int, after: int | None = None, special=False) -> int:
    """Return the TID of a token issued at `when`, counted from 1 January of `base_year`.

    Seconds are dropped; a time zone is not looked at. An ordinary token never
    gets the minute 00:01, it gets 00:02.
    after: the TID last given to this meter; the result is at least one more, so
    that several tokens in one minute differ.
    special: for tokens of which there is one a day: the minute 00:01 of that day.
    Raises ValueError for a base year that is none and for a time that 24 bits cannot
    hold; for a special token also if `after` has reached its minute.
    """
    if base_year not in BASE_YEARS:
        raise ValueError("base date must be 1993, 2014 or 2035")
    tid = minutes_since(when, base_year)
    if special:
        tid += _RESERVED - tid % _A_DAY
        if after is not None and tid <= after:
            raise ValueError("the special token of that day is behind the last token")
    else:
        if after is not None:
            tid = max(tid, after + 1)
        if tid % _A_DAY == _RESERVED:
            tid += 1
    if not 0 <= tid <= LAST:
        raise ValueError(f"{when:%Y-%m-%d %H:%M} is outside the 31.9 years from {base_year}")
    return tid


def minutes_since(when: datetime, base_year: int) -> int:
    """Return the minutes from 1 January of `base_year` to `when`; a time zone is not looked at."""
    days = when.toordinal() - _FIRST_DAYS[base_year]
    return (days * 24 + when.hour) * 60 + when.minute


def minute(tid: int, base_year: int) -> int:
    """Return the minute of a TID, counted from 1993 whatever its base year."""
    return tid + _BEGAN[base_year]


def tid_at(minute: int, base_year: int) -> int:
    """Return the TID of a minute since 1993; 0 before the base year, LAST past its 24 bits."""
    return min(max(minute - _BEGAN[base_year], 0), LAST)


def minute_at(when: datetime) -> int:
    """Return the minute since 1993 of a time; its zone is not looked at."""
    return (when.replace(tzinfo=None) - _FIRST) // _MINUTE


@lru_cache
def text(minute: int) -> str:
    """Return a minute since 1993 as a time for people."""
    return (_FIRST + minute * _MINUTE).isoformat(" ", "minutes")
