"""The meter: owner of the state, and the only writer of the record store.

Every carrier (keypad, service port, network) hands its digits to `enter`; the
pulses of the metering element arrive in `consume`. What must not be lost is
committed before either returns.
"""

from collections import namedtuple

from micropython import const
from sts import decoder, decoder_key, digits, drn, results, tid

from meter import acceptance, lockout, meter_test, register
from meter import state as meter_state

#: Consumption that a power cut may leave unaccounted for, at most, in Wh; the customer keeps it.
#: The checkpoint comes a little earlier, as one step may bring several pulses.
CHECKPOINT_MAX_WH = const(100)
_CHECKPOINT_WH = const(90)

#: What became of a token. result: of sts.results. kind: of sts.kinds, "" if it could not be read.
#: amount_wh: credit added. tests: for an accepted test/display token the tests to run, else ().
Outcome = namedtuple("Outcome", ("result", "kind", "amount_wh", "tests"))


class NotProvisioned(Exception):
    """The meter is in factory state: it has no key to read a token with."""


class Meter:
    """A payment meter on `store`, a RecordStore.

    tables: the EA07 tables of a licensee, sts.ea07_sta.Tables, or None for the
    sample tables.
    """

    def __init__(self, store, tables=None):
        record = store.load()
        self._store = store
        self._tables = tables
        self._locked_until_ms = 0
        self.state = meter_state.from_bytes(record) if record else meter_state.factory()
        self._saved_wh = self.state.register.total_wh
        self._make_cipher()

    @property
    def provisioned(self) -> bool:
        """Whether the meter has a number and a key."""
        return self.state.identity.drn != ""

    def start(self, now_ms: int):
        """Note the restart and begin a pending lock-out again. One commit, if provisioned."""
        if self.provisioned:
            self._commit(meter_state.changed(self.state, power_fails=_counted(self.state)))
            self._begin_wait(now_ms)

    def provision(self, identity, key, manufactured: int, power_limit_w: int):
        """Give a meter in factory state its number and key. One commit.

        identity: meter.state.Identity. key: KeyAttributes. manufactured: the TID that
        fills the memory, so that no older token is ever taken. power_limit_w: 0 for none.
        Raises ValueError, in words, if the meter has them already or a value is wrong.
        """
        if self.provisioned:
            raise ValueError("already provisioned")
        check_identity(identity)
        check_key(key)
        self._commit(
            meter_state.changed(
                meter_state.factory(),
                identity=identity,
                key=key,
                tids=tid.filled(manufactured),
                power_limit_w=power_limit_w,
            )
        )
        self._make_cipher()

    def enter(self, entered: str, now_ms: int):
        """Take the digits of a token; return its Outcome. Accept means the credit is safe.

        entered: digits only, any number of them. Blocks for up to three commits.
        Raises NotProvisioned in factory state, but not for test/display tokens.
        """
        token = digits.parse(entered)
        if token is None:
            return self._noted(Outcome(results.FORMAT, "", 0, ()))
        class_ = digits.split(token)[0]
        if class_ == 1:
            return self._test(token)
        if not self.provisioned:
            raise NotProvisioned
        if self.lockout_ms(now_ms):
            return self._noted(Outcome(results.LOCKED_OUT, "", 0, ()))
        if class_ == 3:
            return self._noted(Outcome(results.FUNCTION, "", 0, ()))
        return self._enter_encrypted(token, now_ms)

    def lockout_ms(self, now_ms: int) -> int:
        """Return for how many milliseconds from `now_ms` no token is taken."""
        return max(0, self._locked_until_ms - now_ms)

    def consume(self, pulses: int):
        """Take the energy of `pulses` off the credit. Commits at each 0.1 kWh at most."""
        state = self.state
        after = register.consumed(state.register, pulses, state.identity.imp_per_kwh)
        self.state = meter_state.changed(state, register=after)
        if after.total_wh - self._saved_wh >= _CHECKPOINT_WH:
            self.checkpoint()

    def checkpoint(self):
        """Make the consumption counted so far safe. One commit, if there is any."""
        if self.provisioned and self.state.register.total_wh != self._saved_wh:
            self._commit(self.state)

    def decrypt(self, block: bytes) -> bytes:
        """Return the plain 8-byte `block` under the meter's key."""
        return self._cipher.decrypt(block)

    def decode(self, token: int):
        """Return the sts.decoder.Token of the 66-bit `token`, read with the meter's key."""
        return decoder.decode(token, self._cipher, self.state.key.ea)

    def _enter_encrypted(self, token, now_ms):
        """The attempt is counted and stored before decrypting: a power cut gives no free try."""
        before = self.state.failures
        self._commit(meter_state.changed(self.state, failures=lockout.counted(before)))
        decoded = self.decode(token)
        if not decoded.crc_ok:
            self._begin_wait(now_ms)
            return self._noted(Outcome(results.CRC, "", 0, ()))
        after, result, amount_wh = acceptance.judged(self.state, decoded)
        # An authentic token that is refused was no guess, but clears nothing either: else an
        # old token in the hand of a guesser would buy three free tries at a time.
        failures = 0 if result == results.ACCEPT else before
        self._commit(meter_state.changed(after, failures=failures, last_result=result))
        return Outcome(result, decoded.kind or "", amount_wh, ())

    def _test(self, token):
        decoded = decoder.decode(token, None, self.state.key.ea)
        result, kind, tests = meter_test.requested(decoded, self.state.identity.drn)
        return self._noted(Outcome(result, kind, 0, tests))

    def _noted(self, outcome):
        """Remember the result of a token that changed nothing else; safe with the next commit."""
        self.state = meter_state.changed(self.state, last_result=outcome.result)
        return outcome

    def _begin_wait(self, now_ms):
        self._locked_until_ms = now_ms + 1000 * lockout.wait_s(self.state.failures)

    def _make_cipher(self):
        key = self.state.key
        self._cipher = None
        if self.provisioned:
            self._cipher = decoder.cipher(key.ea, key.decoder_key.octets, self._tables)

    def _commit(self, state):
        self._store.commit(meter_state.to_bytes(state))
        self.state = state
        self._saved_wh = state.register.total_wh


def check_identity(identity):
    """Raise ValueError, in words, unless `identity` can be a meter's."""
    if not drn.drn_ok(identity.drn):
        raise ValueError("drn: not 11 or 13 digits with a right check digit")
    if not 1 <= identity.imp_per_kwh <= 100_000:
        raise ValueError("imp_per_kwh: not 1 to 100000")


def check_key(key):
    """Raise ValueError, in words that do not show the key, unless `key` can be a meter's."""
    if decoder_key.KEY_SIZES.get(key.ea) != len(key.decoder_key.octets):
        raise ValueError("decoder_key: not 8 bytes for EA 07 or 16 for EA 11")
    for name, value, low, high in (
        ("sgc", int(key.sgc), 0, 999_999),
        ("ti", int(key.ti), 0, 99),
        ("krn", key.krn, 1, 9),
        ("kt", key.kt, 0, 3),
        ("ken", key.ken, 0, 255),
    ):
        if not low <= value <= high:
            raise ValueError("%s: not %d to %d" % (name, low, high))


def _counted(state):
    return min(state.power_fails + 1, 0xFFFF)
