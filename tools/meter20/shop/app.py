"""The application: the pages of the shop and of its operators, over one seller.

No page, log line or exception of it holds a password or a cookie, and a token is on the page of
its order alone. A body has 64 kB at most. No page may be framed, or run what is not our own.
"""

import logging
from collections.abc import Callable

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from meter20 import __version__
from meter20.pos.short_bodies import ShortBodies
from meter20.pos.waits import TooOften, Waits
from meter20.shop import customers, live, operators, pages
from meter20.shop.selling import Seller
from meter20.shop.visitors import ForeignForm
from meter20.vending.refusal import Refusal
from meter20.vending.station import Station

_LOG = logging.getLogger(__name__)
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_STATIC, _UNKEPT = "/static", {"Cache-Control": "no-store"}
#: Texts of what HTTP calls by a number.
_STATUSES = {404: "failed.not_found", 405: "failed.not_found", 413: "failed.too_long"}


def made(station: Station, described: bool = False,
         ending: Callable[[], bool] = lambda: False) -> FastAPI:  # fmt: skip
    """Return the application of an open station.

    described: describe the routes at /openapi.json. ending: whether the program is about to end.
    """
    app = FastAPI(
        title="meter20 shop", version=__version__, docs_url=None, redoc_url=None,
        openapi_url="/openapi.json" if described else None,
        description="Pages that sell credit for prepayment meters. TEST KEYS only.",
    )  # fmt: skip
    app.state.seller, app.state.waits = Seller(station), Waits(station)
    app.state.live = live.Live(station, ending)
    app.include_router(customers.router)
    app.include_router(operators.router)
    app.mount(_STATIC, StaticFiles(directory=pages.STATIC), "static")
    for kind, answer in _ANSWERS.items():
        app.add_exception_handler(kind, answer)
    app.add_middleware(ShortBodies, refused=_too_long)
    app.add_middleware(_Headers)
    return app


def _too_long(request: Request) -> Response:
    return pages.failed(request, 413, "failed.too_long")


def _too_often(request: Request, why: Exception) -> Response:
    assert isinstance(why, TooOften)
    answer = pages.failed(request, 429, "failed.too_often", seconds=why.wait_s)
    answer.headers["Retry-After"] = str(why.wait_s)
    return answer


def _foreign(request: Request, _why: Exception) -> Response:
    return pages.failed(request, 403, "failed.foreign_form")


def _log_in(request: Request, _why: Exception) -> Response:
    undone = "?undone=1" if request.method == "POST" else ""
    return RedirectResponse(f"{operators.BASE}/login{undone}", 303)


def _unavailable(request: Request, why: Exception) -> Response:
    assert isinstance(why, Refusal)
    _LOG.warning("%s: %s", request.url.path.split("/")[1] or "home", why.code)
    return pages.failed(request, 503, "failed.unavailable")


def _malformed(request: Request, _why: Exception) -> Response:
    return pages.failed(request, 422, "failed.malformed")


def _http(request: Request, why: Exception) -> Response:
    assert isinstance(why, HTTPException)
    words = _STATUSES.get(why.status_code, "failed.fault")
    if isinstance(why, operators.NotThere):
        words = why.words
    answer = pages.failed(request, why.status_code, words)
    answer.headers.update(why.headers or {})
    return answer


def _fault(request: Request, why: Exception) -> Response:
    _LOG.error("%s at /%s", type(why).__name__, request.url.path.split("/")[1])
    answer = pages.failed(request, 500, "failed.fault")
    answer.headers.update(_HEADERS | _UNKEPT)  # this one does not come by the middleware
    return answer


_ANSWERS = {
    operators.NobodyLoggedIn: _log_in, TooOften: _too_often, ForeignForm: _foreign,
    Refusal: _unavailable, RequestValidationError: _malformed, HTTPException: _http,
    Exception: _fault,
}  # fmt: skip


class _Headers:
    """Puts the headers on every answer that keep other sites, caches and referrers out."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        static = scope["path"].startswith(_STATIC)
        more = _HEADERS | ({"Cache-Control": "public, max-age=3600"} if static else _UNKEPT)
        if scope["scheme"] == "https":
            more["Strict-Transport-Security"] = "max-age=31536000"
        added = [(name.lower().encode(), value.encode()) for name, value in more.items()]

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *added]
            await send(message)

        await self._app(scope, receive, with_headers)
