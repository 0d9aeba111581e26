"""A UART as the serial line of an optical head or a cable."""

from ports.serial_line import SerialLine


class UartLine(SerialLine):
    """On `uart`, a machine.UART made with `timeout=0`, so that it never waits."""

    def __init__(self, uart):
        self._uart = uart

    def receive(self, most):
        return self._uart.read(most) or b""

    def send(self, data):
        return self._uart.write(data) or 0
