"""Keypad of 3x4 or 4x4 keys that a PIO state machine scans by itself.

It goes on scanning while a flash sector is erased and the processor stands still:
up to eight changes, so four keys pressed and let go, wait in its FIFO and are
reported in their order afterwards. Of more than that the first ones are kept.

The state machine visits a row every 4 ms and the whole pad every 17 ms: a key that
is down for 20 ms is seen, and a contact that bounces for less than 16 ms is seen
once.
"""
# The names inside the program are the assembler's.
# pyright: reportUndefinedVariable=false, reportCallIssue=false, reportIndexIssue=false
# pyright: reportArgumentType=false

import time

import rp2
from micropython import const
from ports.keypad import Keypad

from drivers.key_matrix import KeyMatrix

ROWS = const(4)
COLUMNS = const(4)
CLEAR_X = const(0xE020)  # set(x, 0), assembled: that takes 4 ms of a start
_FREQ_HZ = const(8000)
_READ_MS = const(15)
#: While nobody types; what is pressed then waits in the FIFO. Each second time falls together with
#: a reading of the pulses.
_RESTING_READ_MS = const(75)
_TYPING_MS = const(5000)


@rp2.asm_pio(set_init=(rp2.PIO.IN_LOW,) * 4, fifo_join=rp2.PIO.JOIN_RX)
def _scan():
    wrap_target()
    label("again")
    set(pindirs, 1)[31]  # a row is low while it is an output
    in_(pins, 4)
    set(pindirs, 2)[31]
    in_(pins, 4)
    set(pindirs, 4)[31]
    in_(pins, 4)
    set(pindirs, 8)[31]
    in_(pins, 4)
    mov(y, isr)
    jmp(x_not_y, "changed")
    mov(isr, null)
    jmp("again")
    label("changed")
    mov(x, y)
    push(noblock)  # empties isr too
    wrap()


class Rp2MatrixKeypad(Keypad):
    """Scans four rows from pin `row_base` on and four columns from `column_base` on.

    row_base: the first of four pins, Pin.IN. column_base: the first of four pins that
    are inputs with pull-up; on a pad of three columns the fourth stays open.
    keys: the labels, row by row. state_machine: its number, 0 to 7; 15 of the 32
    instructions of its PIO block are used. Called from the loop, never from an interrupt.
    """

    def __init__(self, state_machine: int, row_base, column_base, keys: str):
        columns = len(keys) // ROWS
        if columns < COLUMNS:
            keys = "".join([keys[at : at + columns] + " " for at in range(0, len(keys), columns)])
        self._matrix = KeyMatrix(keys, COLUMNS)
        self._mask = -1  # until the first scan
        self._read_ms = time.ticks_ms()
        self._quiet_ms = 0  # since a key was last down, up to _TYPING_MS
        self._machine = rp2.StateMachine(
            state_machine, _scan, freq=_FREQ_HZ, in_base=column_base, set_base=row_base
        )
        # No scan equals it (all keys down), so the first one is always reported.
        self._machine.exec(CLEAR_X)
        self._machine.active(1)

    @property
    def stuck(self) -> str:
        """The keys that are stuck and not listened to, "" when all is well."""
        return self._matrix.stuck

    def read(self):
        now_ms = time.ticks_ms()
        elapsed_ms = time.ticks_diff(now_ms, self._read_ms)
        self._read_ms = now_ms
        self._quiet_ms = 0 if self._mask else min(self._quiet_ms + elapsed_ms, _TYPING_MS)
        while self._machine.rx_fifo():
            self._mask = _pressed(self._machine.get())
            self._matrix.scanned(self._mask, 0)
            self._quiet_ms = 0
        if elapsed_ms and self._mask >= 0:
            self._matrix.scanned(self._mask, elapsed_ms)
        return self._matrix.take()

    def due_ms(self):
        return _READ_MS if self._quiet_ms < _TYPING_MS else _RESTING_READ_MS


def _pressed(levels):
    """Return the mask for KeyMatrix; the first row scanned lies in the highest four bits."""
    mask = 0
    for row in range(ROWS):
        mask |= (~levels >> 4 * (ROWS - 1 - row) & 0xF) << row * COLUMNS
    return mask
