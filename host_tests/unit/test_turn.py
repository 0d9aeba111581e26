"""A turn shows what is so now, and at rest makes nothing anew."""

import unittest

from data import meters
from meter.turn import Turn
from panel import beeper
from panel.keys import Keys
from panel.token_entry import TokenEntry
from supply import decision


class Kept:
    def __init__(self):
        self.state = meters.state()


class Meter:
    def __init__(self):
        self.kept = Kept()
        self.wait_ms = 0

    def lockout_ms(self, _now_ms, _by):
        return self.wait_ms


class Notes:
    def __init__(self):
        self.settings, self.history, self.events, self.faults = [object() for _ in range(4)]


class Entry:
    """An entry that nobody went on with."""

    def __init__(self):
        self.expired = True

    def expire(self, _now_ms):
        return self.expired

    def due_ms(self, _now_ms):
        return None


class Answers:
    def __init__(self):
        self.tunes = []

    def play(self, tune, _now_ms):
        self.tunes.append(tune)


class TurnTest(unittest.TestCase):
    def setUp(self):
        self.meter, self.notes = Meter(), Notes()
        self.turn = Turn(self.meter, self.notes, None, None, 0)

    def test_view_is_kept_while_nothing_changes(self):
        self.assertIs(self.turn.view(), self.turn.view())

    def test_view_follows_all_that_it_shows(self):
        def pretend(thing, name, value):
            self.turn.view()
            setattr(thing, name, value)
            return self.turn.view()

        state = meters.state(power_limit_w=5)
        self.assertIs(pretend(self.meter.kept, "state", state).state, state)
        self.assertEqual(pretend(self.turn.power, "watts", 7).watts, 7)
        reason = pretend(self.turn, "relay_reason", decision.FRIENDLY).relay_reason
        self.assertEqual(reason, decision.FRIENDLY)
        self.assertEqual(pretend(self.meter, "wait_ms", 9001).lockout_s, 10)
        for name in ("settings", "history", "events", "faults"):
            new = object()
            self.assertIs(getattr(pretend(self.notes, name, new), name), new)


class KeysTest(unittest.TestCase):
    def test_keys_without_end_are_read_some_at_a_time_and_the_others_at_once_after_that(self):
        class Keypad:
            read_ = 0

            def read(self):
                self.read_ += 1
                return "C"

        class NoPanel:
            is_telling = False

            def dismiss(self):
                pass

        keypad, entry = Keypad(), TokenEntry()
        part = Keys(keypad, entry, NoPanel(), None, Answers(), None)
        self.assertEqual(part.step(Turn(Meter(), Notes(), None, None, 0)), 1)
        self.assertEqual(keypad.read_, 32)

    def test_entry_that_is_dropped_is_heard_once(self):
        entry, answers = Entry(), Answers()
        turn = Turn(Meter(), Notes(), None, None, 0)
        turn.news = False
        part = Keys(None, entry, None, None, answers, None)
        part.step(turn)
        self.assertEqual((answers.tunes, turn.news), ([beeper.DROPPED], True))
        entry.expired = False
        part.step(turn)
        self.assertEqual(answers.tunes, [beeper.DROPPED])
