"""What the page says below the meter's display, in the page's language, of what it shows.

The display has four short lines in English. A result has its meaning in the firmware's `explain`;
what else a learner may meet has a sentence in the page's texts, under `notice.NAME`.
"""

from account.explain import MEANINGS
from panel import screens
from sts import results
from supply import decision

_OFF = {
    decision.NO_CREDIT: "no_credit",
    decision.TAMPER: "tamper",
    decision.OVERLOAD: "overload",
    decision.OVERLOAD_LOCK: "overload_lock",
    decision.FAULT: "after_fault",
}

#: Names of the sentences.
NAMES = ("fault", "key_change_dropped", "new_key", "locked") + tuple(sorted(_OFF.values()))


def below(lines, view, outcome, is_faulty):
    """Return (meaning, name) of what stands on the display; "" for what needs no words.

    lines: of the display. view: panel.view.View. outcome: the account.outcome.Outcome of the last
    token, None before the first. is_faulty: a fault stopped the meter. meaning: one of
    account.explain.MEANINGS. name: one of NAMES.
    """
    if is_faulty:
        return "", "fault"
    if lines == screens.key_change_dropped():
        return "", "key_change_dropped"
    if lines[0] in MEANINGS:
        return (MEANINGS[lines[0]], "") if not _is_new_key(lines[0], outcome) else ("", "new_key")
    if lines[-1] != screens.idle(view)[-1]:  # not the screen at rest
        return "", ""
    return "", "locked" if view.lockout_s else _OFF.get(view.relay_reason, "")


def _is_new_key(shown, outcome):
    is_last = outcome is not None and shown == outcome.result == results.ACCEPT
    return is_last and "DecoderKey" in outcome.kind
