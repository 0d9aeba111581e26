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

    edges_ns: the edges so far. starts_ns: the first edge of each pulse. time_ns: where the train
    ends. bounce_ns: how long each switching bounces, at most. noise: where chance comes from, a
    Noise or alike.
    """

    def __init__(self, bounce_ns=0, seed=1, noise=None):
        self.edges_ns = []
        self.starts_ns = []
        self.time_ns = 20 * MS
        self.bounce_ns = bounce_ns
        self._noise = noise or Noise(seed)

    def pulse(self, width_ns, gap_ns):
        """Add a pulse. width_ns, gap_ns: from the first edge of a switching to that of the next.

        So both hold the bounce, which may be all but nothing or all that is allowed.
        """
        self.starts_ns.append(self.time_ns)
        self._switch(self.time_ns)
        self._switch(self.time_ns + width_ns)
        self.time_ns += width_ns + gap_ns

    def pulses(self, count, width_ns, gap_ns, jitter_ns=0):
        """Add `count` pulses whose width and gap are up to `jitter_ns` longer than said."""
        for _ in range(count):
            self.pulse(width_ns + self._jitter(jitter_ns), gap_ns + self._jitter(jitter_ns))

    def spikes(self, count, width_ns, apart_ns):
        """Add `count` levels too short for a pulse."""
        for _ in range(count):
            self.edges_ns += [self.time_ns, self.time_ns + width_ns]
            self.time_ns += width_ns + apart_ns

    def _switch(self, time_ns):
        """Add an odd number of edges within the bounce time, at any times."""
        self.edges_ns.append(time_ns)
        if self.bounce_ns:
            upto = self._noise.upto
            later = [time_ns + 1 + upto(self.bounce_ns) for _ in range(2 * upto(5))]
            later.sort()
            self.edges_ns += later

    def _jitter(self, jitter_ns):
        return self._noise.upto(1024) * jitter_ns // 1024
