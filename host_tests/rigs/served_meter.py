"""A meter that `meter20 serve` puts on a network, as a person would start it. CPython only."""

import os
import sys
import time

from data import meters

from meter20.bodies import EmulatedBody, FileImage
from rigs.mosquitto import WAIT_S
from rigs.process_meter import ProcessMeter


class ServedMeter(ProcessMeter):
    """A meter on `body` with its store in `folder`, on the broker at `url`. A context manager.

    url: None for no broker. password: of the broker. requests: what it is told first, in a body of
    its own. more: options of `serve`. slowest_s: how long it took at the most to say its credit.
    """

    slowest_s = 0.0

    def __init__(self, folder, body, url, password="", requests=(), more=()):
        with EmulatedBody(FileImage(folder / "store")) as made:
            for request in requests or ({"do": "provision", **meters.PROVISION},):
                assert made.request(**request)["ok"]
        more = [*more, *(("--mqtt", url) if url else ())]
        self._said = folder / "said.txt"
        with self._said.open("wb") as said:
            self.start(
                [sys.executable, "-m", "meter20.cli", "serve", "--stdio", "--body", body,
                 "--store", folder / "store", *more],
                stderr=said, env={**os.environ, "METER20_MQTT_PASSWORD": password},
            )  # fmt: skip

    def why(self):
        return "\n".join(self.said())

    def told(self):
        """Return what the meter tells of its broker."""
        return self.request(do="mqtt")

    @property
    def credit_wh(self):
        began = time.monotonic()
        told = self.request(do="read")
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)
        return told["credit_wh"]

    def until(self, is_so):
        """Wait until `is_so()`."""
        until_s = time.monotonic() + WAIT_S
        while not is_so():
            assert time.monotonic() < until_s, (self.told(), self.said())
            time.sleep(0.02)

    def said(self):
        """Return the lines on standard error that are whole; the program may be writing one."""
        return self._said.read_text(encoding="utf-8").rpartition("\n")[0].splitlines()
