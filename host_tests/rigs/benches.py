"""Meters behind their service port, on every body, asked in the same way."""

import json

from body import SimBody
from data import meters

from meter20.virtual.node import VirtualBody


class EmulatedLines:
    """The service port of a meter in this process, line by line."""

    def __init__(self):
        self._body = SimBody()

    def exchange(self, line: bytes) -> bytes:
        replies = self._body.feed(line + b"\n")
        while replies is None:
            replies = self._body.resume()
        return replies.rstrip(b"\n")

    def close(self):
        pass


class Bench:
    """A meter behind its service port. `ask` sends a request and returns the reply."""

    def __init__(self, lines):
        self._lines = lines

    def exchange(self, line: bytes) -> bytes:
        return self._lines.exchange(line)

    def ask(self, do: str, **fields) -> dict:
        return json.loads(self.exchange(json.dumps({"do": do, **fields}).encode()))

    def provision(self, **changes) -> dict:
        return self.ask("provision", **{**meters.PROVISION, **changes})

    def keys(self, keys: str) -> list:
        return self.ask("keys", keys=keys)["display"]

    def wait(self, seconds: int) -> list:
        return self.ask("advance", seconds=seconds)["display"]

    def results(self, *tokens) -> list:
        """Return what becomes of `tokens`, entered one after the other."""
        return [self.ask("token", digits=digits)["result"] for digits in tokens]

    def close(self):
        self._lines.close()


BODIES = {"emulated": EmulatedLines, "virtual": VirtualBody}
