"""The power goes at each flash operation of a DLMS session.

No counter and no token comes twice, and what `enter` was told to be done stays done.
"""

import unittest

from account.carrier import LOCAL, REMOTE
from data import meters
from dlms import axdr
from flash_chip import PowerCut
from models import dlms_lines
from models.dlms_client import Client
from rigs.dlms_rig import Rig

GATEWAY = "0.0.19.40.0.255"
TOKEN = meters.TOKEN_100_WH
WRONG = TOKEN[:19] + "0"
_FAR = 1000


class DlmsSessionTest(unittest.TestCase):
    by = REMOTE

    def begun(self, rig):
        """Return a management client that has said who it is."""
        client = rig.management()
        self.assertEqual(client.gmac(), (0, 14, True))
        return client

    def watch(self, rig):
        """Let `sent` and `heard` note each counter that is used, whatever happens then."""
        counters = rig.part.carrier.shared.counters
        next_sent, accept = counters.next_sent, counters.accept_received

        def noted_sent():
            self.sent.append(next_sent())
            return self.sent[-1]

        def noted_accept(counter):
            taken = accept(counter)
            if taken:
                self.heard.append(counter)
            return taken

        counters.next_sent, counters.accept_received = noted_sent, noted_accept

    def session(self, rig, entered=(WRONG, TOKEN)):
        """Prove, enter tokens, and read what became of the last; return that.

        What was answered with success is in `answered`; `entering` has no answer yet.
        """
        self.watch(rig)
        client = self.begun(rig)
        for digits in entered:
            self.entering = [digits]
            token = axdr.octets(digits.encode())
            self.assertEqual(client.act(115, GATEWAY, 1, token), (0, None))
            self.answered += self.entering
            self.entering = []
        self.assertEqual(client.get(115, GATEWAY, 5), (0, 0 if self.by == REMOTE else 1))
        return rig.part.carrier.shared.last_token.status[0]

    def cut(self, after, torn):
        """Cut the power in a session; return whether it went."""
        rig = Rig()
        rig.app.clock.set(2026, 11, 29, 10, 0, 0)
        self.sent, self.heard, self.answered, self.entering = [], [], [], []
        rig.chip.arm_cut(after, torn)
        went = True
        try:
            rig.wait(1)
            self.session(rig)
            went = False
        except PowerCut:
            line = rig.network.line if self.by == REMOTE else rig.serial
            if self.entering and line.went:  # the answer left before the power did
                self.answered += self.entering
        rig.begin()
        credited = rig.credit == 100
        self.assertTrue(credited or rig.credit == 0)
        self.assertTrue(credited or TOKEN not in self.answered)
        if self.answered == [WRONG] and not credited:  # an accepted token forgets wrong ones
            self.assertTrue(rig.app.meter.state.failures[self.by] >= 1)
        self.assertEqual(self.session(rig, (TOKEN,)), 6 if credited else 3)
        self.assertEqual(rig.credit, 100)
        self.assertEqual(len(set(self.sent)), len(self.sent))
        self.assertEqual(self.heard, sorted(set(self.heard)))
        return went

    def test_cut_at_each_operation_repeats_no_counter_and_no_token(self):
        for torn in (False, True):
            after = 0
            while self.cut(after, torn):
                after += 1
                self.assertTrue(after < _FAR)
            self.assertTrue(after > 8)


class DlmsSerialSessionTest(DlmsSessionTest):
    """The same on the local line, with a password."""

    by = LOCAL

    def begun(self, rig):
        client = Client(lambda apdu, address: dlms_lines.over_hdlc(rig, apdu, address))
        self.assertEqual(client.low(), (0, 0))
        return client


if __name__ == "__main__":
    unittest.main()
