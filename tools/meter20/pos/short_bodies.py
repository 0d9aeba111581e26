"""Bodies of requests that are no longer than anybody needs."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_MAX = 1 << 16


class ShortBodies:
    """Answers `refused` to a body of more than BODY_MAX bytes, before all of it was read."""

    def __init__(self, app: ASGIApp, refused: Callable[[Request], Response]):
        self._app, self._refused = app, refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        parts, size, more = [], 0, True
        while more and size <= BODY_MAX:
            message = await receive()
            if message["type"] != "http.request":
                return  # the client left
            parts.append(message.get("body", b""))
            size, more = size + len(parts[-1]), message.get("more_body", False)
        if size > BODY_MAX:
            await self._refused(Request(scope))(scope, receive, send)
            return
        whole: Message = {"type": "http.request", "body": b"".join(parts), "more_body": False}
        waiting = iter([whole])

        async def again() -> Message:
            return next(waiting, None) or await receive()

        await self._app(scope, again, send)
