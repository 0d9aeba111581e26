"""Port: a serial line beside the service port, such as an optical head. Nothing here ever blocks.

Implemented by drivers.uart_line, and by the bodies of the simulator over a pseudo-terminal.
"""


class SerialLine:
    """Octets to and from the other end of the line, where nobody may be."""

    def receive(self, most: int) -> bytes:
        """Return what has come, up to `most` octets, b"" when nothing has."""
        raise NotImplementedError

    def send(self, data: bytes) -> int:
        """Return how many octets of `data` were taken, 0 while there is no room."""
        raise NotImplementedError
