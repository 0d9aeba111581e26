"""The port between a worker and a carrier: parcels with tokens go out, answers come back.

A carrier takes a parcel and returns at once. It puts each answer, whenever that comes, into the
queue that it was made with. It may lose a parcel, send it twice or late, and repeat an answer
many times: the outbox sends again, and counts once.
"""

from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Protocol

from meter20.ami.reports import Report

MQTT, DLMS = "mqtt", "dlms"


@dataclass(frozen=True)
class Parcel:
    """A token on its way to the meter `drn`. digits: 20. again: it was sent before.

    address, secrets: of its route, see `routes`.
    """

    drn: str
    digits: str = field(repr=False)
    address: str = ""
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    again: bool = False


@dataclass(frozen=True)
class Answer:
    """What the meter `drn` said of a token. result: of sts.results, "" if there was no answer.

    accepted_tid, accepted_by: of a used token, what the meter's history holds of it: TID and
    carrier, see firmware account.carrier; None if the history lacks it. amount: in Wh, or in
    10^-5 of the currency; None if it did not say. why: of an empty result.
    """

    drn: str
    digits: str = field(repr=False)
    result: str
    accepted_tid: int | None = None
    accepted_by: str | None = None
    amount: int | None = None
    why: str = ""


@dataclass(frozen=True)
class Awake:
    """The meter `drn` has just come back: what waits for it may be sent."""

    drn: str


@dataclass(frozen=True)
class Back:
    """The carrier `name` reaches meters again; what it sent before may be lost."""

    name: str


Heard = SimpleQueue[Answer | Awake | Back | Report]


class Carrier(Protocol):
    """Brings tokens to meters."""

    @property
    def ready(self) -> bool:
        """Whether parcels can be handed over now."""
        ...

    def send(self, parcel: Parcel) -> None:
        """Hand `parcel` over. Does not wait for the meter; raises nothing when it is away."""
        ...

    def close(self) -> None:
        """End in good order."""
        ...
