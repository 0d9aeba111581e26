"""The door: finds the client of a request, by HTTP Basic (/prepaidutility) or API key (/v1).

Wrong passwords and keys slow down the address that they come from, and wrong passwords the client
that they are tried for, so that many addresses guess no faster. Another client's right password
does not free an address.
"""

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
from meter20.pos.slowdown import Slowdown
from meter20.pos.till import Till
from meter20.vending.pos_models import PosClient

_BASIC = HTTPBasic(realm="meter20", auto_error=False)
_NAME_MAX = 80  # characters of a name that are remembered
_BEARER = HTTPBearer(auto_error=False, description="The API key of a client.")


def till(request: Request) -> Till:
    """Return the till of this process."""
    return request.app.state.till


class Logins:
    """Failures to log in, of addresses and of clients. Kept in this process, 10 000 of each."""

    def __init__(self):
        self.addresses = Slowdown(free=5, first_s=1, longest_s=900)
        #: Short, because whoever knows a client's name can make it wait.
        self.clients = Slowdown(free=20, first_s=1, longest_s=30)


def known(request: Request, name: str, password: str) -> PosClient | None:
    """Return the client of a name and password, None if it is wrong. Raises TooOften."""
    logins: Logins = request.app.state.logins
    address, tried = _address(request), name[:_NAME_MAX]
    logins.addresses.check(address)
    logins.clients.check(tried)
    with till(request).station.looking() as session:
        found = request.app.state.doorkeeper.by_password(session, name, password)
    if found is None:
        logins.addresses.failed(address)
        logins.clients.failed(tried)
    else:
        logins.clients.passed(tried)
    return found


def of_key(request: Request, key: str, kind: str) -> PosClient | None:
    """Return the client of a key of `kind`, None if it is nobody's. Raises TooOften."""
    addresses: Slowdown = request.app.state.logins.addresses
    addresses.check(_address(request))
    with till(request).station.looking() as session:
        found = clients.by_key(session, key, kind)
    if found is None:
        addresses.failed(_address(request))
    return found


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


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
