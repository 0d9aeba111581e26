"""Emulated `rp2`: PIO state machines, instruction by instruction, and the flash.

The assembler, pio_assembler, writes the chip's own 16-bit words and the interpreter reads them
back, so a program that does not fit, or a field that overflows, shows here. Known
are the instructions that the drivers use; any other is refused. One simplification:
an instruction forced by `exec` takes no time, and pins are read without the two
cycles of the input synchroniser. A machine may watch the pins of one with a lower number.
"""

import machine
from pio_assembler import (
    FIFO,
    IN,
    JMP,
    MEMORY,
    MOV,
    PIO,
    PUSH,
    SET,
    WAIT,
    PIOASMError,
    asm_pio,
    asm_pio_encode,
)
from world import FLOATING, WORLD

__all__ = ("PIO", "Flash", "PIOASMError", "StateMachine", "asm_pio", "asm_pio_encode")

_NS = 1_000_000_000
_MASK = 0xFFFFFFFF
_CLOCK_HZ = 125_000_000
_BLANK = b"\xff" * 256


class StateMachine:
    """One state machine on the pins of WORLD. steps: instructions executed."""

    def __init__(self, id, program, freq=-1, **pins):
        if WORLD.chip.family != "rp2":
            raise ValueError("no PIO on this chip")
        self._number = id
        self._x = self._y = 0
        self._running = False
        self.steps = 0
        self.init(program, freq, **pins)

    def init(self, program, freq=-1, *, in_base=None, jmp_pin=None, set_base=None):
        """Stop, and be as new; only x and y keep what is in them."""
        self.active(0)
        if not _CLOCK_HZ // 65536 < freq <= _CLOCK_HZ:
            raise ValueError("freq out of range")
        _load(self._number // 4, program)
        self._program = program
        self._code = [_decoded(word) for word in program.words]
        self._loops = _loops(self._code)
        self._in_base = in_base.id if in_base is not None else None
        self._jmp_wire = WORLD.wire(jmp_pin.id) if jmp_pin is not None else None
        for pin in (in_base, jmp_pin):
            if pin is not None:
                WORLD.watch(pin.id, self._number)
        self._set_wires, self._levels, self._outputs = [], 0, 0
        if set_base is not None:
            for offset, level in enumerate(program.set_init):
                self._set_wires.append(WORLD.wire(set_base.id + offset))
                self._levels |= (level & 1) << offset
                self._outputs |= (level >> 1) << offset
            self._drive(WORLD.now_ns)
        self._cycle_ns = _NS // freq
        self._time_ns = WORLD.now_ns
        self._pc = self._isr = self._osr = self._shifted = 0
        self._fifo = []
        self._waiting = []  # what put() put in
        self._inputs = self._wires_read(jmp_pin)
        self._round = None

    def active(self, value=None):
        if value is None:
            return self._running
        WORLD.settle()
        if value and not self._running:
            self._time_ns = WORLD.now_ns
            self._round = None
            WORLD.machines.append(self)
            WORLD.machines.sort(key=lambda machine: machine._number)
        elif not value and self._running:
            WORLD.machines.remove(self)
        self._running = bool(value)

    def rx_fifo(self):
        WORLD.settle()
        return len(self._fifo)

    def get(self):
        WORLD.settle()
        if not self._fifo:
            raise RuntimeError("get() would wait for ever")
        return self._fifo.pop(0)

    def put(self, value):
        WORLD.settle()
        if len(self._waiting) == FIFO:
            raise RuntimeError("put() would wait until the program pulls")
        self._round = None
        self._waiting.append(value & _MASK)

    def tx_fifo(self):
        WORLD.settle()
        return len(self._waiting)

    def exec(self, instr):
        """Execute one instruction between two of the program."""
        WORLD.settle()
        self._round = None
        pc = self._pc
        self._execute(_decoded(instr), max(self._time_ns, WORLD.now_ns))
        self._pc = pc

    def run_until(self, until_ns):
        """Execute all instructions that begin before `until_ns`.

        A round that changed nothing, while no input can change, is executed no second time:
        what it took is added once for each that would follow. Else a month would take hours.
        """
        code, wrap, target = self._code, self._program.wrap, self._program.wrap_target
        time_ns = self._time_ns
        while time_ns < until_ns:
            if self._pc == target:
                time_ns = self._skip_rounds(time_ns, until_ns)
            opcode, middle, low, cycles = code[self._pc]
            at = self._pc
            if opcode == JMP and low == at and middle in (2, 4):
                turns = self._turns(middle, -((time_ns - until_ns) // (cycles * self._cycle_ns)))
                self.steps += turns - 1
                time_ns += (turns - 1) * cycles * self._cycle_ns
            elif opcode == JMP:
                self._pc = at + 1
                self._jump(middle, low, time_ns)
                if at in self._loops and self._pc == low:
                    time_ns = self._sampled(at, time_ns + cycles * self._cycle_ns, until_ns)
                    continue
            elif opcode == WAIT:
                waited_ns = self._wait(middle >> 2, low, time_ns, until_ns)
                if waited_ns:
                    time_ns += waited_ns
                    continue
                self._pc = at + 1
            elif opcode == PUSH and middle & 5 == 5 and not self._waiting:
                time_ns -= (time_ns - until_ns) // self._cycle_ns * self._cycle_ns
                continue  # a pull that waits
            else:
                self._pc = at + 1
                self._execute(code[at], time_ns)
            if at == wrap and self._pc == at + 1:
                self._pc = target
            self.steps += 1
            time_ns += cycles * self._cycle_ns
        self._time_ns = time_ns

    def _skip_rounds(self, time_ns, until_ns):
        """Return when the next round begins that must be executed.

        Remembers of a round how it began: (state, when, steps).
        """
        outputs = tuple([wire.output for wire in self._set_wires])
        state = (self._x, self._y, self._isr, self._shifted, len(self._fifo), outputs)
        before = self._round
        if before is not None and before[0] == state and self._is_steady_since(before[1]):
            round_ns = time_ns - before[1]
            rounds = max(0, (until_ns - 1 - time_ns) // round_ns)
            self.steps += rounds * (self.steps - before[2])
            time_ns += rounds * round_ns
        self._round = state, time_ns, self.steps
        return time_ns

    def _is_steady_since(self, time_ns):
        """Return whether no input has changed since `time_ns`, nor will by itself."""
        for wire in self._inputs:
            if wire.driven:
                return False  # by this chip itself
            if wire.outside is not None:
                steady_since_ns = getattr(wire.outside, "steady_since_ns", None)
                if steady_since_ns is None or steady_since_ns() > time_ns:
                    return False
        return True

    def _wires_read(self, jmp_pin):
        """Return the wires that the program may read."""
        offsets = set()
        for opcode, middle, low, _cycles in self._code:
            if opcode == IN and middle == 0:
                offsets |= set(range(low or 32))
            elif opcode == WAIT:
                offsets.add(low)
        if self._in_base is None:
            offsets = ()
        wires = [WORLD.wire(self._in_base + offset) for offset in sorted(offsets)]
        return wires if jmp_pin is None else wires + [WORLD.wire(jmp_pin.id)]

    def _sampled(self, at, time_ns, until_ns):
        """Go round a loop that samples a pin as often as its level stays; return the time then."""
        _label, level, cycles = self._loops[at]
        self.steps += 1
        outside = self._jmp_wire.outside
        if not hasattr(outside, "next_edge_ns") or self._jmp_wire.level_at(time_ns) != level:
            return time_ns
        edge_ns = outside.next_edge_ns(time_ns)
        if edge_ns is not None:
            until_ns = min(until_ns, edge_ns)
        round_ns = cycles * self._cycle_ns
        rounds = max(0, min(self._x, (until_ns - time_ns) // round_ns))
        self._x -= rounds
        self.steps += 2 * rounds
        return time_ns + rounds * round_ns

    def _jump(self, condition, target, time_ns):
        if condition == 6:
            taken = self._jmp_wire.level_at(time_ns)
        elif condition == 2:
            taken = self._x
            self._x = self._x - 1 & _MASK
        elif condition == 4:
            taken = self._y
            self._y = self._y - 1 & _MASK
        else:
            taken = {
                0: True, 1: not self._x, 3: not self._y, 5: self._x != self._y,
            }[condition]  # fmt: skip
        if taken:
            self._pc = target

    def _turns(self, register, most):
        """Jump to where it stands, `most` times if it goes on for so long; return how often."""
        left = self._x if register == 2 else self._y
        turns = min(left + 1, most)
        if turns == left + 1:
            self._pc += 1
        if register == 2:
            self._x = left - turns & _MASK
        else:
            self._y = left - turns & _MASK
        return turns

    def _wait(self, level, index, time_ns, until_ns):
        """Return how many nanoseconds to wait on, 0 if the level is there."""
        wire = WORLD.wire(self._in_base + index)
        if wire.level_at(time_ns) == level:
            return 0
        edge_ns = wire.next_edge_ns(time_ns) or until_ns
        cycles = -((time_ns - min(edge_ns, until_ns)) // self._cycle_ns)
        return cycles * self._cycle_ns

    def _execute(self, instruction, time_ns):
        opcode, middle, low, _cycles = instruction
        if opcode == IN:
            self._shift_in(middle, low or 32, time_ns)
        elif opcode == PUSH and middle & 4:
            self._osr = self._waiting.pop(0)
        elif opcode == PUSH:
            self._push(middle & 1)
        elif opcode == MOV:
            self._move(middle, low)
        elif opcode == SET:
            self._set(middle, low, time_ns)
        else:
            raise NotImplementedError("PIO instruction")

    def _shift_in(self, source, count, time_ns):
        if self._program.in_shiftdir != PIO.SHIFT_LEFT:
            raise NotImplementedError("shifting right")
        if source == 0:
            value = 0
            for bit in range(count):
                level = WORLD.wire(self._in_base + bit).level_at(time_ns)
                value |= level << bit
        else:
            value = self._source(source)
        self._isr = (self._isr << count | value & (1 << count) - 1) & _MASK
        self._shifted = min(32, self._shifted + count)
        threshold = self._program.push_thresh
        if threshold is not None and self._shifted >= threshold:
            self._push(True)

    def _push(self, blocking):
        if len(self._fifo) < self._program.depth:
            self._fifo.append(self._isr)
        elif blocking:
            raise NotImplementedError("waiting for room in the FIFO")
        self._isr = self._shifted = 0

    def _move(self, target, source):
        value = self._source(source)
        if target == 1:
            self._x = value
        elif target == 2:
            self._y = value
        elif target == 6:
            self._isr, self._shifted = value, 0
        elif target == 7:
            self._osr = value
        else:
            raise NotImplementedError("mov target")

    def _source(self, source):
        return {1: self._x, 2: self._y, 3: 0, 6: self._isr, 7: self._osr}[source]

    def _set(self, target, value, time_ns):
        if target == 1:
            self._x = value
        elif target == 2:
            self._y = value
        elif target == 0:
            self._levels = value
            self._drive(time_ns)
        elif target == 4:
            self._outputs = value
            self._drive(time_ns)
        else:
            raise NotImplementedError("set target")

    def _drive(self, time_ns):
        for bit, wire in enumerate(self._set_wires):
            if wire.watcher is not None and wire.watcher <= self._number:
                raise NotImplementedError(
                    "a machine of a lower number watches pin %s" % wire.number
                )
            level = self._levels >> bit & 1
            wire.drive(level if self._outputs >> bit & 1 else FLOATING, time_ns)


def _load(block, program):
    """Put `program` into the instruction memory of PIO `block`, once for all its machines."""
    loaded = WORLD.programs.setdefault(block, [])
    if program not in loaded:
        if sum([len(other.words) for other in loaded]) + len(program.words) > MEMORY:
            raise OSError(12)  # ENOMEM, as the port says it
        loaded.append(program)


def _loops(code):
    """Find each `jmp(x_dec, label)` with `jmp(pin, ...)` at its label and nothing between them.

    Return {its address: (the label's, the level that goes round, cycles of a round)}.
    """
    found = {}
    for at, (opcode, condition, label, cycles) in enumerate(code):
        if (opcode, condition) == (JMP, 2) and code[label][:2] == (JMP, 6):
            _opcode, _pin, target, sampling = code[label]
            if target == at or label + 1 == at:
                found[at] = label, int(target == at), cycles + sampling
    return found


def _decoded(word):
    return word >> 13, word >> 5 & 7, word & 31, 1 + (word >> 8 & 31)


class Flash:
    """The part of the flash that the file system has by default: blocks of 4 KiB."""

    _BLOCK = 4096

    def __init__(self, *, start=-1, len=-1):
        storage = WORLD.chip.storage_bytes
        if WORLD.storage is None:
            WORLD.storage = bytearray(b"\xff" * storage)
        self._start = max(start, 0)
        self._len = storage - self._start if len == -1 else len
        if self._start % self._BLOCK or self._len % self._BLOCK:
            raise ValueError
        if not 0 < self._len <= storage - self._start:
            raise ValueError

    def readblocks(self, block_num, buf, offset=0):
        at = self._at(block_num, offset, len(buf))
        buf[:] = WORLD.storage[at : at + len(buf)]

    def writeblocks(self, block_num, buf, offset=None):
        at = self._at(block_num, offset or 0, len(buf))
        if at % 256 or len(buf) % 256:
            raise ValueError("programming begins and ends at a page")
        if offset is None:
            for erased in range(at, at + len(buf), self._BLOCK):
                self.ioctl(6, (erased - self._start) // self._BLOCK)
        WORLD.storage[at : at + len(buf)] = bytes(
            [old & new for old, new in zip(WORLD.storage[at : at + len(buf)], buf)]
        )

    def ioctl(self, op, arg):
        if op == 4:
            return self._len // self._BLOCK
        if op == 5:
            return self._BLOCK
        if op == 6:
            at = self._at(arg, 0, self._BLOCK)
            for page in range(at, at + self._BLOCK, len(_BLANK)):  # a small heap holds no block
                WORLD.storage[page : page + len(_BLANK)] = _BLANK
            return 0
        return None

    def _at(self, block, offset, size):
        at = self._start + block * self._BLOCK + offset
        if not self._start <= at <= at + size <= self._start + self._len:
            raise ValueError("outside the flash")
        return at


_ = machine  # gives CPython's time its ticks, whichever module comes first
