"""Pages about the meter come up in turn, and go with any other key."""

import unittest

from account.state import Identity
from body import SimBody
from data import meters
from journal import settings
from panel.panel import Panel
from panel.token_entry import TokenEntry
from panel.view import View
from supply import decision


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


class Turn:
    def __init__(self):
        self.now_ms, self._view = 0, None

    def view(self):
        return self._view

    def sees(self, watts, reason=decision.CREDIT, lockout_s=0):
        state, configured = meters.state(), settings.default()
        self._view = View(state, configured, None, watts, 0, reason, lockout_s, None, None)


class FiguresTest(unittest.TestCase):
    def setUp(self):
        self.panel, self.turn = Panel(None, TokenEntry()), Turn()
        self.drawn(0, 1000)

    def drawn(self, now_ms, *seen):
        """Show the view of `seen`; return the line of the power, and when the panel is due."""
        self.turn.now_ms = now_ms
        self.turn.sees(*seen)
        due_ms = self.panel.step(self.turn)
        return self.panel.lines[2], due_ms

    def test_other_figures_are_drawn_four_times_a_second_and_the_last_ones_too(self):
        self.assertEqual(self.drawn(150, 1001), ("1000 W", 100))
        self.assertEqual(self.drawn(249, 1002), ("1000 W", 1))
        self.assertEqual(self.drawn(250, 1002), ("1002 W", 10_000))
        self.assertEqual(self.drawn(400, 1003), ("1002 W", 100))
        self.assertEqual(self.drawn(500, 1003), ("1003 W", 10_000))

    def test_other_words_are_drawn_at_once_with_the_figures_of_then(self):
        self.assertEqual(self.drawn(10, 1000)[0], "1000 W")
        self.assertEqual(self.drawn(20, 7, decision.NO_CREDIT)[0], "7 W")
        self.assertEqual(self.panel.lines[1], "OFF: no credit")
        self.assertEqual(self.drawn(30, 8, decision.NO_CREDIT, 60)[0], "8 W")
        self.assertEqual(self.panel.lines[1], "Locked 60 s")


if __name__ == "__main__":
    unittest.main()
