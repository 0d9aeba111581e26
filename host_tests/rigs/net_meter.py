"""A meter on a network that leads to a models.broker.Broker, in simulated time."""

import json

import board
from account import state as meter_state
from carriers.office import Office
from flash_chip import FlashChip, RamImage
from meter.app import App
from parts import Clock
from service_port.service import Service

BROKER = b'{"do":"mqtt","host":"broker","user":"meter","password":"a secret","report_s":900}'


class Meter:
    """A meter on a network that leads to `broker`, its flash in `image`."""

    def __init__(self, broker, image=None, state=None, shut=False):
        self.shut = shut
        self.broker, self.image = broker, image or RamImage(board.FLASH_SIZE)
        self.chip = FlashChip(self.image)
        if state is not None:
            board.ports(self.chip, Clock()).store.commit(meter_state.to_bytes(state))
        self.start()

    def start(self):
        self.clock = Clock()
        self.ports = board.ports(self.chip, self.clock, network=self.broker)
        self.app = App(self.ports, 0)
        office = Office(self.app, self.ports, self.shut)
        self.service = Service(self.app, office.requests)

    def cut(self):
        """The power goes, and comes again."""
        if self.broker.connection is not None:
            self.broker.connection.close()
        self.chip.disarm()
        self.start()

    def ask(self, line):
        return json.loads(self.service.reply(line, self.clock.now_ms))

    def run(self, seconds, step_ms=20):
        until_ms = self.clock.now_ms + 1000 * seconds
        while self.clock.now_ms < until_ms:
            self.clock.now_ms += max(step_ms, self.app.step(self.clock.now_ms))
        assert self.app.fault is None, self.app.fault

    @property
    def credit(self):
        return self.app.meter.state.register.credit

    def results(self):
        return [json.loads(told)["result"] for told in self.broker.told("result")]
