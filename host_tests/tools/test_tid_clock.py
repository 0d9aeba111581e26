"""Times to token identifiers: the reserved minute, several in one minute, and the ends."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sts import tid

from meter20.vending.tid_clock import BASE_YEARS, tid_of

MIDNIGHT = datetime(2004, 3, 29)
MIDNIGHT_TID = 5911200


def test_seconds_are_dropped():
    assert tid_of(datetime(2004, 3, 1, 13, 55, 59), 1993) == 5871715


def test_time_zone_is_not_looked_at():
    assert tid_of(datetime(2004, 3, 1, 13, 55, tzinfo=UTC), 1993) == 5871715


def test_ordinary_token_leaves_out_the_minute_after_midnight():
    offsets = [
        tid_of(MIDNIGHT + timedelta(minutes=minute), 1993) - MIDNIGHT_TID for minute in range(4)
    ]
    assert offsets == [0, 2, 2, 3]


def test_special_token_gets_that_minute_of_its_day():
    for hour in (0, 12, 23):
        when = MIDNIGHT + timedelta(hours=hour)
        assert tid_of(when, 1993, special=True) == MIDNIGHT_TID + 1


def test_second_special_token_of_a_day_is_refused():
    with pytest.raises(ValueError, match="behind"):
        tid_of(MIDNIGHT, 1993, after=MIDNIGHT_TID + 1, special=True)


def test_several_tokens_of_one_minute_differ():
    first = tid_of(MIDNIGHT + timedelta(minutes=3), 1993)
    second = tid_of(MIDNIGHT + timedelta(minutes=3), 1993, after=first)
    third = tid_of(MIDNIGHT + timedelta(minutes=3), 1993, after=second)
    assert (first, second, third) == (MIDNIGHT_TID + 3, MIDNIGHT_TID + 4, MIDNIGHT_TID + 5)


def test_tokens_pushed_into_the_reserved_minute_leave_it_out_too():
    assert tid_of(MIDNIGHT, 1993, after=MIDNIGHT_TID) == MIDNIGHT_TID + 2


def test_clock_that_caught_up_counts_again():
    assert tid_of(MIDNIGHT + timedelta(hours=1), 1993, after=MIDNIGHT_TID) == MIDNIGHT_TID + 60


@pytest.mark.parametrize("base_year, last_year", [(1993, 2024), (2014, 2045), (2035, 2066)])
def test_last_minute_of_a_base_date(base_year, last_year):
    last = datetime(last_year, 11, 24, 20, 15)
    assert tid_of(last, base_year) == 0xFFFFFF
    for outside in (last + timedelta(minutes=1), datetime(base_year - 1, 12, 31, 23, 59)):
        with pytest.raises(ValueError, match="outside"):
            tid_of(outside, base_year)


def test_after_the_last_tid_there_is_none():
    with pytest.raises(ValueError, match="outside"):
        tid_of(datetime(2024, 11, 24, 20, 15), 1993, after=0xFFFFFF)


def test_other_base_years_are_refused():
    with pytest.raises(ValueError, match="1993, 2014 or 2035"):
        tid_of(MIDNIGHT, 2000)


@given(st.integers(0, 0xFFFFFF), st.sampled_from(BASE_YEARS))
def test_meter_reads_the_date_that_was_meant(number, base_year):
    when = datetime(base_year, 1, 1) + timedelta(minutes=number)
    assert tid.date(number, base_year) == (when.year, when.month, when.day, when.hour, when.minute)
    assert tid_of(when, base_year) == (number + 1 if number % 1440 == 1 else number)
