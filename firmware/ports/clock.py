"""Port: a clock that goes on without power, and the calendar that it holds: 2000 to 2099, UTC.

No token is accepted or refused by it. In these years each fourth has a 29 February.
"""

from micropython import const

FIRST_YEAR, LAST_YEAR = const(2000), const(2099)
_WEEKDAY = const(5)  # 1 January 2000 was a Saturday
_S_PER_DAY, _S_PER_H = const(86_400), const(3600)


class Clock:
    """Tells the time in UTC while it can be trusted: from when it was set until it stops."""

    def now(self):
        """Return (year, month, day, weekday, hour, minute, second), or None if not trusted.

        weekday: 0 is Monday. Blocks 5 ms at most. A clock that does not answer is not trusted.
        """
        raise NotImplementedError

    def set(self, year: int, month: int, day: int, hour: int, minute: int, second: int):
        """Set the time, one that `is_time`. Blocks 5 ms at most.

        Raises OSError when the clock does not answer; it is set then, or not, or not trusted.
        """
        raise NotImplementedError


def is_time(year: int, month: int, day: int, hour: int, minute: int, second: int) -> bool:
    """Whether a clock can hold this time; it knows no leap seconds."""
    if not (FIRST_YEAR <= year <= LAST_YEAR and 1 <= month <= 12):
        return False
    return 1 <= day <= _days(month, year) and hour < 24 and minute < 60 and second < 60


def weekday(year: int, month: int, day: int) -> int:
    """Return the weekday of a date, 0 for Monday."""
    return (_day_number(year, month, day) + _WEEKDAY) % 7


def seconds(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int:
    """Return the seconds from the beginning of 2000 to a time."""
    days = _day_number(year, month, day)
    return days * _S_PER_DAY + hour * _S_PER_H + minute * 60 + second


def _day_number(year, month, day):
    """Return the days from 1 January 2000 to a date."""
    years = year - FIRST_YEAR
    before = [_days(number, year) for number in range(1, month)]
    return years * 365 + (years + 3) // 4 + sum(before) + day - 1


def _days(month, year):
    if month == 2:
        return 28 if year % 4 else 29
    return 30 if month in (4, 6, 9, 11) else 31
