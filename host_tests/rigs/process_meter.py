"""A meter whose service port is standard input and output of another process. CPython only."""

import contextlib
import subprocess

from meter20.service_client import ServiceClient

_WAIT_S = 60


class ProcessMeter(ServiceClient):
    """A meter behind the pipes of a process, which `start` starts."""

    def start(self, command, **how):
        """Start `command`, whose lines are requests and replies. how: further words for Popen."""
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **how
        )

    def exchange(self, line: bytes) -> bytes:
        """Return the next line that is a reply. Raises ValueError if none comes."""
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()
        said = b""
        for each in self._process.stdout:
            if each.startswith(b"{"):
                return each.rstrip(b"\n")
            said += each
        raise ValueError(f"the meter ended: {said.decode()}{self.why()}")

    def why(self) -> str:
        """Return what else is known of a meter that ended."""
        return ""

    def close(self):
        """End the process, which ends with its standard input; kill it if it does not."""
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(_WAIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
