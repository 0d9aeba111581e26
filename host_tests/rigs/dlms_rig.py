"""A whole meter with DLMS keys, in memory, for tests: power comes with `begin`."""

import board
from account import state as meter_state
from carriers.dlms_request import DlmsPart
from data import meters
from flash_chip import FlashChip, RamImage
from meter.app import App
from models import dlms_lines
from models.dlms_client import AUTHENTICATION_KEY, ENCRYPTION_KEY, PASSWORD, Client
from parts import Clock

#: The request that gives the meter its keys.
KEYS = {  # test keys
    "do": "dlms",
    "system_title": "4d32300000000007",
    "encryption_key": "".join(["%02x" % octet for octet in ENCRYPTION_KEY]),
    "authentication_key": "".join(["%02x" % octet for octet in AUTHENTICATION_KEY]),
    "password": PASSWORD.decode(),
}


class Rig:
    """app, part, ports, network, serial: of the meter since power came. crypto: ports.crypto."""

    def __init__(self, crypto=None):
        self._crypto = crypto or dlms_lines.Crypto()
        self.chip = FlashChip(RamImage(board.FLASH_SIZE))
        self.begin()
        self.ports.store.commit(meter_state.to_bytes(meters.state()))
        self.begin()
        self.part.answer(KEYS, 0)

    def begin(self):
        """Power comes."""
        self.chip.disarm()
        self.network, self.serial = dlms_lines.Network(), dlms_lines.Line()
        self.clock = Clock()
        self.ports = board.ports(
            self.chip, self.clock, network=self.network, crypto=self._crypto, serial=self.serial
        )
        self.app = App(self.ports, 0)
        self.part = DlmsPart(self.app, self.ports)

    def wait(self, duration_ms):
        """Let time pass, and a turn."""
        self.clock.now_ms += duration_ms
        self.app.step(self.clock.now_ms)

    def say(self, apdu, client):
        """Say `apdu` over TCP; return the answer."""
        return dlms_lines.over_tcp(self, apdu, client)

    def management(self):
        """Return a Client over TCP that has not said anything yet."""
        return Client(self.say, counter=self.part.carrier.shared.counters.received)

    @property
    def credit(self):
        return self.app.meter.state.register.credit
