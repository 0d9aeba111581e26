"""A meter for tests of `dlms`: fixed facts, and an association over them."""

from dlms import association, axdr, meter_objects
from dlms.facts import Facts, Gateway, Rows
from dlms.secrets import Counters, Secrets
from models import aes
from models.dlms_client import AUTHENTICATION_KEY, ENCRYPTION_KEY, PASSWORD

_NOW = (2026, 11, 29, 12, 0, 0, 7)
TITLE = b"M20\x00\x00\x00\x00\x07"


class Quarters(Rows):
    """`rows` rows, a quarter of an hour apart from 2026-01-01 on, all within January."""

    capacity = 1000

    def __init__(self, rows):
        self._rows = rows
        self.read = 0

    def count(self):
        return self._rows

    def row(self, place):
        self.read += 1
        day, quarter = place // 96, place % 96
        time = (2026, 1, day + 1, quarter // 4, quarter % 4 * 15, 0, (day + 3) % 7 + 1)
        return time, [axdr.number(axdr.U32, 1000 + place)]


class Kept:
    """What counters are kept in: survives a restart, counts its writes."""

    def __init__(self):
        self.kept, self.writes = (0, 0), 0

    def load(self):
        return self.kept

    def save(self, sent, received):
        self.kept = (sent, received)
        self.writes += 1


class FixedGateway(Gateway):
    def __init__(self):
        self.entered, self.busy = [], False

    def enter(self, digits):
        if self.busy:
            return None
        self.entered.append(digits)
        return lambda: True

    def digits(self):
        return self.entered[-1] if self.entered else b""

    def time(self):
        return _NOW

    def delivery(self):
        return 0

    def accepted(self):
        return None

    def status(self):
        return 0, 0


class FixedFacts(Facts):
    def __init__(self, rows=1000):
        self.load, self.tokens = Quarters(rows), Quarters(3)
        self.gateway, self.counters = FixedGateway(), None

    def device_name(self):
        return b"M20TEST000000007"

    def number(self):
        return "12345678903"

    def counter(self):
        return self.counters.received if self.counters else 0

    def now(self):
        return _NOW

    def total_wh(self):
        return 1234567

    def power_w(self):
        return 1440

    def closed(self):
        return True

    def credit(self):
        return 25600

    def low_credit(self):
        return 5000

    def unit(self):
        return "Wh"

    def scaler(self):
        return 0


def made(facts, kept=None, local=False, with_secrets=True):
    """Return the Association of a meter with `facts`. kept: Kept, of its counters."""
    secrets = None
    if with_secrets:
        facts.counters = Counters(kept or Kept())
        secrets = Secrets(
            TITLE,
            aes.encryptor(ENCRYPTION_KEY),
            AUTHENTICATION_KEY,
            lambda secret: secret == PASSWORD,
            facts.counters,
        )
    return association.Association(
        lambda one: meter_objects.made(facts, one),
        secrets,
        lambda count: bytes(range(100, 100 + count)),
        local,
    )
