"""Key changes: which are allowed, and the sections that carry a new decoder key into a meter.

Pure. A set is encrypted under the old key and carries the attributes of the new one, see
`key_sections`.

Source: IEC 62055-41, Set1st- to Set4thSectionDecoderKey, and key management.
"""

from sts import kinds
from sts.decoder_key import DITK
from sts.key_change import TRANSITIONS

from meter20.vending import key_sections, refusal, vending_key
from meter20.vending.refusal import Refusal
from meter20.vending.token_request import check_expiry, check_minute
from meter20.vending.vending_key import KEY_CHANGE, KeyTerms, MeterKey

#: Tokens of a set by EA; the first is the default.
SET_SIZES = {"07": (2, 3), "11": (4,)}


def check(old: MeterKey, new: MeterKey, now_tid: int, same_key: bool) -> None:
    """Raise Refusal unless a meter may go from `old` to `new` now, a TID of the new base date."""
    terms = KeyTerms.of(new.vending_key)
    vending_key.check_in_use(terms, new.vending_key)
    _check_types(old, new)
    if not terms.allows(kinds.KEY_1):
        raise Refusal(
            refusal.LIMIT,
            f"The key {new.vending_key.label} may not enter a meter: its "
            f"kinds do not include {KEY_CHANGE}.",
        )
    if terms.base_date < old.vending_key.base_date:
        raise Refusal(
            refusal.BASE_DATE,
            "A base date only moves forward: the meter would take tokens of the past again.",
        )
    check_minute(now_tid, terms.base_date)
    check_expiry(now_tid, terms, new)
    if same_key and rolls_over(old, new):
        raise Refusal(
            refusal.BASE_DATE,
            "With DKGA02 the base date is no part of the decoder key: "
            "a roll-over needs another vending key (a new KRN), or used tokens would "
            "work again.",
        )
    if same_key and old.ken == new.ken:
        raise Refusal(refusal.STATE, f"Meter {new.drn} has this key already: nothing to change.")


def _check_types(old: MeterKey, new: MeterKey) -> None:
    names = vending_key.DECODER_KEY_NAMES
    if new.ea != new.vending_key.ea:
        raise Refusal(
            refusal.KEY_TYPE,
            f"The key {new.vending_key.label} is not for EA{new.ea}: "
            "no key change alters the algorithm of a meter.",
        )
    if new.kt not in TRANSITIONS[old.kt]:
        raise Refusal(
            refusal.KEY_TYPE,
            f"A meter does not go from {names[old.kt]} to {names[new.kt]} (KeyTypeError).",
        )


def rolls_over(old: MeterKey, new: MeterKey) -> bool:
    """Say whether the set must clear the TID memory (RO): another base date, on a meter in use."""
    return old.kt != DITK and old.vending_key.base_date != new.vending_key.base_date


def sections(new: MeterKey, key: bytes, roll_over: bool, count: int) -> list[tuple[str, dict]]:
    """Return (kind, fields) of the `count` tokens that carry `key`; raises Refusal for another."""
    if count not in SET_SIZES[new.ea]:
        allowed = " or ".join(str(each) for each in SET_SIZES[new.ea])
        raise Refusal(refusal.VALUE, f"A key change for EA{new.ea} has {allowed} tokens.")
    return key_sections.sections(new, key, roll_over, count)


def words(old: MeterKey, new: MeterKey, count: int) -> str:
    """Return what a key change does, for the audit log and the receipt."""
    return f"{key_words(old)} to {key_words(new)}, {count} tokens, RO {int(rolls_over(old, new))}"


def key_words(meter: MeterKey) -> str:
    """Return the attributes of the key that a meter holds."""
    if meter.kt == DITK:
        return "initial key"
    row = meter.vending_key
    return (
        f"SGC {row.sgc} KRN {row.krn} KT {row.kt} TI {meter.ti:02d} KEN {meter.ken} "
        f"base date {row.base_date}"
    )
