"""Clients of the station: points of sale, their passwords and their keys.

The database keeps passwords as Argon2id hashes. The process remembers right passwords, as codes
under a random key of its own, so that a till does not wait for Argon2 at each message. An API key
is 256 random bits; the database has its SHA-256 digest.
"""

import hashlib
import hmac
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from meter20.vending import plain_text, refusal
from meter20.vending.pos_models import PosClient, PosKey
from meter20.vending.refusal import Refusal
from meter20.vending.station import Desk
from meter20.vending.station_time import stamp

MIN_PASSWORD = 8
LONGEST_ID = 40
HASHER = PasswordHasher()
#: Where a key is good: the plain API, and the one that MicroPowerManager asks for by `login`.
V1, STRON = "v1", "stron"


def add(desk: Desk, name: str, words: str, password: str, account: str = "") -> tuple[str, str]:
    """Register a client and return (its password, its key for the plain API), never shown again.

    password: a random one if empty. A short one is taken at a station for rehearsals only.
    """
    for text, what in ((name, "client"), (account, "account")):
        if len(plain_text.checked(text, what)) > LONGEST_ID or ":" in text or text != text.strip():
            raise Refusal(
                refusal.VALUE,
                f"{what}: {LONGEST_ID} characters at most, no colon, no outer spaces.",
            )
    if not name:
        raise Refusal(refusal.VALUE, "client: it is empty.")
    if desk.session.get(PosClient, name):
        raise Refusal(refusal.EXISTS, f"There is a client {name} already.")
    password = password or secrets.token_urlsafe(18)
    if len(password) < MIN_PASSWORD and not desk.rehearsal:
        raise Refusal(refusal.VALUE, f"A password has {MIN_PASSWORD} characters at least.")
    desk.session.add(
        PosClient(
            id=name, name=plain_text.checked(words or name, "name"), account=account or name,
            password=HASHER.hash(password), created_at=stamp(desk.now),
        )
    )  # fmt: skip
    desk.session.flush()
    desk.module.note(desk.session, desk.actor, "point of sale", "", f"client {name} added")
    return password, new_key(desk, name, V1)


def new_key(desk: Desk, client: str, kind: str) -> str:
    """Return a new key of a client; one of this kind that it had is good no more."""
    key = secrets.token_urlsafe(32)
    desk.session.execute(delete(PosKey).filter_by(client_id=client, kind=kind))
    desk.session.add(
        PosKey(digest=_digest(key), client_id=client, kind=kind, created_at=stamp(desk.now))
    )
    return key


def listed(session: Session) -> list[dict]:
    """Return what may be shown of every client."""
    rows = session.scalars(select(PosClient).order_by(PosClient.id))
    return [
        {"client": row.id, "name": row.name, "account": row.account, "added": row.created_at}
        for row in rows
    ]


class Passwords:
    """Finds the client of a password; for many threads."""

    def __init__(self):
        self._own = secrets.token_bytes(32)
        self._known: dict[str, tuple[str, bytes]] = {}
        self._nobody = HASHER.hash(secrets.token_urlsafe(18))

    def remembered(self, session: Session, name: str, password: str) -> PosClient | None:
        """Return the client if this password was right before, else None."""
        client, known = _found(session, name), self._known.get(name)
        if client is None or known is None or known[0] != client.password:
            return None
        return client if hmac.compare_digest(known[1], self._mark(name, password)) else None

    def verified(self, session: Session, name: str, password: str) -> PosClient | None:
        """Return the client, or None. Takes as long for a name that is none."""
        client = _found(session, name)
        kept = client.password if client else self._nobody
        try:
            HASHER.verify(kept, password.encode(errors="replace"))
        except Argon2Error:
            return None
        self._known[name] = kept, self._mark(name, password)
        return client

    def _mark(self, name: str, password: str) -> bytes:
        return hmac.digest(self._own, f"{name}\0{password}".encode(errors="replace"), "sha256")


def by_key(session: Session, key: str, kind: str) -> PosClient | None:
    """Return the client that has a key of this kind, or None."""
    row = session.get(PosKey, _digest(key))
    return _found(session, row.client_id) if row and row.kind == kind else None


def _found(session: Session, name: str) -> PosClient | None:
    return session.get(PosClient, name) if len(name) <= LONGEST_ID and "\0" not in name else None


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()
