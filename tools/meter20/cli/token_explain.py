"""What a meter decides about a token, step by step: the firmware explains, this module asks it."""

from dataclasses import dataclass, field

from account import explain
from sts import decoder_key, digits

from meter20.bodies import EmulatedBody
from meter20.samples import PROVISION
from meter20.vending import refusal
from meter20.vending.refusal import Refusal

_COLUMN = 20  # of the names of steps


@dataclass(frozen=True)
class Meter:
    """The meter that explains. key: hexadecimal, None for none. before: tokens entered first."""

    ea: str
    key: str | None = field(repr=False)
    ken: int = 255
    before: tuple[str, ...] = ()


def steps(
    meter: Meter, entered: str, base_date: int, rounds: bool = False
) -> list[dict[str, str]]:
    """Return the steps, {"step", "text"}; raises Refusal if the meter does not take its key.

    rounds: with each round of the cipher, which the service port never tells. The meter was made
    at TID 0, so no token is too old for it.
    """
    with EmulatedBody() as body:
        if meter.key is not None:
            _provision(body, meter)
        for one in meter.before:
            body.request(do="token", digits=one)
        found = explain.walked(
            body.sim.app.meter, digits.clean(entered), body.sim.now_ms, base_date, rounds
        )
    return [{"step": step, "text": form % values} for step, form, values in found]


def _provision(body: EmulatedBody, meter: Meter) -> None:
    reply = body.request(
        **PROVISION
        | {
            "ea": meter.ea, "decoder_key": meter.key, "ken": meter.ken, "manufactured": 0,
            "kt": decoder_key.DUTK,
        }
    )  # fmt: skip
    if not reply["ok"]:
        raise Refusal(refusal.VALUE, f"The meter refuses its key: {reply['message']}.")


def words(found: list[dict[str, str]]) -> str:
    """Return the steps as lines of text."""
    return "\n".join(f"{each['step']:<{_COLUMN}} {each['text']}" for each in found)
