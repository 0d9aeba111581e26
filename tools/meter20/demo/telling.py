"""Runs a story on a body and says what happened, event by event.

Knows no terminal and no time of ours: the listener decides how fast to go on.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, Protocol

from meter20.failure import NoMeter
from meter20.service_client import ServiceClient
from meter20.vending.receipt import Receipt

_SLICE_S = 80  # of simulated time between two events while energy is drawn


@dataclass(frozen=True)
class Event:
    """A moment of the story, after it happened.

    kind: begin or end of a step, keys pressed, a token of several taken, or energy drawn.
    number: of the step, counted through all acts. meter: the reply to `read` then. key: the
    keys pressed. load_w: the load, 0 when it gets nothing. wrong: at the end, what differed
    from what the step expects.
    """

    kind: Literal["begin", "key", "taken", "draw", "end"]
    number: int
    step: "Step"
    meter: dict
    key: str | None = None
    load_w: int = 0
    wrong: tuple[str, ...] = ()


@dataclass(frozen=True)
class Moment:
    """What an action tells between begin and end; fields as in Event.

    shows: a text that must be on the display then.
    """

    kind: Literal["key", "taken", "draw"]
    key: str | None = None
    load_w: int = 0
    shows: str = ""


class Action(Protocol):
    """What a step does to a body. Yields a Moment after each part that is worth showing."""

    def moments(self, body: ServiceClient) -> Iterator[Moment]: ...


@dataclass(frozen=True)
class Step:
    """A step of a story.

    name: one word. title, say: what a person reads meanwhile; done: what afterwards.
    shows: a text that must be on the display when the action is over; expected:
    fields of `read` then. receipt: what the customer holds meanwhile.
    """

    name: str
    title: str
    say: str
    done: str
    action: Action
    shows: str
    expected: dict = field(default_factory=dict)
    receipt: Receipt | None = None


@dataclass(frozen=True)
class Provision:
    """Gives the meter its number and key by `request`."""

    request: dict

    def moments(self, body: ServiceClient) -> Iterator[Moment]:
        answer(body, **self.request)
        yield from ()


@dataclass(frozen=True)
class Press:
    """Presses keys, one after the other, and tells it after every `at_once`."""

    keys: str
    at_once: int = 1

    def moments(self, body: ServiceClient) -> Iterator[Moment]:
        for at in range(0, len(self.keys), self.at_once):
            keys = self.keys[at : at + self.at_once]
            answer(body, do="keys", keys=keys)
            yield Moment("key", key=keys)


@dataclass(frozen=True)
class PressSet:
    """Types the tokens of a set by fours; `shows`: what the display must say after each."""

    tokens: tuple[str, ...]
    shows: tuple[str, ...]

    def moments(self, body: ServiceClient) -> Iterator[Moment]:
        for digits, shows in zip(self.tokens, self.shows, strict=True):
            yield from Press(digits, at_once=4).moments(body)
            yield Moment("taken", shows=shows)


@dataclass(frozen=True)
class Draw:
    """Draws energy for `seconds` of the meter's time, as long as the load switch is closed.

    A pulse is 1 Wh, as samples.PROVISION has it. rest_s: seconds that pass afterwards.
    """

    watts: int
    seconds: int
    rest_s: int = 0

    def moments(self, body: ServiceClient) -> Iterator[Moment]:
        drawn = 0
        for until_s in range(_SLICE_S, self.seconds + 1, _SLICE_S):
            pulses = self.watts * until_s // 3600 - drawn
            drawn += pulses
            reply = answer(body, do="pulses", count=pulses, over_s=_SLICE_S)
            closed = reply["relay"] == "closed"
            yield Moment("draw", load_w=self.watts if closed else 0)
            if not closed:
                break
        if self.rest_s:
            answer(body, do="advance", seconds=self.rest_s)
            yield Moment("draw")


def events_of(story: Iterable[Step], body: ServiceClient, first: int = 1) -> Iterator[Event]:
    """Run `story` on `body` and yield its events; `first` is the number of its first step.

    Raises NoMeter when the meter is gone.
    """
    for number, step in enumerate(story, first):
        load_w = 0
        wrong: list[str] = []
        yield Event("begin", number, step, answer(body, do="read"))
        for moment in step.action.moments(body):
            load_w = moment.load_w
            meter = answer(body, do="read")
            wrong += _unseen(moment.shows, meter)
            yield Event(moment.kind, number, step, meter, moment.key, load_w)
        meter = answer(body, do="read")
        wrong += _wrong(step, meter)
        yield Event("end", number, step, meter, None, load_w, tuple(wrong))


def answer(body: ServiceClient, **fields: object) -> dict:
    """Return the reply to a request that the story cannot do without. Raises NoMeter."""
    reply = body.request(**fields)
    if not reply["ok"]:
        raise NoMeter(f"the meter refused {fields['do']!r}: {reply['message']}")
    return reply


def _wrong(step, meter):
    for name, value in step.expected.items():
        if meter.get(name) != value:
            yield f"{name} is {meter.get(name)!r}, not {value!r}"
    yield from _unseen(step.shows, meter)


def _unseen(text, meter):
    if not any(text in line for line in meter["display"]):
        yield f"the display does not show {text!r}: {meter['display']!r}"
