"""The meter: takes tokens from every carrier, and consumption.

Every carrier (keypad, service port, network) hands its digits to `enter`; the
pulses of the metering element arrive in `consume`. What must not be lost is
committed before either returns.
"""

from micropython import const
from sts import digits, results, tid

from account import carrier, lockout, register
from account import state as meter_state
from account.kept_state import KeptState
from account.outcome import plain

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from ports.record_store import RecordStore

    from account.reader import Reader

_MANAGEMENT = const(2)  # the class of tokens that key changes belong to


class NotProvisioned(Exception):
    """The meter is in factory state: it has no key to read a token with."""


class StoreLost(NotProvisioned):
    """The meter had a number and a key, and its store cannot tell them any more."""


class Meter:
    """A payment meter on `store`, a RecordStore.

    tables: the EA07 tables of a licensee, sts.ea07_sta.Tables, or None for the
    sample tables. phases: 1 or 3. kept: the state and the tariff, and the record;
    see account.kept_state for a store that lost its records.
    """

    def __init__(self, store: "RecordStore", tables=None, phases=1):
        self.kept = KeptState(store)
        self._tables, self._phases = tables, phases
        self._reader: Reader | None = None
        self._locked_until_ms = [0, 0, 0]  # of each carrier

    @property
    def reader(self):
        """The account.reader.Reader of the meter. A board reads it when the first token comes."""
        if self._reader is None:
            from account.reader import Reader

            self._reader = Reader(self.kept, self._tables, self._phases)
        return self._reader

    @property
    def state(self):
        """The MeterState of now."""
        return self.kept.state

    @property
    def provisioned(self) -> bool:
        """Whether the meter has a number and a key."""
        return self.kept.provisioned

    @property
    def lost(self) -> bool:
        """Whether the meter lost its state, or the tariff that its money depends on."""
        return self.kept.lost

    def start(self, now_ms: int) -> bool:
        """Note the restart and begin a pending lock-out again. One commit, if provisioned.

        A store that refuses it makes the meter `unsafe` until it takes something.

        Returns whether the restart dropped an incomplete set of key change tokens.
        """
        if not self.provisioned:
            return False
        dropped = self.state.key_change
        fails = min(self.state.power_fails + 1, 0xFFFF)
        after = meter_state.changed(self.state, power_fails=fails, key_change=False)
        if not self.kept.try_commit(after):
            self.kept.distrust()  # no supply at all from a store that takes nothing
        for each in carrier.ALL:
            self._begin_wait(each, now_ms)
        return dropped

    def provision(self, identity, key, manufactured: int, power_limit_w: int, again=False):
        """Give a meter in factory state its number and key. One commit.

        identity: account.state.Identity. key: KeyAttributes. manufactured: the TID that
        fills the memory, so that no older token is ever taken. power_limit_w: 0 for none.
        again: the meter lost its store; then `manufactured` must be the TID of today, or tokens
        that were used before would count twice.
        Raises ValueError, in words, if the meter has them already or a value is wrong;
        StoreLost if it lost them and `again` is not said.
        """
        if self.provisioned and not self.lost:
            raise ValueError("already provisioned")
        if self.lost and not again:
            raise StoreLost
        meter_state.check_identity(identity)
        meter_state.check_key(key)
        self.kept.commit(
            meter_state.changed(
                meter_state.factory(),
                identity=identity,
                key=key,
                tids=tid.filled(manufactured),
                power_limit_w=power_limit_w,
                in_currency=bool(self.kept.steps),
            )
        )
        self.kept.store_lost = False
        self._reader = None  # it read with the key before, if there was one

    def enter(self, entered: str, now_ms: int, by: int = carrier.MANUAL):
        """Take the digits of a token; return its Outcome. Accept means the credit is safe.

        entered: digits only, any number of them. by: of account.carrier. Blocks for up to two
        commits.
        Raises NotProvisioned in factory state, StoreLost after a loss, but not for test/display
        tokens; StoreFailed if the store does not take it: then it has no effect, and can be
        entered again.
        """
        token = digits.parse(entered)
        if token is None:
            return self._noted(plain(results.FORMAT), by)
        class_ = digits.split(token)[0]
        if class_ == 1:
            return self._noted(self.reader.tested(token), by)
        if self.lost:
            raise StoreLost
        if not self.provisioned:
            raise NotProvisioned
        if self.lockout_ms(now_ms, by):
            return self._noted(plain(results.LOCKED_OUT), by)
        if class_ == 3:
            return self._noted(plain(results.FUNCTION), by)
        reader = self.reader  # what memory is short for now has not counted as a try
        if class_ == _MANAGEMENT:
            reader.expect_section()
        return self._enter_encrypted(token, entered, now_ms, by)

    def lockout_ms(self, now_ms: int, by: int = carrier.MANUAL) -> int:
        """Return for how many milliseconds from `now_ms` no token is taken from carrier `by`."""
        return max(0, self._locked_until_ms[by] - now_ms)

    def consume(self, pulses: int, period: int = 0):
        """Take the energy of `pulses` off the credit. Commits at each 0.1 kWh at most.

        Goes on when the store fails; the caller sees to it that an `unsafe` meter supplies
        nothing.

        period: the tariff period of now, see account.tariff.
        """
        state = self.state
        after = register.consumed(
            state.register, pulses, state.identity.imp_per_kwh, self.kept.steps, period
        )
        self.kept.count(after)

    def checkpoint(self):
        """Make the consumption counted so far safe. One commit, if there is any to save."""
        self.kept.checkpoint()

    def detect_tamper(self):
        """Note that tampering was seen. One commit, if it was not known."""
        if self.provisioned and not self.state.tamper:
            self.kept.try_commit(meter_state.changed(self.state, tamper=True))

    def set_emergency(self, called_up: bool):
        """Begin or end the use of emergency credit. One commit, if that is new.

        Raises StoreFailed.
        """
        if self.provisioned and self.state.emergency != called_up:
            self.kept.commit(meter_state.changed(self.state, emergency=called_up))

    def expire_key_change(self, now_ms: int) -> bool:
        """Drop a set of key change tokens not completed in time; say whether there was one."""
        sections = None if self._reader is None else self._reader.sections
        if sections is None or not sections.expire(now_ms):
            return False
        self.kept.try_commit(meter_state.changed(self.state, key_change=False))
        return True

    def _enter_encrypted(self, token, entered, now_ms, by):
        """The attempt is counted and stored before decrypting: a power cut gives no free try."""
        before = self.state.failures
        self.kept.commit(meter_state.changed(self.state, failures=lockout.counted(before, by)))
        decoded = self.reader.decode(token)
        if not decoded.crc_ok:
            self._begin_wait(by, now_ms)
            return self._noted(plain(results.CRC), by)
        after, outcome = self.reader.judged(decoded, now_ms)
        # An authentic token that is refused was no guess, but clears nothing either: else an
        # old token in the hand of a guesser would buy three free tries at a time.
        failures = lockout.cleared(before, by) if outcome.result == results.ACCEPT else before
        self.kept.commit(
            meter_state.changed(
                after,
                failures=failures,
                last_result=outcome.result,
                last_carrier=by,
                last_token=meter_state.check_value(entered),
            )
        )
        self.reader.keep_section(decoded, outcome, now_ms)
        return outcome

    def _noted(self, outcome, by):
        """Remember the result of a token that changed nothing else; safe with the next commit."""
        self.kept.state = meter_state.changed(
            self.state, last_result=outcome.result, last_carrier=by, last_token=0
        )
        return outcome

    def _begin_wait(self, by, now_ms):
        wait_ms = 1000 * lockout.wait_s(self.state.failures[by], by)
        self._locked_until_ms[by] = now_ms + wait_ms
