"""The security module: alone holds the vending keys; it derives and encrypts, and never exports.

Nothing but this module derives a decoder key or encrypts a token for the station (a test holds
to that), and its answers are tokens. Keys leave it in two ways only: wrapped for another
station (`KeySafe.export_keys`), and as the decoder key of one new meter that is being provisioned
(`provisioning_key`), which is audited and refused a second time. The limits of a key are kept
here, not in the caller, and everything it does is in the audit log.

At rest, vending keys are sealed under a master key, which is sealed under a passphrase or a key
file. This is a boundary in code, in the station's process: it protects the database and the
backups, not against somebody who controls the unlocked process. That takes a module in hardware.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

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
    vending_key,
)
from meter20.vending.audit import ISSUE
from meter20.vending.audit_walk import Report
from meter20.vending.books import Books
from meter20.vending.derivation import decoder_key
from meter20.vending.encoder import encode
from meter20.vending.keeper import Keeper
from meter20.vending.key_safe import KeySafe
from meter20.vending.models import AuditEntry, AuditHead, Slip, Vault
from meter20.vending.module_clock import ModuleClock
from meter20.vending.refusal import Refusal
from meter20.vending.station_time import StationTime, stamp
from meter20.vending.token_request import TokenRequest, body, check
from meter20.vending.vending_key import MeterKey

_PROVISION = "provision"


class SecurityModule:
    """An unlocked security module. It works in the caller's transactions, with their audit.

    keys: its vending keys, to be made, kept and given up. clock: what it believes of the time.
    keeper: of the audit log. Keys lie in slots, which `vars` does not show.
    """

    __slots__ = (
        "_audit_key", "_cipher", "_master", "_now", "_tables", "clock", "keeper", "keys",
    )  # fmt: skip

    def __init__(self, master: bytes, now: Callable[[], datetime], tables: dict | None = None):
        """Hold the `master` key. tables: EA07 tables of a licensee, None for the sample tables."""
        self._master = master
        self._audit_key = sealing.Key(sealing.subkey(master, b"audit log"))
        self.keeper = Keeper(self._audit_key, now)
        self.keys = KeySafe(sealing.subkey(master, b"keys at rest"), self.keeper, now)
        self.clock = ModuleClock(self.keeper, now)
        self._now = now
        self._tables, self._cipher = tables, quick_encrypt.Ciphers()

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
        module.keeper.append(
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
        self.keeper.append(session, actor, "relock", detail=f"now locked with a {secret.kind}")

    def _lock(self, vault: Vault, secret: sealing.Secret) -> None:
        lock = sealing.Lock.new(secret)
        vault.lock_kind, vault.lock_salt, vault.lock_cost = lock.kind, lock.salt, lock.cost
        vault.sealed_master = sealing.seal(lock.key(secret), self._master, _about(vault))

    # -- tokens --------------------------------------------------------------------------------

    def issue(
        self, session: Books, meter: MeterKey, requests: Sequence[TokenRequest], actor: str
    ) -> list[str]:
        """Return the digits of the requested tokens, all of them or none.

        Raises Refusal before it has changed anything; `log_refusal` puts it into the audit log,
        once the caller has taken back what it did itself.
        """
        row, known = meter.vending_key, session.later(StationTime)
        try:
            time, today = known.issuing(self._now)
            day = max(row.day, today)
            usage = session.later(key_usage.Usage, row.id, day)
            tokens, amounts = self._encoded(usage, meter, requests)
            self.keeper.gave(session, [request.tid for request in requests], row.base_date)
        except Refusal as refused:
            refused.about = {"meter": meter.drn, "supply": row.label, "kind": requests[0].kind}
            raise
        row.day = day
        known.issued(time)
        for request, amount in zip(requests, amounts, strict=True):
            usage.count(request.kind, amount)
            self.keeper.append(
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
        self.keeper.append(
            session, actor, ISSUE, kind=kind, detail=f"control {fields['control']:x}"
        )
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
        self.clock.check(session)
        old_key, new_key = self._decoder_key(old), self._decoder_key(new)
        key_change.check(old, new, now_tid, same_key=old_key == new_key)
        parts = key_change.sections(new, new_key, key_change.rolls_over(old, new), sections)
        self.keeper.append(
            session,
            actor,
            "key change",
            meter=new.drn,
            supply=new.vending_key.label,
            detail=key_change.words(old, new, sections),
        )
        return [(kind, self._encode(kind, new.ea, old_key, fields)) for kind, fields in parts]

    # -- new meters ----------------------------------------------------------------------------

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
        self.clock.check(session)
        kind = vending_key.DECODER_KEY_NAMES[meter.kt]
        self.keeper.append(
            session,
            actor,
            _PROVISION,
            meter=meter.drn,
            supply=meter.vending_key.label,
            detail=f"{kind} given out for a new meter" + (", again" if again else ""),
        )
        return self._decoder_key(meter).hex()

    # -- the log -------------------------------------------------------------------------------

    def note(self, session: Books, actor: str, operation: str, meter: str, detail: str) -> None:
        """Put something that the station did without a token into the audit log."""
        self.keeper.append(session, actor, operation, meter=meter, detail=detail)

    def log_refusal(self, session: Books, actor: str, refused: Refusal) -> None:
        """Put a refusal of this module into the audit log; others are the station's own."""
        if refused.about:
            self.keeper.append(session, actor, "refuse", **refused.about, detail=refused.code)

    def verify_log(self, session: Session, noted: str | None = None) -> Report:
        """Verify the audit log with the module's own key; see `audit_walk.verify`."""
        return self.keeper.verify(session, noted)

    def bind_new(self, session: Books, slips: Iterable[tuple[dict, Sequence[Mapping]]]) -> None:
        """Bind new receipts into the audit log, and give each a number that was never given.

        slips: the facts of each, which get its `id` and its `seal`, and those of its tokens.
        """
        self.keeper.bind_new(session, slips)

    def bind(self, session: Books, slip: Mapping, tokens: Sequence[Mapping], actor: str) -> str:
        """Bind a receipt and its tokens, by their facts, into the audit log; returns the seal."""
        return self.keeper.bind(session, slip, tokens, actor)

    def check_bound(self, slip: Slip) -> None:
        """Raise Refusal when a receipt, or a token on it, was changed outside of the station."""
        self.keeper.check_bound(slip)

    def floor(self, session: Books, base_date: int) -> int:
        """Return the TID of a base date from which on a minute is certainly new."""
        return self.keeper.floor(session, base_date)

    # -- inside --------------------------------------------------------------------------------

    def _encoded(
        self, usage: key_usage.Usage, meter: MeterKey, requests: Sequence[TokenRequest]
    ) -> tuple[list[str], list[int]]:
        """Return tokens and the amounts they carry, after every rule of the key was kept."""
        terms, supply = self.keys._open(meter.vending_key)
        if meter.kt == DITK:
            raise Refusal(
                refusal.KEY_TYPE,
                f"Meter {meter.drn} still holds its initial key (DITK): change its key first.",
            )
        vending_key.check_in_use(terms, meter.vending_key)
        for request in requests:
            check(terms, meter, request)
        bodies = [(request.kind, *body(request)) for request in requests]
        amounts = [amount for _, _, amount in bodies]
        key_usage.check(
            usage, meter.vending_key, terms, [(kind, amount) for kind, _, amount in bodies]
        )
        key = _derived(meter, supply)
        return [self._encode(kind, meter.ea, key, fields) for kind, fields, _ in bodies], amounts

    def _encode(self, kind: str, ea: str, key: bytes, fields: dict) -> str:
        tables = self._tables if ea == "07" else None
        return encode(kind, ea, key, fields, tables, self._cipher)

    def _decoder_key(self, meter: MeterKey) -> bytes:
        if meter.initial:
            return self.keys._initial_key(meter)
        return _derived(meter, self.keys._vending_key(meter.vending_key))


def _derived(meter: MeterKey, supply: bytes) -> bytes:
    """Return the decoder key of `meter` under the vending key `supply`."""
    row = meter.vending_key
    return decoder_key(
        row.dkga, meter.ea, supply, row.sgc, str(meter.ti).zfill(2), row.krn, row.kt,
        row.base_date, meter.pan,
    )  # fmt: skip


def _about(vault: Vault) -> bytes:
    """Return what the seal of the master key vouches for: a station stays what it was made for."""
    return b"master of a rehearsal" if vault.rehearsal else b"master"
