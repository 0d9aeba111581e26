"""The reader of tokens: says what a token holds and what would become of it."""

from micropython import const
from sts import decoder, kinds, results

from account import acceptance
from account.outcome import Outcome

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from sts.ea07_sta import Tables

    from account.kept_state import KeptState


class Reader:
    """Reads tokens for the meter whose state is `kept`, a kept_state.KeptState. Commits nothing.

    tables, phases: see account.meter.Meter. cipher: what decrypts with the meter's key, see
    sts.decoder.cipher; None before there is a key. sections: the key_sections.KeySections that
    came so far, None before the first token that can bring one.
    """

    def __init__(self, kept: "KeptState", tables: "Tables | None", phases: int):
        self._kept = kept
        self._tables = tables
        self._phases = phases
        self.sections = None
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
        state = self._kept.state
        if decoded.kind in kinds.KEY_SECTIONS:
            return self.expect_section().judged(state, decoded, now_ms)
        kind = acceptance.MeterKind(bool(self._kept.steps), self._phases)
        after, result, amount = acceptance.judged(state, decoded, kind)
        token_tid = decoded.fields.get("tid")
        return after, Outcome(result, decoded.kind or "", amount, token_tid, (), (), False, False)

    def tested(self, token: int):
        """Return the Outcome of the 66-bit test/display `token`, which needs no key."""
        from account import requested_tests  # a board reads it when the first test token comes

        state = self._kept.state
        decoded = decoder.decode(token, None, state.key.ea)
        result, kind, tests = requested_tests.requested(decoded, state.identity.drn, self._phases)
        return Outcome(result, kind, 0, None, tests, (), True, False)

    def expect_section(self):
        """Return the KeySections, made when this is called first."""
        if self.sections is None:
            from account.key_sections import KeySections

            self.sections = KeySections()
        return self.sections

    def keep_section(self, decoded, outcome, now_ms: int):
        """After the commit of a token: keep the section that it brought, or take the new key."""
        if decoded.kind in kinds.KEY_SECTIONS:
            self.expect_section().keep(decoded, outcome, self._kept.state.key.ea, now_ms)
            if outcome.result == results.ACCEPT:
                self.take_key()
