"""Pages about the meter come up in turn, and go with any other key."""

import unittest

from account.state import Identity
from body import SimBody
from data import meters
from journal import settings


def run(job):
    for _ in job:
        pass


class PanelTest(unittest.TestCase):
    def setUp(self):
        self.body = SimBody()
        self.body.app.front.provision(
            Identity(meters.DRN, 1000), meters.key(), meters.MANUFACTURED, 0, settings.default()
        )
        run(self.body.advance(1000))

    def pressed(self, keys):
        run(self.body.press(keys))
        return self.body.app.front.lines

    def test_after_the_last_page_comes_the_screen_at_rest_and_then_the_first_page(self):
        rest, first = self.body.app.front.lines, self.pressed("A")
        pages = [first]
        while self.pressed("A") != rest:
            pages.append(self.body.app.front.lines)
            self.assertTrue(len(pages) < 9)
        self.assertTrue(len(pages) >= 3)
        self.assertEqual([self.pressed("A") for _ in pages], pages)

    def test_a_key_that_ends_an_entry_ends_the_page_before_it(self):
        rest = self.body.app.front.lines
        self.assertTrue(self.pressed("A") != rest)
        self.assertEqual(self.pressed("5C"), rest)


if __name__ == "__main__":
    unittest.main()
