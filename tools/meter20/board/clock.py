"""The clock of a board beside the clock of this host, in UTC."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from meter20.board.service import ServicePort
from meter20.board.trouble import Code, Trouble

_FORM = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Times:
    """board: the board's clock, None if nobody set it or it stopped. host: this host's clock.

    was: the board's clock before it was set just now. All in UTC, whole seconds.
    """

    board: datetime | None
    host: datetime
    was: datetime | None

    @property
    def ahead_s(self) -> int | None:
        """By how many seconds the board is ahead of the host; None without a time of the board."""
        return _apart_s(self.board, self.host)

    @property
    def moved_s(self) -> int | None:
        """By how many seconds the board's clock was put forward; None if it showed no time."""
        return _apart_s(self.board, self.was)


def read(meter: ServicePort) -> Times:
    """Return what time it is for `meter` and for this host. Raises Trouble."""
    return _times(meter.request(do="clock"))


def set_to_host(meter: ServicePort) -> Times:
    """Set the clock of `meter` to the host's, as a second begins. Raises Trouble."""
    time.sleep(-datetime.now(UTC).microsecond % 1_000_000 / 1e6)
    return _times(meter.request(do="clock", utc=_written(datetime.now(UTC))))


def report(times: Times, was_set: bool) -> dict:
    """Return `times` for programs. was_set: whether the clock was set just now."""
    fields = {
        "ok": True, "utc": _written(times.board), "host_utc": _written(times.host),
        "ahead_s": times.ahead_s,
    }  # fmt: skip
    return {**fields, "was": _written(times.was), "moved_s": times.moved_s} if was_set else fields


def words(times: Times, was_set: bool) -> str:
    """Return `times` for people. was_set: whether the clock was set just now."""
    lines = [f"board  {_plain(times.board)}", f"host   {_plain(times.host)}", _compared(times)]
    if was_set:
        lines.append(_moved(times))
    return "\n".join(lines)


def _moved(times):
    if times.moved_s is None:
        return "It showed no time before."
    way = "back" if times.moved_s < 0 else "forward"
    return f"It showed {_plain(times.was)} and was put {way} by {abs(times.moved_s)} s."


def _compared(times):
    if times.ahead_s is None:
        return "The board's clock was never set, or it stopped. --set sets it."
    if not times.ahead_s:
        return "The board's clock agrees with the host's, to a second."
    where = "behind" if times.ahead_s < 0 else "ahead of"
    return f"The board's clock is {abs(times.ahead_s)} s {where} the host's."


def _times(reply):
    if not reply["ok"]:
        raise Trouble(Code.REFUSED, f"the meter refused: {reply.get('message')}")
    host = datetime.now(UTC).replace(microsecond=0)
    try:
        return Times(_moment(reply["utc"]), host, _moment(reply.get("was")))
    except (KeyError, TypeError, ValueError):
        raise Trouble(Code.NO_ANSWER, "what answers is no meter that this meter20 knows") from None


def _moment(utc):
    return None if utc is None else datetime.strptime(utc, _FORM).replace(tzinfo=UTC)


def _apart_s(later, earlier):
    if later is None or earlier is None:
        return None
    return int((later - earlier).total_seconds())


def _written(moment):
    return None if moment is None else moment.strftime(_FORM)


def _plain(moment):
    return "no time" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"
