"""The lessons of the page: what each asks the learner to do, and whether it was done.

`Seen` finds out from what the meter did whether a task is done. The words of a task are in the
texts, under `lesson.NAME.task`.
"""

from sts import results

_CREDIT = "TransferCredit"


class Seen:
    """What happened at the meter since the lesson began.

    outcomes: (digits, result, kind, slip) of each token, oldest first; slip: the name of what the
    desk handed out, None for other digits. cuts: power cuts. looked: digits that were put under
    the glass. krn: of the key that the meter holds. krn_before: of the one that it held at
    first. credit: in Wh now. locked: whether a wrong token made the meter wait.
    """

    _MAX = 100

    def __init__(self, krn: int):
        self.outcomes = []
        self.looked = []
        self.cuts = 0
        self.krn_before = self.krn = krn
        self.credit = 0
        self.locked = False

    def token(self, digits: str, outcome, slip, is_locked: bool):
        """Note the account.outcome.Outcome of the token `digits`; is_locked: after it."""
        self.locked |= is_locked and outcome.result == results.CRC
        self.outcomes.append((digits, outcome.result, outcome.kind, slip))
        del self.outcomes[: -self._MAX]

    def look(self, digits: str):
        """Note that `digits` were put under the glass."""
        self.looked.append(digits)
        del self.looked[: -self._MAX]


def _accepted(seen):
    return [one[0] for one in seen.outcomes if one[1] == results.ACCEPT and one[2][:14] == _CREDIT]


def _count(seen, result):
    return len([one for one in seen.outcomes if one[1] == result])


def _token(seen):
    looked = [digits for digits in _accepted(seen) if digits in seen.looked]
    return bool(_accepted(seen)), bool(looked)


def _once(seen):
    accepted = _accepted(seen)
    again = [one for one in seen.outcomes if one[1] == results.USED and one[0] in accepted]
    return bool(accepted), bool(again)


def _refused(seen, slip):
    return [one for one in seen.outcomes if one[1] == results.CRC and one[3] == slip]


def _meter(seen):
    return (bool(_refused(seen, "neighbour")),)


def _utility(seen):
    return (bool(_refused(seen, "other_group")),)


def _expiry(seen):
    return _count(seen, results.OLD) > 0, _count(seen, results.KEY_EXPIRED) > 0


def _key(seen):
    began = [one for one in seen.outcomes if one[2][:3] == "Set" and one[1] in _SECTIONS]
    return bool(began), seen.krn != seen.krn_before


def _guess(seen):
    return seen.locked, _count(seen, results.LOCKED_OUT) > 0


def _power(seen):
    return bool(_accepted(seen)), seen.cuts > 0 and seen.credit > 0


_SECTIONS = ("1stKCT", "2ndKCT", "3rdKCT", "4thKCT", results.ACCEPT)

#: (name, number of its tasks, which of them are done by Seen), in the order of the lessons.
ALL = (
    ("token", 2, _token),
    ("once", 2, _once),
    ("meter", 1, _meter),
    ("utility", 1, _utility),
    ("expiry", 2, _expiry),
    ("key", 2, _key),
    ("guess", 2, _guess),
    ("power", 2, _power),
)
