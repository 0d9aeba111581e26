"""Sections of a key change that wait for the others of their set; only RAM holds them.

A board reads this when the first token of the class comes that can bring one.
"""

from sts import key_change, kinds, results, tid

from account import state as meter_state
from account.outcome import Outcome, plain


class KeySections:
    """Gathers what key change tokens bring, until a set is complete or its time is over."""

    def __init__(self):
        self._held = {}
        self._until_ms = 0

    def judged(self, state, decoded, now_ms: int):
        """Return (next state, Outcome) for the section that `decoded`, a Token, brings."""
        section, fields = kinds.KEY_SECTIONS[decoded.kind], decoded.fields
        refused = key_change.refusal(section, fields, state.key)
        if refused:
            return state, plain(refused, decoded.kind)
        sections, another = self._gathered(section, fields, state.key.ea, now_ms)
        missing = key_change.missing(sections, state.key.ea)
        if missing:
            outcome = Outcome(
                key_change.PROGRESS[section], decoded.kind, 0, None, (), missing, False, another
            )
            return meter_state.changed(state, key_change=True), outcome
        key = key_change.new_key(sections, state.key.ea)
        tids = tid.filled(0) if sections[1]["ro"] else state.tids
        after = meter_state.changed(state, key=key, tids=tids, key_change=False)
        return after, plain(results.ACCEPT, decoded.kind)

    def keep(self, decoded, outcome, ea: str, now_ms: int):
        """After the commit: remember a section that waits for others, or forget a finished set."""
        if outcome.missing:
            section = kinds.KEY_SECTIONS[decoded.kind]
            sections, another = self._gathered(section, decoded.fields, ea, now_ms)
            if another or not self._held or now_ms >= self._until_ms:
                self._until_ms = now_ms + key_change.WINDOW_MS
            self._held = sections
        elif outcome.result == results.ACCEPT:
            self._held = {}

    def expire(self, now_ms: int) -> bool:
        """Drop a set that was not completed in time; return whether there was one."""
        if not self._held or now_ms < self._until_ms:
            return False
        self._held = {}
        return True

    def _gathered(self, section, fields, ea, now_ms):
        """Return (sections of the set so far, whether `section` dropped others)."""
        held = {} if now_ms >= self._until_ms else self._held
        return key_change.gathered(held, section, fields, ea)
