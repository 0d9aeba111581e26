"""Pulse trains as a contact makes them: with bounce and jitter, for world.Train."""

MS = 1_000_000  # nanoseconds


class Noise:
    """A random sequence, the same on every interpreter."""

    def __init__(self, seed):
        self._state = seed

    def upto(self, limit):
        """Return a whole number from 0 to `limit` - 1."""
        self._state = (self._state * 25173 + 13849) & 0xFFFF
        return self._state * limit >> 16


class Contact:
    """Makes the edges of a contact that pulls a line low.

    edges_ns: the edges so far. time_ns: where the train ends. bounce_ns: how long each
    switching bounces, at most.
    """

    def __init__(self, bounce_ns=0, seed=1):
        self.edges_ns = []
        self.time_ns = 20 * MS
        self._bounce_ns = bounce_ns
        self._noise = Noise(seed)

    def pulses(self, count, low_ns, high_ns, jitter_ns=0):
        """Add `count` pulses: low for `low_ns` after its bounce, then high for `high_ns`."""
        for _ in range(count):
            self._switch()
            self.time_ns += low_ns + self._jitter(jitter_ns)
            self._switch()
            self.time_ns += high_ns + self._jitter(jitter_ns)

    def spikes(self, count, width_ns, apart_ns):
        """Add `count` levels too short for a pulse."""
        for _ in range(count):
            self.edges_ns += [self.time_ns, self.time_ns + width_ns]
            self.time_ns += width_ns + apart_ns

    def _switch(self):
        """Add an odd number of edges within the bounce time."""
        self.edges_ns.append(self.time_ns)
        if not self._bounce_ns:
            return
        end_ns = self.time_ns + self._bounce_ns
        for _ in range(1 + self._noise.upto(4)):
            left_ns = end_ns - self.time_ns
            first = 1 + self._noise.upto(16) * left_ns // 40
            second = 1 + self._noise.upto(16) * left_ns // 40
            self.edges_ns += [self.time_ns + first, self.time_ns + first + second]
            self.time_ns += first + second

    def _jitter(self, jitter_ns):
        return self._noise.upto(1024) * jitter_ns // 1024
