"""Runs a story on a body and says what happened, event by event.

Knows no terminal and no time of ours: whoever listens decides how fast to go on.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, Protocol

from meter20.bodies import Body, BodyError

_SLICE_S = 80  # of simulated time between two events while energy is drawn


@dataclass(frozen=True)
class Event:
    """A moment of the story, after it happened.

    kind: begin or end of a step, a key pressed, or energy drawn. meter: the reply
    to `read` then. key: the one pressed. load_w: the load, 0 when it gets nothing.
    wrong: at the end, what differs from what the step expects.
    """

    kind: Literal["begin", "key", "draw", "end"]
    number: int
    step: "Step"
    meter: dict
    key: str | None = None
    load_w: int = 0
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True)
class Moment:
    """What an action tells between begin and end; fields as in Event."""

    kind: Literal["key", "draw"]
    key: str | None = None
    load_w: int = 0


class Action(Protocol):
    """What a step does to a body. Yields a Moment after each part that is worth showing."""

    def moments(self, body: Body) -> Iterator[Moment]: ...


@dataclass(frozen=True)
class Step:
    """A step of a story.

    name: one word. title, say: what a person reads meanwhile; done: what afterwards.
    shows: a text that must be on the display when the action is over; expected:
    fields of `read` then.
    """

    name: str
    title: str
    say: str
    done: str
    action: Action
    shows: str
    expected: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Provision:
    """Gives the meter its number and key by `request`."""

    request: dict

    def moments(self, body: Body) -> Iterator[Moment]:
        asked(body, **self.request)
        yield from ()


@dataclass(frozen=True)
class Press:
    """Presses keys, one after the other."""

    keys: str

    def moments(self, body: Body) -> Iterator[Moment]:
        for key in self.keys:
            asked(body, do="keys", keys=key)
            yield Moment("key", key=key)


@dataclass(frozen=True)
class Draw:
    """Draws energy for `seconds` of the meter's time, as long as the load switch is closed.

    A pulse is 1 Wh, as samples.PROVISION has it. rest_s: seconds that pass afterwards.
    """

    watts: int
    seconds: int
    rest_s: int = 0

    def moments(self, body: Body) -> Iterator[Moment]:
        drawn = 0
        for until_s in range(_SLICE_S, self.seconds + 1, _SLICE_S):
            pulses = self.watts * until_s // 3600 - drawn
            drawn += pulses
            reply = asked(body, do="pulses", count=pulses, over_s=_SLICE_S)
            closed = reply["relay"] == "closed"
            yield Moment("draw", load_w=self.watts if closed else 0)
            if not closed:
                break
        if self.rest_s:
            asked(body, do="advance", seconds=self.rest_s)
            yield Moment("draw")


def told(story: Iterable[Step], body: Body) -> Iterator[Event]:
    """Run `story` on `body` and yield its events. Raises BodyError when the meter is gone."""
    for number, step in enumerate(story, 1):
        load_w = 0
        yield Event("begin", number, step, asked(body, do="read"))
        for moment in step.action.moments(body):
            load_w = moment.load_w
            meter = asked(body, do="read")
            yield Event(moment.kind, number, step, meter, moment.key, load_w)
        meter = asked(body, do="read")
        yield Event("end", number, step, meter, None, load_w, tuple(_wrong(step, meter)))


def asked(body: Body, **fields: object) -> dict:
    """Return the reply to a request that the story cannot do without. Raises BodyError."""
    reply = body.request(**fields)
    if not reply["ok"]:
        raise BodyError(f"the meter refused {fields['do']!r}: {reply['message']}")
    return reply


def _wrong(step, meter):
    for name, value in step.expected.items():
        if meter.get(name) != value:
            yield f"{name} is {meter.get(name)!r}, not {value!r}"
    if not any(step.shows in line for line in meter["display"]):
        yield f"the display does not show {step.shows!r}: {meter['display']!r}"
