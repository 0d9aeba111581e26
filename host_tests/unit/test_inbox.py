"""Tokens of every carrier wait in one inbox, and the application takes one a step."""

import unittest

import board
from account import state as meter_state
from account.carrier import MANUAL, REMOTE
from data import meters
from flash_chip import FlashChip, RamImage
from meter import inbox
from meter.app import App
from parts import Clock
from sts import results

WRONG = meters.TOKEN_100_WH[:19] + "0"


class InboxTest(unittest.TestCase):
    def setUp(self):
        self.clock = Clock()
        self.ports = board.ports(FlashChip(RamImage(board.FLASH_SIZE)), self.clock)
        self.ports.store.commit(meter_state.to_bytes(meters.state()))
        self.app = App(self.ports, 0)
        self.told = []

    def step(self):
        self.clock.now_ms += 100
        return self.app.step(self.clock.now_ms)

    def offer(self, digits, by=REMOTE):
        self.app.inbox.offer(digits, by, self.told.append)

    def test_one_token_is_taken_a_step_and_the_next_is_due_at_once(self):
        for _ in range(3):
            self.offer(meters.TOKEN_100_WH)
        for number in (1, 2, 3):
            due_ms = self.step()
            self.assertEqual(len(self.told), number)
            self.assertTrue(due_ms == 1 or number == 3)
        self.assertEqual(
            [outcome.result for outcome in self.told], [results.ACCEPT, results.USED, results.USED]
        )
        self.assertEqual(self.app.meter.state.register.credit, 100)

    def test_what_became_of_a_token_is_told_after_it_is_stored(self):
        stored = []

        def told(_outcome):
            stored.append(meter_state.from_bytes(self.ports.store.load()).register.credit)

        self.app.inbox.offer(meters.TOKEN_100_WH, REMOTE, told)
        self.step()
        self.assertEqual(stored, [100])

    def test_carrier_is_in_the_state_and_in_the_history(self):
        self.offer(meters.TOKEN_100_WH)
        self.step()
        self.assertEqual(self.app.meter.state.last_carrier, REMOTE)
        self.assertEqual(self.app.notes.history[0].by, REMOTE)

    def test_accepted_token_of_a_network_is_shown_and_a_refused_one_is_not(self):
        self.step()
        at_rest = self.app.front.lines
        self.offer(WRONG)
        self.step()
        self.assertEqual(self.app.front.lines, at_rest)
        self.offer(meters.TOKEN_100_WH)
        self.step()
        self.assertEqual(self.app.front.lines[0], results.ACCEPT)

    def test_wrong_tokens_of_a_network_never_lock_the_keypad(self):
        for _ in range(20):
            self.offer(WRONG)
            self.step()
        self.assertEqual(self.told[-1].result, results.LOCKED_OUT)
        for key in meters.TOKEN_100_WH:
            self.app.front.press(key, self.clock.now_ms)
        self.step()
        self.assertEqual(self.app.front.lines[0], results.ACCEPT)
        self.offer(meters.TOKEN_100_WH)
        self.step()
        self.assertEqual(self.told[-1].result, results.LOCKED_OUT)

    def test_there_is_room_for_so_many_and_no_more(self):
        self.assertEqual(self.app.inbox.room, inbox.CAPACITY)
        for _ in range(inbox.CAPACITY):
            self.assertIsNotNone(self.app.inbox.offer(WRONG, REMOTE, self.told.append))
        self.assertEqual(self.app.inbox.room, 0)
        self.assertIsNone(self.app.inbox.offer(WRONG, REMOTE, self.told.append))
        self.step()
        self.assertEqual((self.app.inbox.room, len(self.told)), (1, 1))

    def test_token_that_is_withdrawn_is_not_entered_and_leaves_the_others_their_order(self):
        offered = [self.app.inbox.offer(WRONG, REMOTE, self.told.append) for _ in range(2)]
        self.offer(meters.TOKEN_100_WH)
        self.app.inbox.withdraw(offered[0])
        self.step()
        self.step()
        self.assertEqual([outcome.result for outcome in self.told], [results.CRC, results.ACCEPT])
        self.assertEqual(self.app.inbox.room, inbox.CAPACITY)

    def test_keys_are_served_while_tokens_of_a_network_wait(self):
        for _ in range(inbox.CAPACITY):
            self.offer(WRONG)
        for key in meters.TOKEN_100_WH:
            self.app.front.press(key, self.clock.now_ms)
        self.assertEqual(self.app.meter.state.last_carrier, MANUAL)
        self.step()
        self.assertEqual(self.app.front.lines[0], results.ACCEPT)

    def test_meter_without_a_key_tells_that_nothing_was_done(self):
        self.ports = board.ports(FlashChip(RamImage(board.FLASH_SIZE)), self.clock)
        self.app = App(self.ports, 0)
        self.offer(meters.TOKEN_100_WH)
        self.step()
        self.assertEqual(self.told, [None])

    def test_part_that_was_added_gets_its_turn_and_says_when_the_next_is_due(self):
        class Part:
            name = "network"
            turns = []

            def step(self, turn):
                self.turns.append(turn.now_ms)
                return 7

        self.step()
        self.app.add_part(Part(), self.clock.now_ms)
        self.assertEqual(self.step(), 7)
        self.assertEqual(Part.turns, [self.clock.now_ms])


if __name__ == "__main__":
    unittest.main()
