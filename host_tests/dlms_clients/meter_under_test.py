"""A meter with DLMS keys and 1000 rows of load, for clients that others wrote."""

import subprocess
import sys
from pathlib import Path

from data import meters
from ports.clock import seconds
from rigs.process_meter import ProcessMeter

from meter20.bodies import EmulatedBody, FileImage
from meter20.host_crypto import HostCrypto

SECRETS = {  # test keys
    "system_title": "4d32300000000001",
    "encryption_key": bytes(range(16)).hex(),
    "authentication_key": bytes(range(0xD0, 0xE0)).hex(),
    "password": "12345678",
}
ROWS = 1000
FIRST_WH = 1000
CLOCK = "2026-11-29T10:00:00Z"


def made(folder: Path, **changes: object) -> None:
    """Make the store of a meter in `folder`: provisioned, with keys and a load profile.

    changes: of the provisioning request.
    """
    with EmulatedBody(FileImage(folder), {"crypto": HostCrypto()}) as body:
        for request in (
            {"do": "provision", **meters.PROVISION, **changes},
            {"do": "dlms", **SECRETS},
        ):
            reply = body.request(**request)
            assert reply["ok"], reply
        load = body.sim.ports.rows("load")
        first_s = seconds(2026, 1, 1, 0, 0, 0)
        for number in range(ROWS):
            time_s = first_s + 900 * number
            load.append(time_s.to_bytes(4, "little") + (FIRST_WH + number).to_bytes(4, "little"))


class Served(ProcessMeter):
    """The meter in `folder` as `meter20 serve` serves it. port: of TCP. device: of HDLC."""

    def __init__(self, folder: Path, body: str):
        self.start(
            [
                str(Path(sys.executable).parent / "meter20"),
                *("serve", "--stdio", "--body", body, "--store", str(folder)),
                *("--dlms", "0", "--hdlc"),
            ],
            stderr=subprocess.PIPE,
        )
        assert self._process.stderr
        told = dict(self._process.stderr.readline().decode().split(" on ") for _ in range(2))
        self.port = int(told["DLMS"].rpartition(":")[2])
        self.device = told["HDLC"].strip()
        assert self.request(do="clock", utc=CLOCK)["ok"]

    def figure(self) -> str:
        """Return what it takes, in words: nobody measures that here."""
        return ""
