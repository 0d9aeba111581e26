"""What must hold of a meter, whatever it was given: asked of every token it takes.

The meter itself is watched, so every carrier is. A token is genuine if the vending station's
encoder, which shares no cipher with the meter, makes the same digits of what the meter read.
"""

import contextlib
import json

from account import carrier, lockout
from account import meter as meters
from account import state as meter_state
from flash_chip import PowerCut
from sts import digits as sts_digits
from sts import kinds, results

from meter20.vending.encoder import encode

_SECTIONS = (kinds.KEY_1, kinds.KEY_2, kinds.KEY_3, kinds.KEY_4)
_PROGRESS = (results.KCT_1, results.KCT_2, results.KCT_3, results.KCT_4)


class Books:
    """What the genuine tokens of one case may have put on the meter, and no more.

    initial: the credit before. A token counts once, under its key, until a genuine key change
    clears the memory of them (RO).
    """

    def __init__(self, initial: int):
        self._most = initial
        self._taken = set()
        self._possible = set()
        self._epoch = 0

    def enter(self, real, meter, entered, now_ms, by=carrier.MANUAL):
        """Let `meter` take a token as `real`, Meter.enter, does; hold it to the rules."""
        before = meter.state
        token = _genuine(meter, entered)
        try:
            outcome = real(meter, entered, now_ms, by)
        except PowerCut:
            self._grant(before, token)  # it may be stored, or not
            raise
        except (meters.NotProvisioned, OSError):
            assert _essence(meter.state) == _essence(before), "a refusal changed the state"
            raise
        if outcome.result != results.ACCEPT:
            ordinary = outcome.result in _PROGRESS and outcome.kind in _SECTIONS
            assert ordinary or not outcome.missing
            assert _essence(meter.state) == _essence(before), "a refusal changed the state"
            assert outcome.amount == 0
            return outcome
        if outcome.is_test:
            assert _essence(meter.state) == _essence(before), "a test changed the state"
            return outcome
        assert token is not None, "accepted, and not genuine"
        if token.kind in _SECTIONS:
            self._epoch += meter.state.tids != before.tids
        else:
            name = self._grant(before, token)
            assert name not in self._taken, "accepted twice"
            self._taken.add(name)
        gained = meter.state.register.credit - before.register.credit
        assert gained == outcome.amount or token.kind == kinds.CLEAR_CREDIT
        assert outcome.amount == 0 or token.class_ == 0
        return outcome

    def provisioned(self):
        """The meter begins anew: it has a new key, and no credit."""
        self._epoch += 1

    def check(self, meter):
        """Assert that the credit of `meter` is not more than genuine tokens brought."""
        assert meter.state.register.credit <= self._most, "credit from nowhere"

    def _grant(self, before, token):
        """Note what `token` may bring; return its name."""
        if token is None or "tid" not in token.fields:
            return None
        name = before.key.decoder_key.octets, self._epoch, token.fields["tid"]
        if name not in self._possible and token.kind in _WORTH:
            self._possible.add(name)
            self._most += max(0, _WORTH[token.kind](token.fields))
        return name


@contextlib.contextmanager
def watching(initial: int):
    """Hold every meter to the rules meanwhile; give the Books."""
    books = Books(initial)
    enter, provision = meters.Meter.enter, meters.Meter.provision

    def provisioned(meter, *arguments, **more):
        provision(meter, *arguments, **more)
        assert meter.state.register.credit == 0
        books.provisioned()

    meters.Meter.enter = lambda *arguments: books.enter(enter, *arguments)
    meters.Meter.provision = provisioned
    try:
        yield books
    finally:
        meters.Meter.enter, meters.Meter.provision = enter, provision


def reply(line: bytes, secrets=()) -> dict:
    """Return the reply in `line` if it is well-formed; no secret is in it."""
    told = json.loads(line.decode("ascii"))
    assert isinstance(told["ok"], bool)
    if not told["ok"]:
        assert isinstance(told["error"], str) and told["error"]
        assert isinstance(told["message"], str) and told["message"]
    for secret in secrets:
        assert secret not in line.decode("ascii").lower(), "a secret in a reply"
    return told


def lines(shown, columns: int, rows: int):
    """Assert that `shown` fits the display and is plain text."""
    assert len(shown) == rows
    for line in shown:
        assert len(line) <= columns, (line, columns)
        assert line.isascii() and (line.isprintable() or not line), ascii(line)


def _genuine(meter, entered):
    """Return the Token of `entered` if the encoder makes the same digits, else None."""
    token = sts_digits.parse(entered)
    if token is None or sts_digits.split(token)[0] in (1, 3) or not meter.provisioned:
        return None
    read = meter.reader.decode(token)
    if not read.crc_ok or read.kind is None:
        return None
    key = meter.state.key
    made = encode(read.kind, key.ea, key.decoder_key.octets, read.fields)
    return read if made == entered else None


def _essence(state):
    """Return what only an accepted token may change."""
    return meter_state.changed(
        state,
        failures=lockout.NONE,
        last_result="",
        last_token=0,
        last_carrier=0,
        key_change=False,
    )


def _energy(fields):
    exponent, mantissa = fields["amount_field"] >> 14, fields["amount_field"] & 0x3FFF
    return 100 * _float(exponent, mantissa)


def _currency(fields):
    exponent = (fields["se"] & 7) << 2 | fields["amount_field"] >> 14
    amount = _float(exponent, fields["amount_field"] & 0x3FFF)
    return -amount if fields["se"] & 8 else amount


def _float(exponent, mantissa):
    """Return what the decimal float of the standard says, written out."""
    return mantissa * 10**exponent + sum(0x4000 * 10**step for step in range(exponent))


_WORTH = {kinds.ELECTRICITY: _energy, kinds.ELECTRICITY_CURRENCY: _currency}
