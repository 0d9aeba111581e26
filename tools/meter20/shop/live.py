"""Live answers: a page hears what the database says of its order, by any program.

The stream tells the state when it begins and whenever that changes, so a page misses nothing that
happened while it, or the head-end, was away. It ends with the event `done` when nothing more is
to come.
"""

import asyncio
from collections.abc import AsyncIterator, Callable

from fastapi.concurrency import run_in_threadpool

from meter20.shop import orders
from meter20.shop.orders import Seen
from meter20.vending.station import Station

_LOOK_S = 0.5
_BEAT = 30  # looks without news until a sign of life
_STREAMS = 200  # at once; a page without one still shows what it is when it is loaded


class Live:
    """The streams of a station. ending: whether the program is about to end."""

    def __init__(self, station: Station, ending: Callable[[], bool]):
        self._station, self._ending = station, ending
        self._open = 0

    @property
    def full(self) -> bool:
        """Whether no more streams can be had now."""
        return self._open >= _STREAMS

    async def of(self, address: str, shown: Callable[[Seen], str]) -> AsyncIterator[str]:
        """Give the events of an order: `shown` makes the part of its page."""
        self._open += 1
        try:
            mark, quiet = None, 0
            while not self._ending():
                order = await run_in_threadpool(self._look, address)
                if order is None:
                    return
                quiet += 1
                if order.mark != mark:
                    mark, quiet = order.mark, 0
                    yield _message(shown(order))
                elif quiet % _BEAT == 0:
                    yield ":\n\n"
                if not order.live:
                    yield "event: done\ndata: .\n\n"
                    return
                await asyncio.sleep(_LOOK_S)
        finally:
            self._open -= 1

    def _look(self, address: str) -> Seen | None:
        with self._station.looking() as session:
            return orders.seen(session, address)


def _message(text: str) -> str:
    lines = "".join(f"data: {line}\n" for line in text.strip().splitlines())
    return f"{lines}\n"
