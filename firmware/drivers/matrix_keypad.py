"""Keypad of 3x4 or 4x4 keys on any pins, scanned when it is read.

What is promised: a key that is down for 40 ms while the meter goes about its
work is reported, once. While a flash sector is erased (45 ms as a rule, 843 ms at
worst) nothing is scanned: a key still down when that is over is reported, one that
was pressed and let go meanwhile is lost, and no interrupt can bring it back: the
column's edge is kept but not its row. An RP2040 does better, see
rp2_matrix_keypad.
"""

import time

from micropython import const
from ports.keypad import Keypad

from drivers.key_matrix import KeyMatrix

_SCAN_MS = const(20)
_SETTLE_US = const(10)  # a column rises through its pull-up in less than 5


class MatrixKeypad(Keypad):
    """Scans `rows`, pins as open drain, high, against `columns`, inputs with pull-up.

    keys: the labels, row by row. One row is pulled low at a time; with open drain no
    two outputs ever meet through two keys. A scan takes 0.3 ms on an RP2040.
    Called from the loop, never from an interrupt.
    """

    def __init__(self, rows, columns, keys: str):
        self._rows = rows
        self._columns = columns
        self._matrix = KeyMatrix(keys, len(columns))
        self._scanned_ms = time.ticks_ms()
        self._scan_into_matrix(0)

    @property
    def stuck(self) -> str:
        """The keys that are stuck and not listened to, "" when all is well."""
        return self._matrix.stuck

    def read(self):
        elapsed_ms = time.ticks_diff(time.ticks_ms(), self._scanned_ms)
        if elapsed_ms >= _SCAN_MS:
            self._scanned_ms = time.ticks_add(self._scanned_ms, elapsed_ms)
            self._scan_into_matrix(elapsed_ms)
        return self._matrix.take()

    def due_ms(self):
        return _SCAN_MS

    def _scan_into_matrix(self, elapsed_ms):
        mask, bit = 0, 1
        for row in self._rows:
            row.value(0)
            time.sleep_us(_SETTLE_US)
            for column in self._columns:
                if not column.value():
                    mask |= bit
                bit <<= 1
            row.value(1)
        self._matrix.scanned(mask, elapsed_ms)
