"""The assembler of the emulated `rp2`: from the instructions of a program to 16-bit words.

It knows the instructions that the drivers use, and refuses what does not fit.
"""

from array import array

MEMORY = 32  # instructions of one PIO block
FIFO = 4

#: Operation codes; PULL is PUSH with a bit more.
JMP, WAIT, IN, PUSH, MOV, SET = 0, 1, 2, 4, 5, 7
_SOURCES = {"pins": 0, "x": 1, "y": 2, "null": 3, "pindirs": 4, "isr": 6, "osr": 7}
_CONDITIONS = {"not_x": 1, "x_dec": 2, "not_y": 3, "y_dec": 4, "x_not_y": 5, "pin": 6}


class PIOASMError(Exception):
    """A program that the assembler cannot accept."""


class PIO:
    """Constants for programs."""

    IN_LOW, IN_HIGH, OUT_LOW, OUT_HIGH = range(4)
    SHIFT_LEFT, SHIFT_RIGHT = 0, 1
    JOIN_NONE, JOIN_TX, JOIN_RX = 0, 1, 2


class _Program:
    """What the assembler makes of a function."""

    def __init__(self, set_init, in_shiftdir, autopush, push_thresh, fifo_join):
        self.words = array("H")
        self.labels = {}
        self.wrap_target = 0
        self.wrap = None
        self.set_init = (set_init,) if type(set_init) is int else set_init
        self.in_shiftdir = in_shiftdir
        self.push_thresh = push_thresh if autopush else None
        self.depth = 2 * FIFO if fifo_join == PIO.JOIN_RX else FIFO


class _Assembler:
    """Writes the words of one program; in its first pass it only learns the labels."""

    def __init__(self, program, last_pass):
        self._program = program
        self._last_pass = last_pass
        self._address = 0

    def names(self):
        """Return what a program sees as its globals."""
        names = {"pin": 6, "noblock": 1, "block": 0x21}
        names.update(_SOURCES)
        names.update(_CONDITIONS)
        for name in (
            "wrap_target", "wrap", "label", "jmp", "wait", "in_", "push", "pull", "mov", "set",
        ):  # fmt: skip
            names[name] = getattr(self, name)
        names["nop"] = lambda: self.mov(2, 2)
        return names

    def __getitem__(self, delay):
        """Add `delay` cycles to the instruction just written."""
        if not 0 <= delay < 32:
            raise PIOASMError("delay too large")
        if self._last_pass:
            self._program.words[-1] |= delay << 8
        return self

    def wrap_target(self):
        self._program.wrap_target = self._address

    def wrap(self):
        self._program.wrap = self._address - 1

    def label(self, name):
        if not self._last_pass:
            if name in self._program.labels:
                raise PIOASMError("duplicate label " + name)
            self._program.labels[name] = self._address

    def jmp(self, condition, label=None):
        if label is None:
            condition, label = 0, condition
        target = 0
        if self._last_pass:
            if label not in self._program.labels:
                raise PIOASMError("unknown label %s" % label)
            target = self._program.labels[label]
        return self._word(JMP, condition, target)

    def wait(self, polarity, source, index):
        if source != 6:
            raise PIOASMError("only wait(level, pin, index) is emulated")
        return self._word(WAIT, polarity << 2 | 1, index)

    def in_(self, source, count):
        if not 0 < count <= 32:
            raise PIOASMError("invalid bit count")
        return self._word(IN, source, count & 31)

    def push(self, mode=0x21):
        return self._word(PUSH, mode >> 5 & 3, 0)

    def pull(self, mode=0x21):
        return self._word(PUSH, mode >> 5 & 3 | 4, 0)

    def mov(self, target, source):
        return self._word(MOV, target, source)

    def set(self, target, value):
        if not 0 <= value < 32:
            raise PIOASMError("value too large")
        return self._word(SET, target, value)

    def _word(self, opcode, middle, low):
        self._address += 1
        if self._last_pass:
            self._program.words.append(opcode << 13 | middle << 5 | low)
        return self


def asm_pio(
    *,
    set_init=None,
    in_shiftdir=PIO.SHIFT_LEFT,
    autopush=False,
    push_thresh=32,
    fifo_join=PIO.JOIN_NONE,
):
    """Return a decorator that assembles a function."""

    def assembled(function):
        program = _Program(set_init, in_shiftdir, autopush, push_thresh, fifo_join)
        for last_pass in (False, True):
            assembler = _Assembler(program, last_pass)
            _run_with(function, assembler.names())
            if program.wrap is None:
                assembler.wrap()
        if len(program.words) > MEMORY:
            raise PIOASMError("program too long")
        if len(program.words) in program.labels.values():
            raise PIOASMError("label behind the last instruction")
        return program

    return assembled


def _run_with(function, names):
    """Call `function` with `names` for its globals, as the real decorator does."""
    real = function.__globals__
    kept = real.copy()
    real.clear()
    real.update(names)
    try:
        function()
    finally:
        real.clear()
        real.update(kept)


def asm_pio_encode(instr, sideset_count, sideset_opt=False):
    """Return the word of one instruction, given as text."""
    program = _Program(None, PIO.SHIFT_LEFT, False, 32, PIO.JOIN_NONE)
    exec(instr, _Assembler(program, True).names())
    if len(program.words) != 1:
        raise PIOASMError("expecting exactly 1 instruction")
    return program.words[0]
