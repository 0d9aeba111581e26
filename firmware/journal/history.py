"""History: the last five purchases, and the last other token. Kept in the cold record.

A purchase is a credit token that was accepted; whatever else is typed later hides none.

The digits of an accepted or used token are spent and may be shown, as meters do.
Those of a token that may still be worth something are not kept.

Pure domain: no ports, no clock, no I/O.
"""

import struct
from collections import namedtuple

from account import carrier
from micropython import const
from sts import results

PURCHASES = const(5)
OTHERS = const(1)
CAPACITY = const(6)

_FORMAT = "<BI9sq"
_SIZE = const(22)
_DIGITS = const(20)
_NO_TID = const(0xFFFFFFFF)
_BY_SHIFT = const(6)  # the carrier is above the result, which is below 64

#: result: of sts.results. tid: None for a token without one. digits: "" when not kept. amount: as
#: in account.outcome.Outcome. by: of account.carrier.
Entry = namedtuple("Entry", ("result", "tid", "digits", "amount", "by"))


def is_worth_noting(outcome) -> bool:
    """Whether `outcome`, an account.outcome.Outcome, is of a token that the meter had to read.

    What costs no try is left out - no token, a test, an entry during a lock-out: it could be
    repeated as fast as a wire allows, and each note wears the flash.
    """
    return outcome.result not in (results.FORMAT, results.LOCKED_OUT) and not outcome.is_test


def entry(outcome, digits: str, by: int):
    """Return the Entry for `outcome`, an account.outcome.Outcome, of a token of 20 `digits`."""
    spent = outcome.result in (results.ACCEPT, results.USED)
    return Entry(outcome.result, outcome.tid, digits if spent else "", outcome.amount, by)


def noted(history, new):
    """Return `history`, newest first, with Entry `new` before the others."""
    return _kept((new,) + history)


def purchases(history) -> tuple:
    """Return the entries of credit tokens that were accepted, newest first."""
    return tuple([item for item in history if _is_purchase(item)])


def accepted(history, digits: str):
    """Return the entry of the token of 20 `digits` that was accepted, None if there is none."""
    for item in history:
        if item.result == results.ACCEPT and item.digits == digits:
            return item
    return None


def is_ahead(history, tids) -> bool:
    """Whether the token noted last counted, and the TID memory `tids` does not know of it.

    It is noted after it counted, so then what was stored last of the state was lost, and the
    state before it stands for it. What went before a new TID memory is no sign.
    """
    if not history or not tids:
        return False
    last = history[0]
    if last.result != results.ACCEPT or last.tid is None:
        return False
    return last.tid > tids[0] and last.tid not in tids


def to_bytes(history) -> bytes:
    """Return `history` as bytes, 22 for each entry."""
    return b"".join([_packed(item) for item in history])


def from_bytes(data: bytes, amount_max: int) -> tuple:
    """Return the history that `to_bytes` made; no token brought more than `amount_max`.

    Raises ValueError, IndexError.
    """
    if len(data) % _SIZE or len(data) > CAPACITY * _SIZE:
        raise ValueError("history cut short")
    found = [_unpacked(data[at : at + _SIZE]) for at in range(0, len(data), _SIZE)]
    for item in found:
        if abs(item.amount) > amount_max or len(item.digits) > _DIGITS:
            raise ValueError("not what a token brings")
    if len(_kept(found)) < len(found):
        raise ValueError("more than is kept")
    return tuple(found)


def _is_purchase(item):
    return item.result == results.ACCEPT and item.amount != 0


def _kept(items):
    """Return the newest PURCHASES and the newest OTHERS of `items`, in their order."""
    room, kept = [OTHERS, PURCHASES], []
    for item in items:
        kind = int(_is_purchase(item))
        if room[kind]:
            room[kind] -= 1
            kept.append(item)
    return tuple(kept)


def _packed(item):
    tid = _NO_TID if item.tid is None else item.tid
    token = int(item.digits).to_bytes(9, "big") if item.digits else b"\xff" * 9
    kind = results.NAMES.index(item.result) | item.by << _BY_SHIFT
    return struct.pack(_FORMAT, kind, tid, token, item.amount)


def _unpacked(data):
    kind, tid, token, amount = struct.unpack(_FORMAT, data)
    result, by = kind & (1 << _BY_SHIFT) - 1, kind >> _BY_SHIFT
    if by not in carrier.ALL:
        raise ValueError("unknown carrier")
    digits = "" if token == b"\xff" * 9 else "%020d" % int.from_bytes(token, "big")
    return Entry(results.NAMES[result], None if tid == _NO_TID else tid, digits, amount, by)
