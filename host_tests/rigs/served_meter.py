"""A meter that `meter20 serve` connects to a broker, as a person would start it. CPython only."""

import contextlib
import json
import os
import subprocess
import sys
import time

from data import meters

from meter20.bodies import EmulatedBody, FileImage
from rigs.mosquitto import WAIT_S


class ServedMeter:
    """A meter on `body` with its store in `folder`, on the broker at `url`. A context manager.

    password: of the broker.
    """

    def __init__(self, folder, body, url, password=""):
        with EmulatedBody(FileImage(folder / "store")) as made:
            assert made.request(do="provision", **meters.PROVISION)["ok"]
        self._said = folder / "said.txt"
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "meter20.cli", "serve", "--stdio", "--body", body,
                 "--store", folder / "store", "--mqtt", url],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True,
                env={**os.environ, "METER20_MQTT_PASSWORD": password},
            )  # fmt: skip

    def request(self, **fields):
        self._process.stdin.write(json.dumps(fields) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, self.said()
        return json.loads(line)

    def told(self):
        """Return what the meter tells of its broker."""
        return self.request(do="mqtt")

    @property
    def credit_wh(self):
        return self.request(do="read")["credit_wh"]

    def until(self, is_so):
        """Wait until `is_so()`."""
        until_s = time.monotonic() + WAIT_S
        while not is_so():
            assert time.monotonic() < until_s, (self.told(), self.said())
            time.sleep(0.02)

    def said(self):
        """Return the lines on standard error."""
        return self._said.read_text(encoding="utf-8").splitlines()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
