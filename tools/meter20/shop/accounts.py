"""Operators: who may log in on the pages for operators, and who has.

Passwords are kept as Argon2id hashes. An operator who has logged in has a random cookie, of
which the database keeps a digest, for eight hours at most.
"""

import secrets
from datetime import datetime, timedelta
from functools import cache

from argon2.exceptions import Argon2Error
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from meter20.pos import clients
from meter20.shop import visitors
from meter20.vending import plain_text, refusal
from meter20.vending.refusal import Refusal
from meter20.vending.shop_models import ShopOperator, ShopSession
from meter20.vending.station import Desk
from meter20.vending.station_time import stamp

LASTS = timedelta(hours=8)
MIN_PASSWORD, LONGEST_NAME = 8, 40
_OCTETS = 32


def add(desk: Desk, name: str, password: str) -> str:
    """Add an operator and return the password, a random one if empty; it is never shown again."""
    if not 0 < len(plain_text.checked(name, "operator")) <= LONGEST_NAME or name != name.strip():
        words = f"operator: 1 to {LONGEST_NAME} characters, no outer spaces."
        raise Refusal(refusal.VALUE, words)
    if desk.session.get(ShopOperator, name):
        raise Refusal(refusal.EXISTS, f"There is an operator {name} already.")
    password = password or secrets.token_urlsafe(18)
    if len(password) < MIN_PASSWORD:
        raise Refusal(refusal.VALUE, f"A password has {MIN_PASSWORD} characters at least.")
    hashed = clients.HASHER.hash(password)
    desk.session.add(ShopOperator(name=name, password=hashed, added_at=stamp(desk.now)))
    desk.module.note(desk.session, desk.actor, "shop", "", f"operator {name} added")
    return password


def remove(desk: Desk, name: str) -> None:
    """Remove an operator, who is logged out everywhere. Raises Refusal if there is none."""
    row = desk.session.get(ShopOperator, name) if len(name) <= LONGEST_NAME else None
    if row is None:
        raise Refusal(refusal.UNKNOWN, f"There is no operator {name}.")
    desk.session.execute(delete(ShopSession).filter_by(operator=name))
    desk.session.delete(row)
    desk.module.note(desk.session, desk.actor, "shop", "", f"operator {name} removed")


def listed(session: Session) -> list[dict]:
    """Return what may be shown of every operator."""
    rows = session.scalars(select(ShopOperator).order_by(ShopOperator.name))
    return [{"operator": row.name, "added": row.added_at} for row in rows]


def known(session: Session, name: str, password: str) -> bool:
    """Say whether an operator has this password. Takes as long for a name that is none."""
    row = session.get(ShopOperator, name) if _may_be(name) else None
    kept = row.password if row else _nobody()
    try:
        clients.HASHER.verify(kept, password.encode(errors="replace"))
    except Argon2Error:
        return False
    return row is not None


def begin(session: Session, name: str, now: datetime) -> str:
    """Log an operator in; return the new cookie. Sessions that have ended are dropped."""
    cookie = secrets.token_urlsafe(_OCTETS)
    session.execute(delete(ShopSession).where(ShopSession.ends_at <= stamp(now)))
    session.add(
        ShopSession(digest=visitors.digest(cookie), operator=name, ends_at=stamp(now + LASTS))
    )
    return cookie


def end(session: Session, cookie: str) -> None:
    """Log out the operator who has this cookie."""
    session.execute(delete(ShopSession).filter_by(digest=visitors.digest(cookie)))


def of(session: Session, cookie: str, now: datetime) -> str | None:
    """Return who has logged in with this cookie, None for nobody."""
    row = session.get(ShopSession, visitors.digest(cookie)) if cookie else None
    return row.operator if row and row.ends_at > stamp(now) else None


@cache
def _nobody() -> str:
    """Return the hash of a password that nobody has."""
    return clients.HASHER.hash(secrets.token_urlsafe(_OCTETS))


def _may_be(name: str) -> bool:
    return 0 < len(name) <= LONGEST_NAME and "\0" not in name
