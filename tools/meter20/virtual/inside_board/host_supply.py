"""The virtual board's supply: it fails when the process that started the board ends.

Runs on MicroPython only.
"""

import _host
from micropython import const

_POLL_MS = const(100)  # it lasts ten times as long


class HostSupply:
    """The warning of the supply that the host plays.

    It keeps the contract of ports.brown_out, which lies on the board and not here.
    """

    poll_ms = _POLL_MS

    def failing(self):
        return _host.supply_failing()
