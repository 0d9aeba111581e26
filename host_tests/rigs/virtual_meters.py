"""New meters on MicroPython in processes that had others before, for tests that use many.

`VirtualBody` starts a process for each, which takes as long as most tests. Whoever tests the
process itself, or a meter with a store, opens one.
"""

import atexit
import contextlib
from pathlib import Path

from meter20.failure import NoMeter
from meter20.service_client import ServiceClient
from meter20.virtual.node import REPLY_TIMEOUT_S, NodeChild, command

_PROGRAM = Path(__file__).parents[1] / "runner" / "meters.mjs"
_NEW, _LINE = b"!", b">"

_free: list[NodeChild] = []


class VirtualMeter(ServiceClient):
    """A meter as it leaves the mould, on MicroPython; behind its service port."""

    def __init__(self):
        self._child: NodeChild | None = _free.pop() if _free else NodeChild(command(str(_PROGRAM)))
        self._exchange(_NEW)

    def exchange(self, line: bytes) -> bytes:
        return self._exchange(_LINE + line)

    def _exchange(self, line):
        if self._child is None:
            raise NoMeter("this meter has ended")
        try:
            return self._child.exchange(line, REPLY_TIMEOUT_S)
        except TimeoutError as e:
            self._child = None
            raise NoMeter(f"the virtual board was stopped: {e}") from None
        except NoMeter:
            self._child = None
            raise

    def close(self):
        """Leave the process to the next meter. A second time does nothing."""
        if self._child is not None:
            _free.append(self._child)
            self._child = None


@atexit.register
def _end():
    while _free:
        with contextlib.suppress(OSError):
            _free.pop().close()
