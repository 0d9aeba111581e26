"""The door: finds the client of a request, by HTTP Basic (/prepaidutility) or API key (/v1)."""

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
from meter20.vending.pos_models import PosClient

_BASIC = HTTPBasic(realm="meter20", auto_error=False)
_BEARER = HTTPBearer(auto_error=False, description="The API key of a client.")


def till(request: Request) -> Till:
    """Return the till of this process."""
    return request.app.state.till


def by_password(
    request: Request, given: Annotated[HTTPBasicCredentials | None, Depends(_BASIC)]
) -> PosClient:
    """Return the client of a user and password; 401 for anybody else."""
    if given is not None:
        with till(request).station.looking() as session:
            keeper = request.app.state.doorkeeper
            found = keeper.by_password(session, given.username, given.password)
        if found is not None:
            return found
    raise HTTPException(401, "Who are you?", {"WWW-Authenticate": 'Basic realm="meter20"'})


def by_key(
    request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]
) -> PosClient:
    """Return the client of an API key; 401 for anybody else."""
    if given is not None:
        with till(request).station.looking() as session:
            found = clients.by_key(session, given.credentials, clients.V1)
        if found is not None:
            return found
    raise HTTPException(401, "Who are you?", {"WWW-Authenticate": "Bearer"})
