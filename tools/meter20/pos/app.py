"""The application: all interfaces of a station for points of sale, over one till.

No answer, log line or exception of it holds a password, a key or what was sent: the words are
made here. A body has 64 kB at most.
"""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from meter20 import __version__
from meter20.pos import door, mpm, ppu, v1
from meter20.pos.declined import FORMAT, OUTCOME_UNKNOWN, Declined
from meter20.pos.short_bodies import ShortBodies
from meter20.pos.till import Till
from meter20.pos.waits import TooOften
from meter20.vending.refusal import Doubt, Refusal
from meter20.vending.station import Station

_LOG = logging.getLogger(__name__)


def made(station: Station) -> FastAPI:
    """Return the application of an open station."""
    app = FastAPI(
        title="meter20 points of sale", version=__version__, redoc_url=None,
        description="Sells prepayment tokens of a vending station. TEST KEYS only.",
    )  # fmt: skip
    app.state.till, app.state.door = Till(station), door.Door(station)
    for router in (ppu.router, v1.router, mpm.router):
        app.include_router(router)
    app.add_exception_handler(Declined, _declined)
    app.add_exception_handler(Refusal, _unavailable)
    app.add_exception_handler(Doubt, _doubt)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(TooOften, _too_often)
    app.add_exception_handler(Exception, _fault)
    app.add_middleware(ShortBodies, refused=_too_long)
    return app


def _failed(request: Request, error: str, text: str, detail: object, status: int) -> JSONResponse:
    """Return the failure in the words of the interface that the request came to."""
    path = request.url.path
    if path.startswith(ppu.BASE):
        return ppu.failed(request, error, text, detail, status)
    if path.startswith(mpm.BASE):
        return mpm.failed(request, _words(detail) or text, status)
    return JSONResponse({"error": error.lower(), "message": detail or text}, status)


def _words(detail: object) -> str:
    """Return a detail as one text; of malformed fields, their names."""
    if isinstance(detail, list):
        return "Malformed: " + ", ".join(each["field"] for each in detail)
    return str(detail)


def _declined(request: Request, why: Exception) -> JSONResponse:
    assert isinstance(why, Declined)
    return _failed(request, why.error, why.text, why.detail, why.status)


def _unavailable(request: Request, _why: Exception) -> JSONResponse:
    return _failed(request, "SYSTEM_MALFUNCTION", "Station cannot work", "", 503)


def _doubt(request: Request, _why: Exception) -> JSONResponse:
    return _failed(request, OUTCOME_UNKNOWN, "Outcome unknown", "Retry under the same id", 500)


def _malformed(request: Request, why: Exception) -> JSONResponse:
    """Name the fields that are wrong; what stood in them is not repeated."""
    assert isinstance(why, RequestValidationError)
    fields = [
        {"field": ".".join(map(str, each["loc"]))[:80], "wrong": each["type"]}
        for each in why.errors()[:10]
    ]
    status = 400 if request.url.path.startswith((ppu.BASE, mpm.BASE)) else 422
    return _failed(request, FORMAT, "Malformed message", fields, status)


def _http(request: Request, why: Exception) -> JSONResponse:
    assert isinstance(why, HTTPException)
    answer = _failed(request, "DO_NOT_HONOR", str(why.detail)[:20], "", why.status_code)
    answer.headers.update(why.headers or {})
    return answer


def _too_often(request: Request, why: Exception) -> JSONResponse:
    assert isinstance(why, TooOften)
    answer = _failed(request, "DO_NOT_HONOR", "Too many log-ins", "", 429)
    answer.headers["Retry-After"] = str(why.wait_s)
    return answer


def _fault(request: Request, why: Exception) -> JSONResponse:
    _LOG.error("%s at %s", type(why).__name__, request.url.path)
    return _failed(request, "GENERAL_ERROR", "Internal fault", "", 500)


def _too_long(request: Request) -> JSONResponse:
    return _failed(request, FORMAT, "Message is too long", "", 413)
