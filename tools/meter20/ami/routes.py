"""Routes: how each meter is reached, with secrets that are sealed at rest.

The key is one that the security module derives for carriers; it opens these secrets and makes
no token. A worker that only sends gets it in a file.
"""

import json
import secrets

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from meter20.ami.carriers import DLMS, MQTT
from meter20.ami.purchases import SENT, VENDED
from meter20.vending import meter_list, plain_text, refusal, sealing
from meter20.vending.models import Meter, Purchase, Route
from meter20.vending.refusal import Refusal
from meter20.vending.sealing import Key
from meter20.vending.station_time import stamp

_PASSWORD_OCTETS = 18
_DLMS_KEYS = ("encryption_key", "authentication_key")


def keep_mqtt(desk, number: str) -> Route:
    """Reach a meter by MQTT from now on; it gets a new password of the broker."""
    return _keep(desk, number, MQTT, "", {"password": secrets.token_urlsafe(_PASSWORD_OCTETS)})


def keep_dlms(desk, number: str, address: str, given: dict[str, str]) -> Route:
    """Reach a meter by DLMS at `address`, HOST:PORT. given: the JSON that gave it its keys.

    Raises Refusal.
    """
    host, _, port = plain_text.checked(address, "address").rpartition(":")
    if not host or not (port.isascii() and port.isdigit() and 0 < int(port) < 1 << 16):
        raise Refusal(refusal.VALUE, "address: HOST:PORT is needed.")
    kept = {name: str(given.get(name, "")) for name in _DLMS_KEYS}
    for name, value in kept.items():
        if not _is_key(value):
            words = f"{name} in the file of the keys: 32 hexadecimal digits are needed."
            raise Refusal(refusal.VALUE, words)
    return _keep(desk, number, DLMS, address, kept)


def secrets_of(route: Route, drn: str, key: Key) -> dict[str, str]:
    """Return the secrets of a route; raises Refusal if they were altered, or `key` is another."""
    words = f"The secrets of meter {drn} do not open with this key."
    return json.loads(sealing.unseal(key.octets, route.sealed, _about(route.carrier, drn), words))


def passwords(session: Session, key: Key) -> dict[str, str]:
    """Return the broker's password of each meter that MQTT reaches; raises Refusal as above."""
    query = select(Route, Meter.drn).join(Meter, Meter.id == Route.meter_id)
    found = session.execute(query.where(Route.carrier == MQTT).order_by(Route.meter_id))
    return {drn: secrets_of(route, drn, key)["password"] for route, drn in found}


def all_routes(session: Session, limit: int) -> list[Route]:
    """Return routes in the order of their meters."""
    return list(session.scalars(select(Route).order_by(Route.meter_id).limit(limit)))


def facts(session: Session, route: Route) -> dict:
    """Return what may be shown of a route: no secret."""
    return {
        "meter": session.get_one(Meter, route.meter_id).drn,
        "carrier": route.carrier,
        "address": route.address,
        "seen": route.seen_at,
    }


def _keep(desk, number: str, carrier: str, address: str, kept: dict[str, str]) -> Route:
    meter = meter_list.find_meter(desk.session, number)
    about = _about(carrier, meter.drn)
    sealed = sealing.seal(desk.module.carriers_key.octets, json.dumps(kept).encode(), about)
    route = desk.session.get(Route, meter.id)
    if route is None:
        route = Route(meter_id=meter.id, seen_at=None)
        desk.session.add(route)
    route.carrier, route.address, route.sealed = carrier, address, sealed
    waiting = update(Purchase).where(
        Purchase.meter_id == meter.id,
        Purchase.state.in_((VENDED, SENT)),
        Purchase.due_at.is_not(None),
    )
    desk.session.execute(waiting.values(due_at=stamp(desk.now)))
    detail = f"by {carrier} {address}".strip()
    desk.module.note(desk.session, desk.actor, "route", meter.drn, detail)
    return route


def _about(carrier: str, drn: str) -> bytes:
    return f"route {carrier} {drn}".encode()


def _is_key(text: str) -> bool:
    try:
        return len(bytes.fromhex(text)) == 16
    except ValueError:
        return False
