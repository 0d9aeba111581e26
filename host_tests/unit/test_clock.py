"""The calendar of the clock port, against that of token identifiers, told in another way."""

import unittest

from ports import clock
from sts import tid


class CalendarTest(unittest.TestCase):
    def test_each_day_of_the_hundred_years_has_its_number_and_weekday(self):
        number = 0
        for base_year in range(2000, 2100):
            for day in range(366 if base_year % 4 == 0 else 365):
                date = tid.date(day * 1440 + 754, base_year)
                self.assertEqual(clock.seconds(*date, 56), number * 86_400 + 45_296)
                self.assertEqual(clock.weekday(*date[:3]), (number + 5) % 7)
                self.assertTrue(clock.is_time(*date, 56))
                number += 1
        self.assertEqual((number, date[:3]), (36_525, (2099, 12, 31)))

    def test_known_weekdays(self):
        for date, weekday in (
            ((2000, 2, 29), 1), ((2026, 11, 29), 6), ((2038, 1, 19), 1), ((2099, 12, 31), 3),
        ):  # fmt: skip
            self.assertEqual(clock.weekday(*date), weekday)

    def test_what_no_clock_holds_is_no_time(self):
        for good in ((2000, 1, 1, 0, 0, 0), (2099, 12, 31, 23, 59, 59), (2024, 2, 29, 1, 2, 3)):
            self.assertTrue(clock.is_time(*good))
        for wrong in (
            (1999, 12, 31, 23, 59, 59), (2100, 1, 1, 0, 0, 0), (2026, 0, 1, 0, 0, 0),
            (2026, 13, 1, 0, 0, 0), (2026, 1, 0, 0, 0, 0), (2026, 1, 32, 0, 0, 0),
            (2026, 4, 31, 0, 0, 0), (2026, 2, 29, 0, 0, 0), (2024, 2, 30, 0, 0, 0),
            (2026, 1, 1, 24, 0, 0), (2026, 1, 1, 0, 60, 0), (2026, 12, 31, 23, 59, 60),
        ):  # fmt: skip
            self.assertFalse(clock.is_time(*wrong), wrong)


if __name__ == "__main__":
    unittest.main()
