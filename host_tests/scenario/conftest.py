"""A meter for each scenario: once emulated on CPython, once on MicroPython."""

import json

import pytest
from body import SimBody

from meter20.samples import PROVISION
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

    def close(self):
        self._lines.close()

    def ask(self, do: str, **fields) -> dict:
        return json.loads(self.exchange(json.dumps({"do": do, **fields}).encode()))

    def provision(self, **changes) -> dict:
        return self.ask(**{**PROVISION, **changes})

    def keys(self, keys: str) -> list:
        return self.ask("keys", keys=keys)["display"]

    def wait(self, seconds: int) -> list:
        return self.ask("advance", seconds=seconds)["display"]


BODIES = {"emulated": EmulatedLines, "virtual": VirtualBody}


@pytest.fixture(params=BODIES)
def factory_meter(request):
    """A meter as it leaves the mould."""
    lines = BODIES[request.param]()
    yield Bench(lines)
    lines.close()


@pytest.fixture
def meter(factory_meter):
    """A provisioned meter without credit."""
    assert factory_meter.provision()["ok"]
    return factory_meter
