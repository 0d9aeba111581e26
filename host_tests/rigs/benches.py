"""Meters behind their service port, on every body, asked in the same way."""

from data import meters

from meter20.bodies import EmulatedBody
from meter20.service_client import ServiceClient
from rigs.virtual_meters import VirtualMeter


class Bench(ServiceClient):
    """A meter behind its service port. body: what carries a line there, and the reply back."""

    def __init__(self, body):
        self._body = body

    def exchange(self, line: bytes) -> bytes:
        return self._body.exchange(line)

    def ask(self, do: str, **fields) -> dict:
        return self.request(do=do, **fields)

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
        self._body.close()


BODIES = {"emulated": EmulatedBody, "virtual": VirtualMeter}
