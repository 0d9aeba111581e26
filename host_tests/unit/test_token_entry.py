import unittest

from panel.token_entry import (
    CANCELLED,
    CHANGED,
    CODE,
    KEPT,
    NEXT_PAGE,
    NOTHING,
    TIMEOUT_MS,
    TOKEN,
    TokenEntry,
)

DIGITS = "12345678901234567890"


class TokenEntryTest(unittest.TestCase):
    def setUp(self):
        self.entry = TokenEntry()

    def press(self, keys, now_ms=0, answered=False):
        what = None
        for key in keys:
            what = self.entry.press(key, now_ms, answered)
        return what

    def test_twentieth_digit_enters_the_token(self):
        self.assertEqual(self.press(DIGITS[:19]), (CHANGED, ""))
        self.assertEqual(self.press(DIGITS[19]), (TOKEN, DIGITS))
        self.assertFalse(self.entry.active)

    def test_enter_ends_a_token_early(self):
        self.assertEqual(self.press("123#"), (TOKEN, "123"))
        self.assertEqual(self.press("12D"), (TOKEN, "12"))

    def test_enter_after_the_twentieth_digit_keeps_the_answer(self):
        for key in "#D":
            self.press(DIGITS)
            self.assertEqual(self.press(key, answered=True), (KEPT, ""))
            self.assertFalse(self.entry.active)

    def test_a_token_may_follow_that_enter(self):
        self.assertEqual(self.press(DIGITS + "#" + DIGITS, answered=True), (TOKEN, DIGITS))
        self.assertEqual(self.press("#" + DIGITS[:6] + "#", answered=True), (TOKEN, DIGITS[:6]))

    def test_a_short_code_may_follow_that_enter(self):
        for code in ("4", "45620"):
            keys = DIGITS + "#" + code + "#"
            self.assertEqual(self.press(keys, answered=True), (CODE, code))
        self.assertEqual(self.press("4#", answered=True), (TOKEN, "4"))

    def test_enter_begins_a_short_code_once_the_answer_is_gone_or_another_key_came(self):
        for keys in (DIGITS, DIGITS + "#", DIGITS + "C", DIGITS + "#C", DIGITS + "#4#", "123#"):
            self.press(keys, answered=True)
            self.assertEqual(self.press("#", answered=keys != DIGITS), (CHANGED, ""))
            self.assertTrue(self.entry.is_code)
            self.press("C")

    def test_back_takes_one_digit(self):
        self.press("123*")
        self.assertEqual(self.entry.digits, "12")
        self.press("B")
        self.assertEqual(self.entry.digits, "1")

    def test_back_over_the_first_digit_ends_the_entry(self):
        self.assertEqual(self.press("1*"), (CANCELLED, ""))
        self.assertFalse(self.entry.active)

    def test_clear_drops_all(self):
        self.assertEqual(self.press("123C"), (CANCELLED, ""))
        self.assertFalse(self.entry.active)

    def test_short_code_stands_between_hashes(self):
        self.assertEqual(self.press("#078#"), (CODE, "078"))

    def test_short_code_has_five_digits_at_most(self):
        self.assertEqual(self.press("#123456"), (NOTHING, ""))
        self.assertEqual(self.press("#"), (CODE, "12345"))

    def test_hash_twice_or_star_leaves_the_short_code(self):
        for keys in ("##", "#*", "#1**", "#C"):
            self.assertEqual(self.press(keys), (CANCELLED, ""))
            self.assertFalse(self.entry.active)

    def test_star_alone_turns_the_page(self):
        self.assertEqual(self.press("*"), (NEXT_PAGE, ""))
        self.assertEqual(self.press("A"), (NEXT_PAGE, ""))

    def test_page_key_during_an_entry_does_nothing(self):
        self.assertEqual(self.press("1A"), (NOTHING, ""))
        self.assertEqual(self.entry.digits, "1")

    def test_entry_is_dropped_thirty_seconds_after_the_last_key(self):
        self.press("12", 0)
        self.press("3", 29_000)
        self.assertFalse(self.entry.expire(29_000 + TIMEOUT_MS - 1))
        self.assertTrue(self.entry.expire(29_000 + TIMEOUT_MS))
        self.assertEqual(self.entry.digits, "")
        self.assertFalse(self.entry.expire(99_000))

    def test_key_after_the_time_out_begins_anew(self):
        self.press("12", 0)
        self.press("3", TIMEOUT_MS)
        self.assertEqual(self.entry.digits, "3")

    def test_due_is_the_time_out(self):
        self.assertEqual(self.entry.due_ms(0), None)
        self.press("1", 100)
        self.assertEqual(self.entry.due_ms(1100), 29_000)


if __name__ == "__main__":
    unittest.main()
