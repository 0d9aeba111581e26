"""The reader of tokens: says what a token holds and what would become of it. Changes nothing."""

from collections import namedtuple

from sts import decoder, key_change, results, tid

from account import acceptance, meter_test
from account import state as meter_state

#: What became of a token. result: of sts.results. kind: of sts.kinds, "" if it could not be read.
#: amount: credit added, in Wh or, from a currency token, in 10^-5 currency units. tid: None for a
#: token without one. tests: for an accepted test/display token the tests to run. missing: for a
#: key change token the sections that are still to come.
#: is_test: it was a test/display token, accepted or not. anew: a key change token that contradicts
#: those entered before it, which were dropped: it begins another set.
Outcome = namedtuple(
    "Outcome", ("result", "kind", "amount", "tid", "tests", "missing", "is_test", "anew")
)


class Reader:
    """Reads tokens for the meter whose state is `kept`, a kept_state.KeptState.

    sections: key_sections.KeySections that came so far. tables, phases: see account.meter.Meter.
    cipher: what decrypts with the meter's key, see sts.decoder.cipher; None before there is a key.
    """

    def __init__(self, kept, sections, tables, phases: int):
        self._kept = kept
        self._sections = sections
        self._tables = tables
        self._phases = phases
        self.take_key()

    def take_key(self):
        """Read with the key that the meter has now."""
        key = self._kept.state.key
        self.cipher = None
        if self._kept.provisioned:
            self.cipher = decoder.cipher(key.ea, key.decoder_key.octets, self._tables)

    def decode(self, token: int):
        """Return the sts.decoder.Token of the 66-bit `token`, read with the meter's key."""
        return decoder.decode(token, self.cipher, self._kept.state.key.ea)

    def judged(self, decoded, now_ms: int):
        """Return (next state, Outcome) of `decoded`, a Token with a good CRC."""
        section = key_change.SECTIONS.get(decoded.kind)
        if section:
            return self._key_section(section, decoded, now_ms)
        state = self._kept.state
        kind = acceptance.Kind(bool(self._kept.steps), self._phases)
        after, result, amount = acceptance.judged(state, decoded, kind)
        token_tid = decoded.fields.get("tid")
        return after, Outcome(result, decoded.kind or "", amount, token_tid, (), (), False, False)

    def tested(self, token: int):
        """Return the Outcome of the 66-bit test/display `token`, which needs no key."""
        state = self._kept.state
        decoded = decoder.decode(token, None, state.key.ea)
        result, kind, tests = meter_test.requested(decoded, state.identity.drn, self._phases)
        return Outcome(result, kind, 0, None, tests, (), True, False)

    def _key_section(self, section, decoded, now_ms):
        """Return (next state, Outcome) for one section of a key change."""
        state, fields = self._kept.state, decoded.fields
        refused = key_change.refusal(section, fields, state.key)
        if refused:
            return state, plain(refused, decoded.kind)
        sections, anew = self._sections.gathered(section, fields, state.key.ea, now_ms)
        missing = key_change.missing(sections, state.key.ea)
        if missing:
            outcome = Outcome(
                key_change.PROGRESS[section], decoded.kind, 0, None, (), missing, False, anew
            )
            return meter_state.changed(state, key_change=True), outcome
        key = key_change.new_key(sections, state.key.ea)
        tids = tid.filled(0) if sections[1]["ro"] else state.tids
        after = meter_state.changed(state, key=key, tids=tids, key_change=False)
        return after, plain(results.ACCEPT, decoded.kind)


def plain(result: str, kind: str = ""):
    """Return the Outcome of a token that brings no more than a `result`."""
    return Outcome(result, kind, 0, None, (), (), False, False)
