"""The door: finds the client of a request, by HTTP Basic (/prepaidutility) or API key (/v1).

Wrong passwords and keys slow down the address that they come from, and wrong passwords the client
that they are tried for, so that many addresses guess no faster. Another client's right password
does not free an address.
"""

import threading
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import (
    HTTPAuthorizationCredentials,
    HTTPBasic,
    HTTPBasicCredentials,
    HTTPBearer,
)
from starlette.exceptions import HTTPException

from meter20.pos import clients
from meter20.pos.till import Till
from meter20.pos.waits import Limit, Tried, Waits, address_of
from meter20.vending.pos_models import PosClient
from meter20.vending.station import Station

_BASIC = HTTPBasic(realm="meter20", auto_error=False)
_NAME_MAX = 80  # characters of a name that count
ADDRESSES = Limit("point of sale from", 5, 1, 900)
#: Short, because anybody who knows a client's name can make it wait.
CLIENTS = Limit("point of sale", 20, 1, 30)
_BEARER = HTTPBearer(auto_error=False, description="The API key of a client.")


def till(request: Request) -> Till:
    """Return the till of this process."""
    return request.app.state.till


class Door:
    """Who is known at a station, and who must wait."""

    def __init__(self, station: Station):
        self._station, self._waits = station, Waits(station)
        self._passwords, self._lock = clients.Passwords(), threading.Lock()

    def of_password(self, name: str, password: str, address: str) -> PosClient | None:
        """Return the client of a name and password, None if it is wrong. Raises TooOften."""
        client, sender = CLIENTS.of(name[:_NAME_MAX]), ADDRESSES.of(address)
        with self._station.looking() as session:
            failed = self._waits.check(session, client, sender)
            found = self._passwords.remembered(session, name, password)
        if found is None:
            return self._tried(name, password, client, sender)
        if client.who in failed:
            self._waits.forget(client)
        return found

    def _tried(self, name: str, password: str, client: Tried, sender: Tried) -> PosClient | None:
        """Try a password that this process does not remember.

        One at a time: so a client's first messages after a start, all at once, are one attempt.
        """
        with self._lock:
            with self._station.looking() as session:
                found = self._passwords.remembered(session, name, password)
            if found is not None:
                return found
            self._waits.attempt(client, sender)  # before the password is looked at
            with self._station.looking() as session:
                found = self._passwords.verified(session, name, password)
            if found is not None:
                self._waits.forget(client)
                self._waits.take_back(sender)
        return found

    def of_key(self, key: str, kind: str, address: str) -> PosClient | None:
        """Return the client of a key of `kind`, None if it is nobody's. Raises TooOften."""
        sender = ADDRESSES.of(address)
        with self._station.looking() as session:
            self._waits.check(session, sender)
            found = clients.by_key(session, key, kind)
        if found is None:
            self._waits.attempt(sender)
        return found


def known(request: Request, name: str, password: str) -> PosClient | None:
    """Return the client of a name and password, None if it is wrong. Raises TooOften."""
    door: Door = request.app.state.door
    return door.of_password(name, password, address_of(request))


def of_key(request: Request, key: str, kind: str) -> PosClient | None:
    """Return the client of a key of `kind`, None if it is nobody's. Raises TooOften."""
    door: Door = request.app.state.door
    return door.of_key(key, kind, address_of(request))


def by_password(
    request: Request, given: Annotated[HTTPBasicCredentials | None, Depends(_BASIC)]
) -> PosClient:
    """Return the client of a user and password; 401 for anybody else."""
    if given is not None:
        found = known(request, given.username, given.password)
        if found is not None:
            return found
    raise HTTPException(401, "Who are you?", {"WWW-Authenticate": 'Basic realm="meter20"'})


def by_key(
    request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
) -> PosClient:
    """Return the client of an API key; 401 for anybody else."""
    if given is not None:
        found = of_key(request, given.credentials, clients.V1)
        if found is not None:
            return found
    raise HTTPException(401, "Who are you?", {"WWW-Authenticate": "Bearer"})
