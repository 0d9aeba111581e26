"""Scans of a key matrix become key presses."""

import unittest

from drivers.key_matrix import KeyMatrix

KEYS = "123A456B789C*0#D"
PAD = "123456789*0#"


def mask(keys, labels=KEYS):
    return sum([1 << labels.index(key) for key in keys])


def taken(matrix):
    keys = ""
    key = matrix.take()
    while key is not None:
        keys += key
        key = matrix.take()
    return keys


class KeyMatrixTest(unittest.TestCase):
    def setUp(self):
        self.matrix = KeyMatrix(KEYS, 4)
        self.matrix.scanned(0, 0)

    def scan(self, keys, elapsed_ms=20):
        self.matrix.scanned(mask(keys), elapsed_ms)
        return taken(self.matrix)

    def test_key_is_reported_once_however_long_it_is_held(self):
        self.assertEqual(self.scan("5"), "5")
        for _ in range(100):
            self.assertEqual(self.scan("5"), "")
        self.assertEqual(self.scan(""), "")
        self.assertEqual(self.scan("5"), "5")

    def test_second_key_pressed_before_the_first_is_let_go_counts(self):
        self.assertEqual(self.scan("1"), "1")
        self.assertEqual(self.scan("12"), "2")
        self.assertEqual(self.scan("2"), "")

    def test_two_keys_at_once_are_both_reported(self):
        self.assertEqual(self.scan("19"), "19")

    def test_ghost_of_a_rectangle_is_not_reported(self):
        self.assertEqual(self.scan("1"), "1")
        self.assertEqual(self.scan("12"), "2")
        self.assertEqual(self.scan("1245"), "")  # 4 was pressed, 5 is its ghost
        self.assertEqual(self.scan("24"), "4")  # one let go: no doubt any more

    def test_three_keys_that_are_no_rectangle_are_believed(self):
        self.assertEqual(self.scan("126"), "126")

    def test_key_down_at_boot_is_stuck_until_it_is_let_go(self):
        matrix = KeyMatrix(KEYS, 4)
        matrix.scanned(mask("7"), 0)
        self.assertEqual(matrix.stuck, "7")
        matrix.scanned(mask("78"), 20)
        self.assertEqual(taken(matrix), "8")
        matrix.scanned(0, 20)
        self.assertEqual(matrix.stuck, "")
        matrix.scanned(mask("7"), 20)
        self.assertEqual(taken(matrix), "7")

    def test_key_down_for_10_s_is_stuck(self):
        self.scan("3")
        self.scan("3", 9_999)
        self.assertEqual(self.matrix.stuck, "")
        self.scan("3", 1)
        self.assertEqual(self.matrix.stuck, "3")
        self.assertEqual(self.scan("39"), "9")

    def test_queue_keeps_the_first_keys(self):
        for _ in range(3):
            for key in "1234567890":
                self.matrix.scanned(mask(key), 20)
                self.matrix.scanned(0, 20)
        self.assertEqual(taken(self.matrix), "1234567890123456")


class StarTest(unittest.TestCase):
    def held(self, labels, key, duration_ms, columns=3):
        matrix = KeyMatrix(labels, columns)
        matrix.scanned(0, 0)
        matrix.scanned(mask(key, labels), 20)
        for _ in range(duration_ms // 20):
            matrix.scanned(mask(key, labels), 20)
        return taken(matrix)

    def test_star_held_for_a_second_is_c_on_a_pad_without_letters(self):
        self.assertEqual(self.held(PAD, "*", 980), "*")
        self.assertEqual(self.held(PAD, "*", 1000), "*C")
        self.assertEqual(self.held(PAD, "*", 5000), "*C")

    def test_other_keys_held_are_themselves(self):
        self.assertEqual(self.held(PAD, "#", 5000), "#")

    def test_star_held_is_a_star_where_there_is_a_c(self):
        self.assertEqual(self.held(KEYS, "*", 5000, 4), "*")

    def test_no_key_held_is_no_key(self):
        for labels, columns in ((KEYS, 4), (PAD, 3)):
            matrix = KeyMatrix(labels, columns)
            for _ in range(1000):
                matrix.scanned(0, 20)
            self.assertEqual(taken(matrix), "")
            self.assertEqual(matrix.stuck, "")

    def test_stuck_star_is_no_c(self):
        matrix = KeyMatrix(PAD, 3)
        for _ in range(100):
            matrix.scanned(mask("*", PAD), 20)
        self.assertEqual(taken(matrix), "")


if __name__ == "__main__":
    unittest.main()
