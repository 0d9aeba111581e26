"""The rules of a vending key: what its decoder keys are, and which tokens it may make.

Pure: no database, no key material. The security module seals these rules together with the
key, so that they cannot be changed outside of it.

| limit | unit |
| --- | --- |
| max_token_energy, max_day_energy | 0.1 kWh |
| max_token_currency, max_day_currency | 10^-5 of the currency unit |

A key that was `retired` (the time, UTC) makes no tokens and enters no meter.

Source: IEC 62055-41, vending keys and key attributes; the limits are this station's own.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace

from msgspec import Struct
from sts import kinds
from sts.decoder_key import DCTK, DDTK, DITK, DUTK, KEY_SIZES

from meter20.vending import refusal
from meter20.vending.models import VendingKey
from meter20.vending.refusal import Refusal
from meter20.vending.sizes import VENDING_KEYS
from meter20.vending.tid_clock import BASE_YEARS

#: The name of the vending key that decoder keys of a type (KT) come from.
VENDING_KEY_NAMES = {DDTK: "VDDK", DUTK: "VUDK", DCTK: "VCDK"}
DECODER_KEY_NAMES = {DITK: "DITK", DDTK: "DDTK", DUTK: "DUTK", DCTK: "DCTK"}

#: Bytes of a vending key by decoder key generation algorithm (DKGA); 03 rests on no vector.
KEY_BYTES = {dkga: VENDING_KEYS[dkga] for dkga in ("02", "04")}

KEN_MAX = 255
KRN_MAX = 9
LIMIT_MAX = 10**18  # in any unit; the books keep 64 bits

CREDIT, CURRENCY, MANAGEMENT, KEY_CHANGE = "credit", "currency", "management", "key-change"
ALL_KINDS = f"{CREDIT},{CURRENCY},{MANAGEMENT},{KEY_CHANGE}"
_FAMILIES = {
    kind: CURRENCY if kinds.is_currency(class_, subclass) else CREDIT
    for class_, subclass, _, kind, _ in kinds.TABLE
    if class_ == 0
} | dict.fromkeys(kinds.KEY_SECTIONS, KEY_CHANGE)


def family(kind: str) -> str:
    """Return credit, currency, management or key-change for a token kind of class 0 or 2."""
    return _FAMILIES.get(kind, MANAGEMENT)


@dataclass(frozen=True)
class KeyTerms:
    """A vending key's attributes and limits; raises Refusal for a combination that is none."""

    sgc: str
    krn: int = 1
    kt: int = DUTK
    ken: int = 255
    base_date: int = 2014
    dkga: str = "04"
    ea: str = "11"
    kinds: str = ALL_KINDS
    max_token_energy: int | None = None
    max_day_energy: int | None = None
    max_token_currency: int | None = None
    max_day_currency: int | None = None
    retired: str = ""

    def __post_init__(self):
        for bad, words in self._faults():
            if bad:
                raise Refusal(refusal.VALUE, words)

    def _faults(self):
        for term in fields(self):
            value = getattr(self, term.name)
            kind = str if isinstance(term.default, str) or term.name == "sgc" else int
            missing = value is None and term.default is None
            yield type(value) is not kind and not missing, f"{term.name}: not a {kind.__name__}."
        yield not _digits(self.sgc, 6), "A supply group code (SGC) has 6 digits."
        yield not 1 <= self.krn <= KRN_MAX, f"A key revision number (KRN) is 1 to {KRN_MAX}."
        yield self.kt not in VENDING_KEY_NAMES, "A vending key has key type (KT) 1, 2 or 3."
        yield not 0 <= self.ken <= KEN_MAX, f"A key expiry number (KEN) is 0 to {KEN_MAX}."
        yield self.base_date not in BASE_YEARS, "The base date is 1993, 2014 or 2035."
        yield self.dkga not in KEY_BYTES, "The key generation algorithm (DKGA) is 02 or 04."
        yield self.ea not in KEY_SIZES, "The encryption algorithm (EA) is 07 or 11."
        yield (self.ea, self.dkga) == ("11", "02"), "EA11 goes with DKGA04 only."
        yield (self.dkga, self.kt) == ("04", DCTK), "Common keys (KT 3) go with DKGA02 only."
        for name in self.kinds.split(","):
            known = name in ALL_KINDS.split(",") or kinds.named(name, self.ea) is not None
            yield not known, f"There is no token kind {name!r}: {ALL_KINDS}, or a token's name."
        for name in (term.name for term in fields(self) if term.name.startswith("max_")):
            value = getattr(self, name)
            yield value is not None and value < 0, "A limit is not negative."
            yield value is not None and value > LIMIT_MAX, f"A limit is {LIMIT_MAX:.0e} at most."

    @classmethod
    def of(cls, row) -> "KeyTerms":
        """Return the terms that a row (or anything with these attributes) holds."""
        return cls(**{term.name: getattr(row, term.name) for term in fields(cls)})

    def changed(self, **limits) -> "KeyTerms":
        """Return these terms with other limits, kinds or expiry."""
        return replace(self, **limits)

    def sealed_text(self) -> bytes:
        """Return every term as one text, which the seal of the key vouches for."""
        terms = asdict(self)
        if not self.retired:
            del terms["retired"]  # keys were sealed before there was a word for it
        return json.dumps(terms, sort_keys=True, separators=(",", ":")).encode()

    def allows(self, kind: str) -> bool:
        """Say whether this key may make tokens of `kind`."""
        allowed = self.kinds.split(",")
        return kind in allowed or family(kind) in allowed

    def limits(self, kind: str) -> tuple[int | None, int | None]:
        """Return (most for one token, most for one day) for credit of `kind`, in its unit."""
        if family(kind) == CURRENCY:
            return self.max_token_currency, self.max_day_currency
        return self.max_token_energy, self.max_day_energy


def holder(krn: int, rows: Sequence[VendingKey]) -> VendingKey | None:
    """Return the one of `rows` that has the revision `krn` now, None if it is free."""
    return next((row for row in rows if row.krn == krn and not row.retired), None)


def taken(terms: KeyTerms, rows: Sequence[VendingKey], check_value: str | None) -> Refusal:
    """Return the refusal of a key whose KRN one of `rows` has, and what to do.

    rows: as of `another_krn`. check_value: of a key that came in a file, None for a new one.
    """
    words = (
        f"Supply group {terms.sgc} has a key with KRN {terms.krn}, EA{terms.ea} and base date "
        f"{terms.base_date} already"
    )
    there = holder(terms.krn, rows)
    if check_value is None or there is None:
        return Refusal(refusal.EXISTS, f"{words}. {another_krn(rows)}")
    if there.check_value == check_value:
        words += f", and it is the key in the file, check value {check_value}"
    else:
        words += (
            f", and it is another one than in the file: check value {there.check_value} here, "
            f"{check_value} in the file. A meter takes the tokens of one of them only"
        )
    return Refusal(refusal.EXISTS, f"{words}. Nothing of the file was taken over.")


def another_krn(rows: Sequence[VendingKey]) -> str:
    """Return what to do instead of using a KRN that is taken.

    rows: every key of the same supply group, EA and base date, the one registered last at the end.
    KRN runs 1 to 9 and begins again at 1.
    """
    taken = {row.krn for row in rows if not row.retired}
    following = [(rows[-1].krn + step) % KRN_MAX + 1 for step in range(KRN_MAX)]
    free = [krn for krn in following if krn not in taken]
    if free:
        return f"A new key takes another KRN: the next is --krn {free[0]}."
    oldest = next(row for row in rows if not row.retired)
    return (
        f"All {KRN_MAX} revisions are in use: retire one that no meter holds, such as "
        f"`meter20 vend group retire {oldest.sgc} --krn {oldest.krn}`."
    )


def check_in_use(terms: KeyTerms, row: VendingKey) -> None:
    """Raise Refusal for a key that was retired."""
    if terms.retired:
        raise Refusal(
            refusal.STATE,
            f"The key {row.label} was retired on {terms.retired[:10]}: it is not used.",
        )


class MeterKey(Struct, frozen=True):
    """Everything a meter's decoder key hangs on, but no key.

    vending_key: the row of its vending key. initial: the sealed initial key (DITK) that the
    meter still holds, else None. ti: 0..99. ken: the KEN that the meter got last.
    """

    drn: str
    pan: str
    ea: str
    ti: int
    ken: int
    vending_key: VendingKey
    initial: bytes | None = None

    def __repr__(self) -> str:
        return f"MeterKey({self.drn!r}, hidden)"

    @property
    def kt(self) -> int:
        """Return the key type that the meter holds."""
        return DITK if self.initial else self.vending_key.kt


def _digits(text: str, count: int) -> bool:
    return len(text) == count and text.isascii() and text.isdigit()
