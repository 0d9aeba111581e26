"""Sections of a key change that wait for the others of their set; only RAM holds them."""

from sts import key_change, results


class KeySections:
    """Gathers what key change tokens bring, until a set is complete or its time is over."""

    def __init__(self):
        self._held = {}
        self._until_ms = 0

    def gathered(self, section: int, fields, ea: str, now_ms: int):
        """Return (sections of the set so far, whether `section` dropped others)."""
        held = {} if now_ms >= self._until_ms else self._held
        return key_change.gathered(held, section, fields, ea)

    def keep(self, decoded, outcome, ea: str, now_ms: int) -> bool:
        """After the commit: remember a section that waits for others, or forget a finished set.

        decoded: sts.decoder.Token. outcome: account.reader.Outcome. Returns whether the set
        was finished: the meter has another key.
        """
        section = key_change.SECTIONS.get(decoded.kind)
        if section is None:
            return False
        if outcome.missing:
            sections, anew = self.gathered(section, decoded.fields, ea, now_ms)
            if anew or not self._held or now_ms >= self._until_ms:
                self._until_ms = now_ms + key_change.WINDOW_MS
            self._held = sections
        elif outcome.result == results.ACCEPT:
            self._held = {}
            return True
        return False

    def expire(self, now_ms: int) -> bool:
        """Drop a set that was not completed in time; return whether there was one."""
        if not self._held or now_ms < self._until_ms:
            return False
        self._held = {}
        return True
