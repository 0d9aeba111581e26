"""The safe of the security module: its keys at rest, and the rules that are sealed with them.

A vending key lies in the database, sealed with its terms under a key that only the security
module has: neither can be changed outside of it. Keys leave the safe in one way only, wrapped for
another station (`export_keys`). What is made with a key is the security module's business.
"""

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from operator import attrgetter

from sqlalchemy import select

from meter20.vending import refusal, sealing, transport, vending_key
from meter20.vending.books import Books
from meter20.vending.keeper import Keeper
from meter20.vending.models import VendingKey
from meter20.vending.refusal import Refusal
from meter20.vending.station_time import stamp
from meter20.vending.vending_key import KeyTerms, MeterKey

_TERMS = tuple(KeyTerms.__dataclass_fields__)
_FACTS = attrgetter("sealed", *_TERMS)
_IMPORT = "import key"


class KeySafe:
    """The keys of an unlocked security module. Whatever is done to one is in the audit log.

    Keys lie in slots, which `vars` does not show. What begins with an underscore is for the
    security module alone, which derives and encrypts with it.
    """

    __slots__ = ("_keeper", "_now", "_opened", "_seal_key")

    def __init__(self, seal_key: bytes, keeper: Keeper, now: Callable[[], datetime]):
        """seal_key: 32 bytes, of the module's master key. now: the module's clock."""
        self._seal_key, self._keeper, self._now = seal_key, keeper, now
        self._opened: dict[tuple, tuple[KeyTerms, bytes]] = {}

    def __repr__(self) -> str:
        return "KeySafe(hidden)"

    # -- vending keys --------------------------------------------------------------------------

    def generate_key(self, session: Books, terms: KeyTerms, actor: str) -> VendingKey:
        """Make a random vending key under `terms`."""
        key = secrets.token_bytes(vending_key.KEY_BYTES[terms.dkga])
        return self._keep(
            session, terms, _odd_parity(key) if terms.dkga == "02" else key, actor, "generate key"
        )

    def load_key(self, session: Books, terms: KeyTerms, key_hex: str, actor: str) -> VendingKey:
        """Keep a vending key given as hexadecimal text; raises Refusal if malformed."""
        try:
            key = bytes.fromhex(key_hex)
        except ValueError:
            key = b""
        if len(key) != vending_key.KEY_BYTES[terms.dkga]:
            count = 2 * vending_key.KEY_BYTES[terms.dkga]
            raise Refusal(
                refusal.VALUE,
                f"A vending key for DKGA{terms.dkga} has {count} hexadecimal digits.",
            )
        return self._keep(session, terms, key, actor, "load key")

    def change_limits(self, session: Books, row: VendingKey, limits: dict, actor: str) -> None:
        """Set other limits, kinds or expiry on a vending key, and seal it anew."""
        terms = self._terms(row).changed(**limits)
        row.sealed = sealing.seal(self._seal_key, self._vending_key(row), terms.sealed_text())
        for name, value in limits.items():
            setattr(row, name, value)
        said = ", ".join(f"{name} {value}" for name, value in limits.items())
        self._keeper.append(session, actor, "change limits", supply=row.label, detail=said)

    def retire_key(self, session: Books, row: VendingKey, actor: str) -> None:
        """Give a vending key up for good: it makes no token any more, and its KRN is free."""
        retired = stamp(self._now())
        terms = self._terms(row).changed(retired=retired)
        row.sealed = sealing.seal(self._seal_key, self._vending_key(row), terms.sealed_text())
        row.retired = retired
        self._keeper.append(
            session, actor, "retire key", supply=row.label,
            detail=f"check value {row.check_value}",
        )  # fmt: skip

    def export_keys(
        self, session: Books, rows: Sequence[VendingKey], secret: sealing.Secret, actor: str
    ) -> str:
        """Return a file for another station: keys and terms of `rows`, sealed under `secret`."""
        entries = [(self._terms(row), self._vending_key(row)) for row in rows]
        for row in rows:
            self._keeper.append(
                session,
                actor,
                "export key",
                supply=row.label,
                detail=f"check value {row.check_value}",
            )
        return transport.sealed_file(entries, secret)

    def import_keys(
        self, session: Books, text: str, secret: sealing.Secret, actor: str
    ) -> list[VendingKey]:
        """Keep the keys of a file from another station; raises Refusal for the wrong secret."""
        return [
            self._keep(session, terms, key, actor, _IMPORT)
            for terms, key in transport.opened_file(text, secret)
        ]

    def _keep(
        self, session: Books, terms: KeyTerms, key: bytes, actor: str, operation: str
    ) -> VendingKey:
        alike = select(VendingKey).filter_by(sgc=terms.sgc, ea=terms.ea, base_date=terms.base_date)
        rows = list(session.scalars(alike.order_by(VendingKey.id)))
        if vending_key.holder(terms.krn, rows):
            found = sealing.check_value(key) if operation == _IMPORT else None
            raise vending_key.taken(terms, rows, found)
        row = VendingKey(
            **{name: getattr(terms, name) for name in _TERMS},
            check_value=sealing.check_value(key),
            sealed=sealing.seal(self._seal_key, key, terms.sealed_text()),
            created_at=stamp(self._now()),
            day="",
            turn=sum(row.krn == terms.krn for row in rows),
        )
        session.add(row)
        session.flush()
        self._keeper.append(
            session,
            actor,
            operation,
            supply=row.label,
            detail=f"{vending_key.VENDING_KEY_NAMES[row.kt]}, KEN {row.ken}, DKGA{row.dkga}, "
            f"check value {row.check_value}",
        )
        return row

    # -- what is made with them ----------------------------------------------------------------

    def _terms(self, row: VendingKey) -> KeyTerms:
        """Return the terms of `row`, which its seal vouches for."""
        return self._open(row)[0]

    def _vending_key(self, row: VendingKey) -> bytes:
        """Return the vending key itself."""
        return self._open(row)[1]

    def _open(self, row: VendingKey) -> tuple[KeyTerms, bytes]:
        """Return terms and key; raises Refusal if either was altered. Opened once, while equal."""
        facts = _FACTS(row)
        known = self._opened.get(facts)
        if known is None:
            terms = KeyTerms.of(row)
            words = f"The record of the key {row.label} was altered outside of the module."
            key = sealing.unseal(self._seal_key, row.sealed, terms.sealed_text(), words)
            known = self._opened[facts] = terms, key
        return known

    # -- initial keys --------------------------------------------------------------------------

    def initial_key(self, drn: str, ea: str) -> bytes:
        """Return a random initial key (DITK) for a new meter, sealed: it opens no other meter."""
        key = secrets.token_bytes(vending_key.KEY_SIZES[ea])
        return sealing.seal(self._seal_key, key, b"DITK " + drn.encode())

    def _initial_key(self, meter: MeterKey) -> bytes:
        """Return the initial key of a meter that still holds one; raises Refusal if altered."""
        assert meter.initial is not None
        words = f"The initial key of meter {meter.drn} was altered outside of the security module."
        about = b"DITK " + meter.drn.encode()
        return sealing.unseal(self._seal_key, meter.initial, about, words)


def _odd_parity(key: bytes) -> bytes:
    """Return a DES key with its parity bits right: each byte has an odd number of ones."""
    return bytes(octet ^ 1 ^ octet.bit_count() & 1 for octet in key)
