"""A pseudo-terminal as the serial line of a meter: the port ports.serial_line."""

import os

from ports.serial_line import SerialLine

from meter20.virtual.pty_board import Pty


class PtyLine(SerialLine):
    """port: what a client opens. Raises OSError where there are no pseudo-terminals."""

    def __init__(self):
        self._pty = Pty()
        self.port = self._pty.port

    def receive(self, most):
        try:
            return os.read(self._pty.end, most)
        except OSError:
            return b""  # nothing has come, or nobody is there

    def send(self, data):
        try:
            return os.write(self._pty.end, data)
        except OSError:
            return 0

    def hand_over(self) -> int:
        """Return our side's file descriptor, which the next program in this process gets."""
        for end in self._pty.ends:
            os.set_inheritable(end, True)
        return self._pty.end
