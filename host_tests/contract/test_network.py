"""What ports.network promises, asked of the sockets of this interpreter, or of those in Node."""

import unittest

from ports.network import CLOSED, OPEN, OPENING

try:
    from host_network import HostNetwork as Network  # the virtual board
except ImportError:
    from drivers.socket_network import SocketNetwork as Network

_HOST = "127.0.0.1"
_TURNS = 3_000_000  # of waiting; each is a call, and ends as soon as what is waited for is there
_PORTS = range(20_100, 20_900, 7)


def until(is_so):
    """Ask until `is_so()`; return what it said last."""
    for _ in range(_TURNS):
        said = is_so()
        if said:
            return said
    return is_so()


def listener(network):
    """Return a Listener on the first port that is free."""
    for port in _PORTS:
        try:
            return network.listen(port)
        except OSError:
            pass
    raise AssertionError("no port is free")


class NetworkContract(unittest.TestCase):
    def setUp(self):
        self.network = Network()
        self.listener = listener(self.network)
        self.ours = self.theirs = None

    def tearDown(self):
        for part in (self.listener, self.ours, self.theirs):
            if part is not None:
                part.close()

    def connect(self):
        self.ours = self.network.open(_HOST, self.listener.port)
        self.theirs = until(self.listener.accept)
        self.assertTrue(until(lambda: self.ours.poll() == OPEN))
        self.assertTrue(until(lambda: self.theirs.poll() == OPEN))

    def carried(self, sender, receiver, data):
        """Send `data` as it is taken; return what arrived."""
        sent, came = 0, b""
        for _ in range(_TURNS):
            if sent < len(data):
                sent += sender.send(memoryview(data)[sent : sent + 1000])
            came += receiver.receive(300)
            if len(came) >= len(data):
                break
        return came

    def test_there_is_a_link(self):
        self.assertTrue(until(self.network.up))

    def test_nobody_waits_to_be_accepted_at_first(self):
        self.assertIsNone(self.listener.accept())

    def test_octets_arrive_in_order_both_ways(self):
        self.connect()
        data = bytes(range(256)) * 300
        self.assertTrue(self.carried(self.ours, self.theirs, data) == data)
        self.assertTrue(self.carried(self.theirs, self.ours, data[7:]) == data[7:])

    def test_nothing_that_came_is_no_octets_and_the_connection_stays_open(self):
        self.connect()
        self.assertEqual((self.ours.receive(10), self.ours.poll()), (b"", OPEN))

    def test_no_more_octets_come_than_were_asked_for(self):
        self.connect()
        self.assertEqual(self.ours.send(b"12345"), 5)
        self.assertEqual(until(lambda: self.theirs.receive(2)), b"12")
        self.assertEqual(until(lambda: self.theirs.receive(9)), b"345")

    def test_who_does_not_read_makes_the_other_wait(self):
        self.connect()
        taken = 0
        for _ in range(100_000):
            now = self.ours.send(bytes(1000))
            taken += now
            if not now:
                break
        self.assertEqual((now, self.ours.poll()), (0, OPEN))
        came = 0
        while came < taken:
            came += len(until(lambda: self.theirs.receive(1000)))
        self.assertEqual(came, taken)

    def test_what_was_sent_before_the_end_still_comes_then_it_is_closed(self):
        self.connect()
        self.ours.send(b"the end")
        came = b""
        self.assertTrue(until(lambda: self.theirs.poll() == OPEN))
        came = until(lambda: self.theirs.receive(3))
        self.ours.close()
        for _ in range(_TURNS):
            came += self.theirs.receive(3)
            if self.theirs.poll() == CLOSED:
                break
        self.assertEqual((came, self.theirs.state), (b"the end", CLOSED))
        self.assertEqual((self.theirs.send(b"x"), self.theirs.receive(1)), (0, b""))

    def test_a_closed_connection_stays_closed_and_takes_nothing(self):
        self.connect()
        for _ in range(2):
            self.ours.close()
            self.assertEqual(self.ours.poll(), CLOSED)
        self.assertEqual((self.ours.send(b"x"), self.ours.receive(1)), (0, b""))

    def test_before_it_is_open_it_takes_nothing(self):
        self.ours = self.network.open(_HOST, self.listener.port)
        if self.ours.state == OPENING:
            self.assertEqual(self.ours.receive(1), b"")
        self.assertTrue(until(lambda: self.ours.poll() == OPEN))

    def test_a_port_where_nobody_listens_closes_the_connection(self):
        port = self.listener.port
        self.listener.close()
        try:
            self.ours = self.network.open(_HOST, port)
        except OSError:
            return  # told at once
        self.assertTrue(until(lambda: self.ours.poll() == CLOSED))
        self.assertEqual(self.ours.why, "")

    def test_a_port_that_is_taken_is_refused(self):
        with self.assertRaises(OSError):
            self.network.listen(self.listener.port)

    def test_each_who_connects_is_accepted_once(self):
        self.connect()
        first, self.ours = self.ours, None
        second = self.theirs
        self.connect()
        self.assertEqual(self.carried(self.ours, self.theirs, b"b"), b"b")
        self.assertEqual(self.carried(first, second, b"a"), b"a")
        self.assertIsNone(self.listener.accept())
        first.close()
        second.close()

    def test_a_certificate_that_is_none_is_refused(self):
        if Network.has_tls:
            with self.assertRaises(ValueError):
                self.network.open(_HOST, self.listener.port, b"no certificate")


if __name__ == "__main__":
    unittest.main()
