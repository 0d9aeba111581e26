"""The token under glass: every step of the firmware's `explain`, ready to be drawn.

It adds nothing to what the firmware says but where the fields lie in the block.
"""

from account import explain
from sts import digits, kinds


def looked(meter, entered: str, now_ms: int) -> dict:
    """Return what is to be drawn of a token: steps, class, and its parts.

    steps: [step, form, values]. parts: [name, bits] of the plain block, the most significant
    first; none of a token that could not be read.
    """
    entered = digits.clean(entered)
    steps = explain.walked(meter, entered, now_ms, rounds=True)
    return {"digits": entered, "steps": steps, "parts": _parts(meter, entered, steps)}


def _parts(meter, entered, steps):
    token = digits.parse(entered)
    if token is None or "kind" not in [step[0] for step in steps]:
        return []
    decoded = meter.reader.decode(token)
    found = kinds.find(decoded.class_, decoded.subclass, meter.state.key.ea)
    layout = found[1] if found else (("reserved", 44),)
    return [("subclass", 4)] + list(layout) + [("crc", 16)]
