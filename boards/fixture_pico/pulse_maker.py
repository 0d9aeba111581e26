"""Makes pulse trains to the microsecond, by PIO: whatever the processor does, none is late.

One state machine makes the train on a pin of its own, without bounce; another one repeats
it on the pin that goes to the meter, and bounces at each edge. A third one counts. So the
clean train can be looked at, and waited for by the machine that cuts the supply.
"""
# The names inside the programs are the assembler's.
# pyright: reportUndefinedVariable=false, reportCallIssue=false

import rp2
from drivers.rp2_pulse_counter import Rp2PulseCounter
from micropython import const

FREQ_HZ = const(1_000_000)  # a cycle is a microsecond
SHORTEST_US = const(10)  # low, high, or a bounce; the programs themselves take four
_LOW_CYCLES = const(3)  # beside those of the delay itself
_HIGH_CYCLES = const(4)
_BOUNCE_CYCLES = const(4)


@rp2.asm_pio(set_init=rp2.PIO.OUT_HIGH)
def _train():
    wrap_target()
    pull()
    mov(y, osr)  # pulses that follow the first
    pull()
    mov(isr, osr)  # how long it is low
    pull()  # how long it is high: stays in osr
    label("pulse")
    set(pins, 0)
    mov(x, isr)
    label("low")
    jmp(x_dec, "low")
    set(pins, 1)
    mov(x, osr)
    label("high")
    jmp(x_dec, "high")
    jmp(y_dec, "pulse")
    push(noblock)  # says that it is over
    wrap()


@rp2.asm_pio(set_init=rp2.PIO.IN_LOW)
def _bounce():
    # osr: how often it bounces. isr: how long each half of a bounce takes.
    wrap_target()
    label("released")
    wait(0, pin, 0)
    mov(x, osr)
    label("closing")
    set(pindirs, 1)  # an open drain: the line is low while this is an output
    jmp(not_x, "closed")
    mov(y, isr)
    label("closing_low")
    jmp(y_dec, "closing_low")
    set(pindirs, 0)
    mov(y, isr)
    label("closing_high")
    jmp(y_dec, "closing_high")
    jmp(x_dec, "closing")
    label("closed")
    wait(1, pin, 0)
    mov(x, osr)
    label("opening")
    set(pindirs, 0)
    jmp(not_x, "released")
    mov(y, isr)
    label("opening_high")
    jmp(y_dec, "opening_high")
    set(pindirs, 1)
    mov(y, isr)
    label("opening_low")
    jmp(y_dec, "opening_low")
    jmp(x_dec, "opening")
    wrap()


@rp2.asm_pio(autopush=True, push_thresh=30)
def _falls():
    wrap_target()
    label("next")
    wait(1, pin, 0)
    wait(0, pin, 0)
    jmp(y_dec, "next")
    wrap()


class PulseMaker:
    """Pulls the meter's pulse input low, again and again.

    train, bounce, counter: numbers of state machines, in ascending order except `counter`,
    which comes after `train` and, like it, is in another PIO block than `bounce`.
    clean: the pin of the train without bounce, an output. out: the pin to the meter.
    """

    def __init__(self, train: int, bounce: int, counter: int, clean, out):
        self.clean = clean
        self._out = out
        self._train = rp2.StateMachine(train, _train, freq=FREQ_HZ, set_base=clean)
        self._bounce = rp2.StateMachine(bounce, _bounce, freq=FREQ_HZ, in_base=clean, set_base=out)
        self._counter = Rp2PulseCounter(counter, clean, _falls, FREQ_HZ)
        self._made = 0
        self._running = False

    @property
    def running(self) -> bool:
        """Whether a train goes on."""
        if self._running and self._train.rx_fifo():
            self._running = False
        return self._running

    @property
    def made(self) -> int:
        """How many pulses have begun since the last train began."""
        self._made += self._counter.take()
        return self._made

    def make(self, count: int, low_us: int, high_us: int, bounces: int = 0, bounce_us: int = 0):
        """Begin a train of `count` pulses; return at once. `running` tells when it is over.

        low_us, high_us: SHORTEST_US or more. bounces: how often the line opens and closes
        again at each edge, with `bounce_us` for either; they count as the beginning of the
        level that follows. Raises ValueError if a level has no time left to be steady.
        """
        if count < 1 or min(low_us, high_us) < SHORTEST_US:
            raise ValueError("pulses: none, or one shorter than %d us" % SHORTEST_US)
        if bounces and bounce_us < SHORTEST_US:
            raise ValueError("bounce_us: shorter than %d us" % SHORTEST_US)
        if 2 * bounces * bounce_us + SHORTEST_US > min(low_us, high_us):
            raise ValueError("bounces: they last longer than the level that follows")
        self.stop()
        self._load_bounce(bounces, max(bounce_us, SHORTEST_US) - _BOUNCE_CYCLES)
        self._made, _ = 0, self._counter.take()
        for value in (count - 1, low_us - _LOW_CYCLES, high_us - _HIGH_CYCLES):
            self._train.put(value)
        self._train.active(1)
        self._running = True

    def stop(self):
        """End the train, and leave the line alone."""
        self._train.init(_train, freq=FREQ_HZ, set_base=self.clean)
        self._bounce.init(_bounce, freq=FREQ_HZ, in_base=self.clean, set_base=self._out)
        self._running = False

    def _load_bounce(self, bounces, delay):
        for value, order in ((delay, "mov(isr, osr)"), (bounces, None)):
            self._bounce.put(value)
            self._bounce.exec(rp2.asm_pio_encode("pull()", 0))
            if order:
                self._bounce.exec(rp2.asm_pio_encode(order, 0))
        self._bounce.active(1)
