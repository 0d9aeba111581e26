"""The client of the service port. Each body of the meter has a transport of its own under it."""

import json
from typing import Self


class ServiceClient:
    """A meter that takes requests at its service port. A context manager.

    A body gives `exchange`, its transport; docs/service-port.md lists the requests.
    """

    def exchange(self, line: bytes) -> bytes:
        """Return the reply to any `line`, a malformed one too; neither has an end of line.

        Raises NoMeter when the meter is gone.
        """
        raise NotImplementedError

    def request(self, /, **fields: object) -> dict:
        """Return the reply to the request of these fields, which may have any names."""
        return json.loads(self.exchange(json.dumps(fields).encode()))

    def close(self) -> object:
        """Let go of the meter and of its store."""
        return None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
