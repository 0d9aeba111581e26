"""The request `clock` of the service port: tells the time of the meter's clock, or sets it.

Times are written "2026-11-29T10:00:00Z": UTC, whole seconds, 2000 to 2099.
Source: RFC 3339, date-time, in its one form with "Z" and without a fraction.
"""

from micropython import const
from ports.clock import FIRST_YEAR, LAST_YEAR, is_time, seconds

from service_port.lines import Refused, text

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from meter.supervisor import Supervisor
    from ports.clock import Clock

_FORM = "0000-00-00T00:00:00Z"  # with any digits
_FIELDS = ((0, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19))


def answer(clock: "Clock | None", supervisor: "Supervisor", request: dict):
    """Return the fields of the reply: `utc`, null from a clock that nobody set or that stopped.

    With `utc` in `request` the clock is set first; then come `was`, the time before, and
    `moved_s`, by how many seconds it went forward, null where `was` is. clock:
    ports.clock.Clock or None. Raises Refused.
    """
    if clock is None:
        raise Refused("no_clock", "this meter has no clock")
    new = _read(text(request, "utc")) if "utc" in request else None
    supervisor.at = "clock"
    before = clock.now()
    supervisor.at = "service port"
    if new is None:
        return [("utc", _written(before))]
    now = _set(clock, supervisor, new)
    moved_s = None if before is None else _seconds(now) - _seconds(before)
    return [("utc", _written(now)), ("was", _written(before)), ("moved_s", moved_s)]


def _set(clock: "Clock", supervisor: "Supervisor", new):
    """Return what `clock` tells after it was set to `new`. Raises Refused."""
    supervisor.at = "clock"
    try:
        clock.set(*new)
    except OSError:
        raise Refused("clock_failed", "the clock did not answer while it was set") from None
    now = clock.now()
    supervisor.at = "service port"
    if now is None or not 0 <= _seconds(now) - seconds(*new) <= 1:
        raise Refused("clock_failed", "the clock did not keep the time that it was set to")
    return now


def _read(written):
    """Return the six numbers of a time. Raises Refused."""
    form = "".join(["0" if char in "0123456789" else char for char in written])
    if form != _FORM:
        raise Refused("bad_request", "utc: a time such as 2026-11-29T10:00:00Z is needed")
    time = tuple([int(written[start:end]) for start, end in _FIELDS])
    if not FIRST_YEAR <= time[0] <= LAST_YEAR:
        raise Refused(
            "bad_request", "utc: the clock holds the years %d to %d" % (FIRST_YEAR, LAST_YEAR)
        )
    if not is_time(*time):
        raise Refused("bad_request", "utc: the calendar has no such time")
    return time


def _written(now):
    if now is None:
        return None
    year, month, day, _weekday, hour, minute, second = now
    return "%04d-%02d-%02dT%02d:%02d:%02dZ" % (year, month, day, hour, minute, second)


def _seconds(now):
    return seconds(*(now[:3] + now[4:]))
