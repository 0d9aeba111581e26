"""The world around an emulated chip: time, wires, and what is connected to them.

There is one, `WORLD`, as a chip has one; a test begins with `WORLD.start(chip)`.
Time moves when the test moves it (`advance_ms`) or the firmware sleeps. Whatever
the emulation does not know it refuses: a pin that the module lacks, one that is
used twice, an input that nobody drives.
"""

#: Levels of a wire that nobody drives.
FLOATING = None


class Reset(BaseException):
    """The chip restarts. Not an Exception: nothing in the firmware may catch it."""


class WatchdogReset(Reset):
    """The watchdog was not fed."""


class Level:
    """A wire held at `level`, for example by a resistor. A test may change it."""

    def __init__(self, level):
        self.level = level

    def level_at(self, _pin, _time_ns):
        return self.level


class Train:
    """A wire that follows a list of edges.

    edges_ns: times in nanoseconds, ascending; at each the level changes. It is asked
    for ever later times only, and so never looks back.
    """

    def __init__(self, edges_ns, idle=1):
        self._edges = edges_ns
        self._idle = idle
        self._past = 0  # edges that lie behind
        self._counted = 0  # edges that a hardware counter has seen

    def level_at(self, _pin, time_ns):
        edges, past = self._edges, self._past
        while past < len(edges) and edges[past] <= time_ns:
            past += 1
        self._past = past
        return self._idle ^ past & 1

    def count_edges(self, until_ns, level, filter_ns):
        """Return the edges to `level` up to `until_ns` that no earlier call has counted.

        Levels that last no longer than `filter_ns` do not count.
        """
        count = 0
        while self._counted < len(self._edges) and self._edges[self._counted] <= until_ns:
            number = self._counted
            self._counted += 1
            if (self._idle ^ number & 1 ^ 1) == level:
                last = number + 1 == len(self._edges)
                count += last or self._edges[number + 1] - self._edges[number] > filter_ns
        return count

    def next_edge_ns(self, time_ns):
        """Return the time of the first edge after `time_ns`, None if there is none."""
        self.level_at(None, time_ns)
        return self._edges[self._past] if self._past < len(self._edges) else None


class _Wire:
    """One pin of the chip and what hangs on it."""

    def __init__(self, number):
        self.number = number
        self.output = FLOATING  # what the chip drives: 0, 1, or nothing
        self.driven = False  # whether it ever drove anything
        self.pull = FLOATING
        self.outside = None  # with level_at(pin, time_ns)
        self.listeners = []  # called with (pin, output, time_ns)
        self.watcher = None  # lowest number of the state machines that watch this pin
        self._before = []  # (time_ns, output until then) of the changes that it may yet look at
        self.handler = None
        self.trigger = 0
        self.latched = 0

    def level_at(self, time_ns):
        output = self.output
        if self._before:
            for changed_ns, before in reversed(self._before):
                if changed_ns > time_ns:
                    output = before
        if output is not FLOATING:
            return output
        level = FLOATING
        if self.outside is not None:
            level = self.outside.level_at(self.number, time_ns)
        if level is FLOATING:
            level = self.pull
        if level is FLOATING:
            raise RuntimeError("pin %s floats: nobody drives it" % self.number)
        return level

    def next_edge_ns(self, time_ns):
        """Return when the level changes next after `time_ns`, None if nothing tells."""
        for changed_ns, _before in self._before:
            if changed_ns > time_ns:
                return changed_ns
        ask = getattr(self.outside, "next_edge_ns", None)
        return None if ask is None else ask(time_ns)

    def settled(self):
        """Nobody looks back any more."""
        self._before = []

    def drive(self, output, time_ns):
        if output != self.output:
            if self.watcher is not None:
                self._before.append((time_ns, self.output))
            self.output = output
            self.driven = True
            for listener in self.listeners:
                listener(self.number, output, time_ns)


class World:
    """chip: of chips. now_ns: nanoseconds since power came. devices: {address: I2C device}.

    owners: what each used pin is used for.
    """

    def start(self, chip):
        """Power comes to a new `chip`; nothing is connected."""
        self.chip = chip
        self.now_ns = 0
        self.wires = {}
        self.interrupting = []  # those of them whose changes call a handler
        self.owners = {}
        self.devices = {}
        self.timers = []
        self.machines = []  # PIO state machines that run, those of a lower number first
        self.watched = []  # wires that they watch
        self.programs = {}
        self.watchdog_ns = None
        self.watchdog_ms = 0
        self.interrupts_off = False
        self.storage = None  # what rp2.Flash holds

    def stop(self):
        """Power goes: nothing works until `start`."""
        self.__dict__.clear()

    def wire(self, number) -> _Wire:
        """Return the wire at pin `number`."""
        wire = self.wires.get(number)
        if wire is None:
            if number not in self.chip.pins:
                raise ValueError("%s has no pin %s to use" % (self.chip.name, number))
            wire = self.wires[number] = _Wire(number)
        return wire

    def claim(self, number, use):
        """Take pin `number` for `use`. Raises ValueError if it is taken."""
        if number in self.owners:
            raise ValueError("pin %s is %s already" % (number, self.owners[number]))
        self.wire(number)
        self.owners[number] = use

    def connect(self, number, outside):
        """Connect pin `number` to `outside`, which has level_at(pin, time_ns)."""
        self.wire(number).outside = outside

    def watch(self, number, machine):
        """The state machine of number `machine` watches pin `number`."""
        wire = self.wire(number)
        if wire.watcher is None:
            self.watched.append(wire)
        wire.watcher = machine if wire.watcher is None else min(wire.watcher, machine)

    def level(self, number):
        """Return the level at pin `number` now."""
        return self.wire(number).level_at(self.now_ns)

    def advance_ms(self, duration_ms):
        """Let time pass; interrupts, timers and state machines run as they come due."""
        self.advance_ns(duration_ms * 1_000_000)

    def advance_ns(self, duration_ns):
        until_ns = self.now_ns + duration_ns
        while True:
            at_ns = self._next_event_ns(until_ns)
            if self.machines or self.watched:
                self.settle(at_ns)
            self.now_ns = at_ns
            self._check_watchdog()
            if not self.interrupts_off:
                self._interrupt()
            if at_ns >= until_ns:
                return

    def settle(self, at_ns=None):
        """Run the state machines up to now; call it before an input changes."""
        for machine in self.machines:
            machine.run_until(self.now_ns if at_ns is None else at_ns)
        for wire in self.watched:
            wire.settled()

    def stall_ms(self, duration_ms):
        """Let time pass as a flash erase does: no interrupt is served, one per pin is kept."""
        self.interrupts_off = True
        self.advance_ms(duration_ms)
        self.interrupts_off = False
        self._interrupt()

    def _next_event_ns(self, until_ns):
        at_ns = until_ns
        for wire in self.interrupting:
            if hasattr(wire.outside, "next_edge_ns"):
                edge_ns = wire.outside.next_edge_ns(self.now_ns)
                if edge_ns is not None and edge_ns <= at_ns:
                    wire.latched = 1
                    at_ns = edge_ns
        if not self.interrupts_off:
            for timer in self.timers:
                if timer.due_ns < at_ns:
                    at_ns = max(self.now_ns, timer.due_ns)
        return at_ns

    def _interrupt(self):
        for wire in self.interrupting:
            if wire.latched:
                wire.latched = 0
                level = wire.level_at(self.now_ns)
                if wire.trigger & (2 if level else 1) or wire.trigger == 3:
                    wire.handler()
        for timer in list(self.timers):
            if self.now_ns >= timer.due_ns:
                timer.fire()

    def _check_watchdog(self):
        fed_ns = self.watchdog_ns
        if fed_ns is not None and self.now_ns - fed_ns > self.watchdog_ms * 1_000_000:
            raise WatchdogReset


WORLD = World()
