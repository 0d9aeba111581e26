"""The power goes at each flash operation of a DLMS session: no counter, no token comes twice."""

import unittest

from data import meters
from dlms import axdr
from flash_chip import PowerCut
from rigs.dlms_rig import Rig

GATEWAY = "0.0.19.40.0.255"
_FAR = 1000


class DlmsSessionTest(unittest.TestCase):
    def watch(self, rig):
        """Let `sent` and `heard` note each counter that is used, whatever happens then."""
        counters = rig.part.carrier.counters
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

    def session(self, rig):
        """Prove, enter the token, and read what became of it; return that."""
        self.watch(rig)
        client = rig.management()
        self.assertEqual(client.gmac(), (0, 14, True))
        token = axdr.octets(meters.TOKEN_100_WH.encode())
        self.assertEqual(client.act(115, GATEWAY, 1, token), (0, None))
        rig.wait(10)
        self.assertEqual(client.get(115, GATEWAY, 5), (0, 0))
        return rig.part.carrier.gateway.status[0]

    def cut(self, after, torn):
        """Cut the power in a session; return whether it went."""
        rig = Rig()
        rig.app.clock.set(2026, 11, 29, 10, 0, 0)
        self.sent, self.heard = [], []
        rig.chip.arm_cut(after, torn)
        went = True
        try:
            rig.wait(1)
            self.session(rig)
            went = False
        except PowerCut:
            pass
        rig.begin()
        self.assertTrue(rig.credit in (0, 100))
        credited = rig.credit == 100
        self.assertEqual(self.session(rig), 6 if credited else 3)
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


if __name__ == "__main__":
    unittest.main()
