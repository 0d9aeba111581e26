"""The meter: owner of the state, and the only writer of the record store.

Every carrier (keypad, service port, network) hands its digits to `enter`; the
pulses of the metering element arrive in `consume`. What must not be lost is
committed before either returns.
"""

from collections import namedtuple

from micropython import const
from ports.record_store import LOST, StoreFailed
from sts import decoder, digits, key_change, results, tid

from account import acceptance, carrier, lockout, meter_test, register
from account import state as meter_state

#: Consumption that a power cut may leave unaccounted for, at most, in Wh; the customer keeps it.
#: The checkpoint comes a little earlier, as one step may bring several pulses.
CHECKPOINT_MAX_WH = const(100)
_CHECKPOINT_WH = const(90)
_TRY_AGAIN_WH = const(10)  # after a checkpoint that failed; each try may take seconds

#: What became of a token. result: of sts.results. kind: of sts.kinds, "" if it could not be read.
#: amount: credit added, in Wh or, from a currency token, in 10^-5 currency units. tid: None for a
#: token without one. tests: for an accepted test/display token the tests to run. missing: for a
#: key change token the sections that are still to come.
#: is_test: it was a test/display token, accepted or not. anew: a key change token that contradicts
#: those entered before it, which were dropped: it begins another set.
Outcome = namedtuple(
    "Outcome", ("result", "kind", "amount", "tid", "tests", "missing", "is_test", "anew")
)


class NotProvisioned(Exception):
    """The meter is in factory state: it has no key to read a token with."""


class StoreLost(NotProvisioned):
    """The meter had a number and a key, and its store cannot tell them any more."""


class Meter:
    """A payment meter on `store`, a RecordStore.

    A store that lost its records, or holds some of a firmware that this one does not
    know, makes a meter without number, key and credit: `store_lost`. It writes nothing,
    so that the right firmware finds all as it was, until it is provisioned again.

    tables: the EA07 tables of a licensee, sts.ea07_sta.Tables, or None for the
    sample tables. phases: 1 or 3. steps: the tariff of a meter that keeps money, see
    account.tariff, () for one that counts energy; whoever configures the meter sets it. cipher:
    what decrypts with the meter's key, see sts.decoder.cipher; None before there is a key.
    """

    def __init__(self, store, tables=None, phases=1):
        record = store.load()
        self._store = store
        self._tables = tables
        self._phases = phases
        self._locked_until_ms = [0, 0, 0]  # of each carrier
        self._sections = {}
        self._sections_until_ms = 0
        self.steps = ()
        self.store_lost = store.health == LOST
        self.store_failing = False
        self.state = meter_state.factory()
        if record:
            try:
                self.state = meter_state.from_bytes(record)
            except ValueError:
                self.store_lost = True
        self._saved_wh = self._try_wh = self.state.register.total_wh
        self._make_cipher()

    @property
    def provisioned(self) -> bool:
        """Whether the meter has a number and a key."""
        return self.state.identity.drn != ""

    @property
    def lost(self) -> bool:
        """Whether the meter lost its state, or the tariff that its money depends on."""
        return self.store_lost or (self.provisioned and self.state.in_currency != bool(self.steps))

    @property
    def unsafe(self) -> bool:
        """Whether more was used than a power cut may take back: the store does not take it."""
        return self._unsaved_wh >= CHECKPOINT_MAX_WH

    @property
    def _unsaved_wh(self):
        return self.state.register.total_wh - self._saved_wh

    @property
    def kind(self):
        """What the acceptance rules need to know: an acceptance.Kind."""
        return acceptance.Kind(bool(self.steps), self._phases)

    def start(self, now_ms: int) -> bool:
        """Note the restart and begin a pending lock-out again. One commit, if provisioned.

        A store that refuses it makes the meter `unsafe` until it takes something.

        Returns whether the restart dropped an incomplete set of key change tokens.
        """
        if not self.provisioned:
            return False
        dropped = self.state.key_change
        fails = min(self.state.power_fails + 1, 0xFFFF)
        if not self._try_commit(
            meter_state.changed(self.state, power_fails=fails, key_change=False)
        ):
            self._saved_wh -= CHECKPOINT_MAX_WH  # no supply at all from a store that takes nothing
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
        self._commit(
            meter_state.changed(
                meter_state.factory(),
                identity=identity,
                key=key,
                tids=tid.filled(manufactured),
                power_limit_w=power_limit_w,
                in_currency=bool(self.steps),
            )
        )
        self.store_lost = False
        self._make_cipher()

    def forget(self):
        """Begin anew as a meter in factory state, before a meter that is `lost` is provisioned."""
        self.state = meter_state.factory()
        self._saved_wh = self._try_wh = 0

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
            return self._noted(_plain(results.FORMAT), by)
        class_ = digits.split(token)[0]
        if class_ == 1:
            return self._test(token, by)
        if self.lost:
            raise StoreLost
        if not self.provisioned:
            raise NotProvisioned
        if self.lockout_ms(now_ms, by):
            return self._noted(_plain(results.LOCKED_OUT), by)
        if class_ == 3:
            return self._noted(_plain(results.FUNCTION), by)
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
            state.register, pulses, state.identity.imp_per_kwh, self.steps, period
        )
        self.state = meter_state.changed(state, register=after)
        if self._unsaved_wh >= _CHECKPOINT_WH and after.total_wh >= self._try_wh:
            self.checkpoint()

    def checkpoint(self):
        """Make the consumption counted so far safe. One commit, if there is any to save."""
        if self.provisioned and (self.store_failing or self._unsaved_wh):
            self._try_commit(self.state)

    def detect_tamper(self):
        """Note that tampering was seen. One commit, if it was not known."""
        if self.provisioned and not self.state.tamper:
            self._try_commit(meter_state.changed(self.state, tamper=True))

    def set_emergency(self, called_up: bool):
        """Begin or end the use of emergency credit. One commit, if that is new.

        Raises StoreFailed.
        """
        if self.provisioned and self.state.emergency != called_up:
            self._commit(meter_state.changed(self.state, emergency=called_up))

    def expire_key_change(self, now_ms: int) -> bool:
        """Drop a set of key change tokens not completed in time; say whether there was one."""
        if not self._sections or now_ms < self._sections_until_ms:
            return False
        self._sections = {}
        self._try_commit(meter_state.changed(self.state, key_change=False))
        return True

    def decode(self, token: int):
        """Return the sts.decoder.Token of the 66-bit `token`, read with the meter's key."""
        return decoder.decode(token, self.cipher, self.state.key.ea)

    def judged(self, decoded, now_ms: int):
        """Return (next state, Outcome) of `decoded`, a Token with a good CRC. Changes nothing."""
        section = key_change.SECTIONS.get(decoded.kind)
        if section:
            return self._key_section(section, decoded, now_ms)
        after, result, amount = acceptance.judged(self.state, decoded, self.kind)
        token_tid = decoded.fields.get("tid")
        return after, Outcome(result, decoded.kind or "", amount, token_tid, (), (), False, False)

    def _enter_encrypted(self, token, entered, now_ms, by):
        """The attempt is counted and stored before decrypting: a power cut gives no free try."""
        before = self.state.failures
        self._commit(meter_state.changed(self.state, failures=lockout.counted(before, by)))
        decoded = self.decode(token)
        if not decoded.crc_ok:
            self._begin_wait(by, now_ms)
            return self._noted(_plain(results.CRC), by)
        after, outcome = self.judged(decoded, now_ms)
        # An authentic token that is refused was no guess, but clears nothing either: else an
        # old token in the hand of a guesser would buy three free tries at a time.
        failures = lockout.cleared(before, by) if outcome.result == results.ACCEPT else before
        self._commit(
            meter_state.changed(
                after,
                failures=failures,
                last_result=outcome.result,
                last_carrier=by,
                last_token=meter_state.check_value(entered),
            )
        )
        self._keep_section(decoded, outcome, now_ms)
        return outcome

    def _key_section(self, section, decoded, now_ms):
        """Return (next state, Outcome) for one section of a key change."""
        state, fields = self.state, decoded.fields
        refused = key_change.refusal(section, fields, state.key)
        if refused:
            return state, _plain(refused, decoded.kind)
        sections, anew = self._gathered(section, fields, now_ms)
        missing = key_change.missing(sections, state.key.ea)
        if missing:
            outcome = Outcome(
                key_change.PROGRESS[section], decoded.kind, 0, None, (), missing, False, anew
            )
            return meter_state.changed(state, key_change=True), outcome
        key = key_change.new_key(sections, state.key.ea)
        tids = tid.filled(0) if sections[1]["ro"] else state.tids
        after = meter_state.changed(state, key=key, tids=tids, key_change=False)
        return after, _plain(results.ACCEPT, decoded.kind)

    def _gathered(self, section, fields, now_ms):
        """Return (sections of the set so far, whether `section` dropped others)."""
        held = {} if now_ms >= self._sections_until_ms else self._sections
        return key_change.gathered(held, section, fields, self.state.key.ea)

    def _keep_section(self, decoded, outcome, now_ms):
        """After the commit: remember a section that waits for others, or forget a finished set."""
        section = key_change.SECTIONS.get(decoded.kind)
        if section is None:
            return
        if outcome.missing:
            sections, anew = self._gathered(section, decoded.fields, now_ms)
            if anew or not self._sections or now_ms >= self._sections_until_ms:
                self._sections_until_ms = now_ms + key_change.WINDOW_MS
            self._sections = sections
        elif outcome.result == results.ACCEPT:
            self._sections = {}
            self._make_cipher()

    def _test(self, token, by):
        decoded = decoder.decode(token, None, self.state.key.ea)
        result, kind, tests = meter_test.requested(decoded, self.state.identity.drn, self._phases)
        return self._noted(Outcome(result, kind, 0, None, tests, (), True, False), by)

    def _noted(self, outcome, by):
        """Remember the result of a token that changed nothing else; safe with the next commit."""
        self.state = meter_state.changed(
            self.state, last_result=outcome.result, last_carrier=by, last_token=0
        )
        return outcome

    def _begin_wait(self, by, now_ms):
        wait_ms = 1000 * lockout.wait_s(self.state.failures[by], by)
        self._locked_until_ms[by] = now_ms + wait_ms

    def _make_cipher(self):
        key = self.state.key
        self.cipher = None
        if self.provisioned:
            self.cipher = decoder.cipher(key.ea, key.decoder_key.octets, self._tables)

    def _try_commit(self, state):
        """Commit what holds in any case; return whether it is safe, else it is in RAM only."""
        try:
            self._commit(state)
        except StoreFailed:
            self.state = state
            self._try_wh = state.register.total_wh + _TRY_AGAIN_WH
            return False
        return True

    def _commit(self, state):
        """Make `state` the record, and then the state. Raises StoreFailed; the old one stands."""
        self.store_failing = True
        try:
            self._store.commit(meter_state.to_bytes(state))
        except OSError:
            raise StoreFailed from None
        self.store_failing = False
        self.state = state
        self._saved_wh = state.register.total_wh


def _plain(result, kind=""):
    return Outcome(result, kind, 0, None, (), (), False, False)
