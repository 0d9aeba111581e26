"""The security module: alone holds the vending keys; it derives and encrypts, and never exports.

Nothing but this module derives a decoder key or encrypts a token for the station (a test holds
to that), and its answers are tokens. Keys leave it in two ways only: wrapped for another
station (`export_keys`), and as the decoder key of one new meter that is being provisioned
(`provisioning_key`), which is audited and refused a second time. The limits of a key are kept
here, not in the caller, and everything it does is in the audit log.

At rest, vending keys are sealed under a master key, which is sealed under a passphrase or a key
file. This is a boundary in code, in the station's process: it protects the database and the
backups, not against somebody who controls the unlocked process. That takes a module in hardware.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter

from sqlalchemy import select
from sqlalchemy.orm import Session
from sts import kinds
from sts.decoder_key import DITK

from meter20.vending import (
    audit,
    key_change,
    key_usage,
    quick_encrypt,
    refusal,
    sealing,
    station_time,
    transport,
    vending_key,
)
from meter20.vending.audit import ISSUE
from meter20.vending.audit_walk import Report
from meter20.vending.books import Books
from meter20.vending.derivation import decoder_key
from meter20.vending.encoder import encode
from meter20.vending.keeper import Keeper
from meter20.vending.models import AuditEntry, AuditHead, Slip, Vault, VendingKey
from meter20.vending.refusal import Refusal
from meter20.vending.station_time import StationTime, stamp
from meter20.vending.token_request import TokenRequest, body, check
from meter20.vending.vending_key import KeyTerms, MeterKey

_PROVISION = "provision"
_TERMS = tuple(KeyTerms.__dataclass_fields__)
_FACTS = attrgetter("sealed", *_TERMS)

_IMPORT = "import key"


class SecurityModule:
    """An unlocked security module. It works in the caller's transactions, with their audit.

    Keys lie in slots, which `vars` does not show.
    """

    __slots__ = (
        "_audit_key", "_cipher", "_master", "_now", "_opened", "_seal_key", "_tables", "keeper",
    )  # fmt: skip

    def __init__(self, master: bytes, now: Callable[[], datetime], tables: dict | None = None):
        """Hold the `master` key. tables: EA07 tables of a licensee, None for the sample tables."""
        self._master = master
        self._audit_key = sealing.Key(sealing.subkey(master, b"audit log"))
        self.keeper = Keeper(self._audit_key, now)
        self._seal_key = sealing.subkey(master, b"keys at rest")
        self._now = now
        self._tables, self._cipher = tables, quick_encrypt.Ciphers()
        self._opened: dict[tuple, tuple[KeyTerms, bytes]] = {}

    def __repr__(self) -> str:
        return "SecurityModule(hidden)"

    @property
    def carriers_key(self) -> sealing.Key:
        """Return the key of the secrets that carriers need: it makes no token."""
        return sealing.Key(sealing.subkey(self._master, b"carriers"))

    # -- locking -------------------------------------------------------------------------------

    @classmethod
    def create(
        cls,
        session: Books,
        secret: sealing.Secret,
        name: str,
        actor: str,
        now: Callable[[], datetime],
        tables: dict | None = None,
        *,
        zone: str = station_time.DEFAULT_ZONE,
        rehearsal: bool = False,
    ) -> "SecurityModule":
        """Make the module of a new station, locked with `secret`; raises Refusal if it exists."""
        if session.get(Vault, 1):
            raise Refusal(refusal.EXISTS, "There is a security module in this database already.")
        if session.scalar(select(AuditEntry.seq).limit(1)) or session.get(AuditHead, 1):
            words = "There was a station in this database, and its security module is gone."
            raise Refusal(refusal.EXISTS, words)
        module = cls(secrets.token_bytes(sealing.KEY_BYTES), now, tables)
        time = stamp(now())
        vault = Vault(
            id=1, name=name, created_at=time, rehearsal=rehearsal, zone=zone, latest=time
        )  # fmt: skip
        module._lock(vault, secret)
        session.add(vault)
        module.keeper.begin(session)
        module._log(
            session,
            actor,
            "create",
            detail=f"station {name}, zone {zone}{rehearsal * ', for rehearsals'}",
        )
        return module

    @classmethod
    def unlock(
        cls,
        session: Session,
        secret: sealing.Secret,
        now: Callable[[], datetime],
        tables: dict | None = None,
    ) -> "SecurityModule":
        """Return the module, opened with `secret`; raises Refusal when it is the wrong one."""
        vault = session.get(Vault, 1)
        if vault is None:
            raise Refusal(refusal.NO_DATABASE, "There is no security module in this database yet.")
        return cls.opened(vault, secret, now, tables)

    @classmethod
    def opened(
        cls,
        vault: Vault,
        secret: sealing.Secret,
        now: Callable[[], datetime],
        tables: dict | None = None,
    ) -> "SecurityModule":
        """Return the module in the row `vault`; raises Refusal when `secret` is the wrong one."""
        lock = sealing.Lock(vault.lock_kind, vault.lock_salt, vault.lock_cost)
        words = f"This {secret.kind.replace('-', ' ')} does not open the security module."
        master = sealing.unseal(
            lock.key(secret), vault.sealed_master, _about(vault), words, refusal.SECRET
        )
        return cls(master, now, tables)

    def relock(self, session: Books, secret: sealing.Secret, actor: str) -> None:
        """Lock the module with another `secret` from now on; no vending key changes."""
        self._lock(session.get_one(Vault, 1), secret)
        self._log(session, actor, "relock", detail=f"now locked with a {secret.kind}")

    def _lock(self, vault: Vault, secret: sealing.Secret) -> None:
        lock = sealing.Lock.new(secret)
        vault.lock_kind, vault.lock_salt, vault.lock_cost = lock.kind, lock.salt, lock.cost
        vault.sealed_master = sealing.seal(lock.key(secret), self._master, _about(vault))

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
        self._log(session, actor, "change limits", supply=row.label, detail=said)

    def retire_key(self, session: Books, row: VendingKey, actor: str) -> None:
        """Give a vending key up for good: it makes no token any more, and its KRN is free."""
        retired = stamp(self._now())
        terms = self._terms(row).changed(retired=retired)
        row.sealed = sealing.seal(self._seal_key, self._vending_key(row), terms.sealed_text())
        row.retired = retired
        self._log(
            session, actor, "retire key", supply=row.label,
            detail=f"check value {row.check_value}",
        )  # fmt: skip

    def export_keys(
        self, session: Books, rows: Sequence[VendingKey], secret: sealing.Secret, actor: str
    ) -> str:
        """Return a file for another station: keys and terms of `rows`, sealed under `secret`."""
        entries = [(self._terms(row), self._vending_key(row)) for row in rows]
        for row in rows:
            self._log(
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
        self._log(
            session,
            actor,
            operation,
            supply=row.label,
            detail=f"{vending_key.VENDING_KEY_NAMES[row.kt]}, KEN {row.ken}, DKGA{row.dkga}, "
            f"check value {row.check_value}",
        )
        return row

    # -- tokens --------------------------------------------------------------------------------

    def issue(
        self, session: Books, meter: MeterKey, requests: Sequence[TokenRequest], actor: str
    ) -> list[str]:
        """Return the digits of the requested tokens, all of them or none.

        Raises Refusal before it has changed anything; `log_refusal` puts it into the audit log,
        once the caller has taken back what it did itself.
        """
        row, now, known = meter.vending_key, self._now(), session.later(StationTime)
        day = max(row.day, station_time.day(now, known.zone))
        usage = session.later(key_usage.Usage, row.id, day)
        try:
            known.check(now)
            tokens, amounts = self._encoded(usage, meter, requests)
            self.keeper.gave(session, [request.tid for request in requests], row.base_date)
        except Refusal as refused:
            refused.about = {"meter": meter.drn, "supply": row.label, "kind": requests[0].kind}
            raise
        row.day, time = day, stamp(now)
        known.issued(now)
        for request, amount in zip(requests, amounts, strict=True):
            usage.count(request.kind, amount)
            self._log(
                session,
                actor,
                ISSUE,
                meter=meter.drn,
                supply=row.label,
                kind=request.kind,
                tid=request.tid,
                amount=amount,
                time=time,
                detail=audit.counted_for(day, time),
            )
        return tokens

    def issue_test(self, session: Books, kind: str, fields: dict, actor: str) -> str:
        """Return a class 1 token: for any meter, under no key, and without a TID."""
        if kind not in (kinds.TEST_2DIGIT, kinds.TEST_4DIGIT, kinds.READ_EXTENDED):
            raise Refusal(refusal.VALUE, f"{kind} is not a token of class 1.")
        self._log(session, actor, ISSUE, kind=kind, detail=f"control {fields['control']:x}")
        return encode(kind, None, None, fields)

    def key_change(
        self,
        session: Books,
        old: MeterKey,
        new: MeterKey,
        now_tid: int,
        sections: int,
        actor: str,
    ) -> list[tuple[str, str]]:
        """Return (kind, digits) of the set that takes a meter from the key `old` to `new`.

        now_tid: the present minute under the new base date. sections: 2 or 3 for EA07, 4 for EA11.
        The old key may have expired, the new one may not. A new base date sets RO.
        """
        self._check_clock(session)
        old_key, new_key = self._decoder_key(old), self._decoder_key(new)
        key_change.check(old, new, now_tid, same_key=old_key == new_key)
        parts = key_change.sections(new, new_key, key_change.rolls_over(old, new), sections)
        self._log(
            session,
            actor,
            "key change",
            meter=new.drn,
            supply=new.vending_key.label,
            detail=key_change.words(old, new, sections),
        )
        return [(kind, self._encode(kind, new.ea, old_key, fields)) for kind, fields in parts]

    # -- new meters ----------------------------------------------------------------------------

    def initial_key(self, drn: str, ea: str) -> bytes:
        """Return a random initial key (DITK) for a new meter, sealed: it opens no other meter."""
        key = secrets.token_bytes(vending_key.KEY_SIZES[ea])
        return sealing.seal(self._seal_key, key, b"DITK " + drn.encode())

    def provisioning_key(self, session: Books, meter: MeterKey, actor: str, again: bool) -> str:
        """Return the decoder key of one new meter in clear, as hexadecimal, to be put into it.

        The only key that ever leaves in clear. Audited; raises Refusal the second time unless
        `again`. It makes tokens for this one meter, as the meter's own memory does.
        """
        before = select(AuditEntry.seq).filter_by(meter=meter.drn, operation=_PROVISION).limit(1)
        if session.scalar(before) and not again:
            raise Refusal(
                refusal.STATE,
                f"Meter {meter.drn} was provisioned already; its key is not shown a second time. "
                "If the record was lost before it reached the meter, use --again.",
            )
        self._check_clock(session)
        kind = vending_key.DECODER_KEY_NAMES[meter.kt]
        self._log(
            session,
            actor,
            _PROVISION,
            meter=meter.drn,
            supply=meter.vending_key.label,
            detail=f"{kind} given out for a new meter" + (", again" if again else ""),
        )
        return self._decoder_key(meter).hex()

    # -- the clock -----------------------------------------------------------------------------

    def accept_clock(self, session: Books, actor: str) -> str:
        """Believe the clock, though it is far ahead of the latest token; returns what it says."""
        known, time = session.later(StationTime), stamp(self._now())
        self._log(session, actor, "accept clock", detail=f"latest token {known.latest}")
        known.latest = max(known.latest, time)
        return time

    def turn_back(self, session: Books, actor: str, reason: str) -> list[str]:
        """Make the days of keys follow the clock again; returns the labels of those ahead of it.

        What was issued on a day stays counted for that day, so none begins anew.
        """
        known, now = session.later(StationTime), self._now()
        today = station_time.day(now, known.zone)
        self._log(
            session, actor, "turn back", detail=f"latest token {known.latest}. Reason: {reason}"
        )
        known.latest = min(known.latest, stamp(now))
        ahead = list(session.scalars(select(VendingKey).where(VendingKey.day > today)))
        for row in ahead:
            detail = f"day {row.day} back to {today}"
            self._log(session, actor, "turn back", supply=row.label, detail=detail)
            row.day = today
        return [row.label for row in ahead]

    def set_zone(self, session: Books, actor: str, zone: str) -> None:
        """Count months and days by another zone, an IANA name, from now on."""
        known = session.later(StationTime)
        detail = f"{known.zone} to {zone}"
        known.zone = station_time.checked_zone(zone)
        self._log(session, actor, "zone", detail=detail)

    def _check_clock(self, session: Books) -> None:
        """Raise Refusal when the clock is not believed; else remember that it was used."""
        known, now = session.later(StationTime), self._now()
        known.check(now)
        known.issued(now)

    # -- the log -------------------------------------------------------------------------------

    def note(self, session: Books, actor: str, operation: str, meter: str, detail: str) -> None:
        """Put something that the station did without a token into the audit log."""
        self._log(session, actor, operation, meter=meter, detail=detail)

    def log_refusal(self, session: Books, actor: str, refused: Refusal) -> None:
        """Put a refusal of this module into the audit log; others are the station's own."""
        if refused.about:
            self._log(session, actor, "refuse", **refused.about, detail=refused.code)

    def verify_log(self, session: Session, noted: str | None = None) -> Report:
        """Verify the audit log with the module's own key; see `audit_walk.verify`."""
        return self.keeper.verify(session, noted)

    def next_receipt(self, session: Books) -> int:
        """Return the number of the next receipt, which was never given before."""
        return self.keeper.next_receipt(session)

    def bind(self, session: Books, slip: Mapping, tokens: Sequence[Mapping], actor: str) -> str:
        """Bind a receipt and its tokens, by their facts, into the audit log; returns the seal."""
        return self.keeper.bind(session, slip, tokens, actor)

    def check_bound(self, slip: Slip) -> None:
        """Raise Refusal when a receipt, or a token on it, was changed outside of the station."""
        self.keeper.check_bound(slip)

    def floor(self, session: Books, base_date: int) -> int:
        """Return the TID of a base date from which on a minute is certainly new."""
        return self.keeper.floor(session, base_date)

    def _log(self, session: Books, actor: str, operation: str, **facts) -> None:
        self.keeper.append(session, actor, operation, **facts)

    # -- inside --------------------------------------------------------------------------------

    def _encoded(
        self, usage: key_usage.Usage, meter: MeterKey, requests: Sequence[TokenRequest]
    ) -> tuple[list[str], list[int]]:
        """Return tokens and the amounts they carry, after every rule of the key was kept."""
        terms = self._terms(meter.vending_key)
        if meter.kt == DITK:
            raise Refusal(
                refusal.KEY_TYPE,
                f"Meter {meter.drn} still holds its initial key (DITK): change its key first.",
            )
        vending_key.check_in_use(terms, meter.vending_key.label)
        for request in requests:
            check(terms, meter, request)
        bodies = [body(request) for request in requests]
        key_usage.check(usage, meter.vending_key, terms, requests, bodies)
        key = self._decoder_key(meter)
        tokens = [
            self._encode(request.kind, meter.ea, key, fields)
            for request, (fields, _) in zip(requests, bodies, strict=True)
        ]
        return tokens, [amount for _, amount in bodies]

    def _encode(self, kind: str, ea: str, key: bytes, fields: dict) -> str:
        tables = self._tables if ea == "07" else None
        return encode(kind, ea, key, fields, tables, self._cipher)

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

    def _decoder_key(self, meter: MeterKey) -> bytes:
        if meter.initial:
            words = (
                f"The initial key of meter {meter.drn} was altered outside of the security module."
            )
            return sealing.unseal(
                self._seal_key, meter.initial, b"DITK " + meter.drn.encode(), words
            )
        row = meter.vending_key
        return decoder_key(
            row.dkga,
            meter.ea,
            self._vending_key(row),
            row.sgc,
            f"{meter.ti:02d}",
            row.krn,
            row.kt,
            row.base_date,
            meter.pan,
        )


def _about(vault: Vault) -> bytes:
    """Return what the seal of the master key vouches for: a station stays what it was made for."""
    return b"master of a rehearsal" if vault.rehearsal else b"master"


def _odd_parity(key: bytes) -> bytes:
    """Return a DES key with its parity bits right: each byte has an odd number of ones."""
    return bytes(octet ^ 1 ^ octet.bit_count() & 1 for octet in key)
