import unittest

from account.meter import NotProvisioned, StoreLost
from panel import beeper
from panel.answers import Answers
from ports.record_store import StoreFailed


class Panel:
    def __init__(self):
        self.called = []

    def call_up(self, pages, _now_ms):
        self.called += pages


class Player:
    """Notes each tune and who was at work; `broken` raises as a driver with a bug does."""

    def __init__(self, supervisor):
        self._supervisor, self.broken, self.heard = supervisor, False, []

    def play(self, tune, _now_ms):
        self.heard.append((tune, self._supervisor.at))
        if self.broken:
            raise ZeroDivisionError


class Supervisor:
    at = "metering"


class AnswersTest(unittest.TestCase):
    def setUp(self):
        self.supervisor, self.panel = Supervisor(), Panel()
        self.player = Player(self.supervisor)
        self.answers = Answers(self.panel, self.player, self.supervisor, 0)

    def test_the_buzzer_is_at_work_while_a_tune_begins_and_then_who_was_before(self):
        self.answers.play(beeper.ACCEPT, 1)
        self.assertEqual(self.player.heard, [(beeper.ACCEPT, "buzzer")])
        self.assertEqual(self.supervisor.at, "metering")

    def test_a_buzzer_that_raises_is_blamed_itself(self):
        self.player.broken = True
        with self.assertRaises(ZeroDivisionError):
            self.answers.play(beeper.ACCEPT, 1)
        self.assertEqual(self.supervisor.at, "buzzer")

    def test_a_key_change_that_was_dropped_is_shown_and_heard(self):
        self.answers.key_change_dropped(1)
        self.assertEqual(self.panel.called[0][:2], ["Key change ended", "Too late or no"])
        self.assertEqual(self.player.heard, [(beeper.DROPPED, "buzzer")])

    def test_a_token_that_could_not_be_looked_at_is_refused_with_the_reason(self):
        for reason, words in (
            (NotProvisioned(), "No key yet"), (StoreLost(), "Memory lost"),
            (StoreFailed(), "Memory failed"),
        ):  # fmt: skip
            self.setUp()
            self.answers.refused(reason, 1)
            self.assertEqual(self.panel.called[0][1], words)
            self.assertEqual(self.player.heard, [(beeper.REJECT, "buzzer")])

    def test_a_part_that_does_not_follow_is_shown_by_its_name(self):
        self.answers.not_following("load switch", 1)
        self.assertTrue("load switch" in " ".join(self.panel.called[0]).lower())


if __name__ == "__main__":
    unittest.main()
