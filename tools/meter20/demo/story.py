"""The story that the demo tells: a table of steps, each with what must come of it."""

from meter20 import samples
from meter20.demo.telling import Draw, Press, Provision, Step

_LOAD_W = 14_400  # 4 pulses a second
_TYPO = samples.CREDIT.digits[:-1] + "6"

STORY = (
    Step(
        "provision",
        "A new meter gets its number and its key",
        "TEST KEY of the STS compliance suite. No credit, so no supply.",
        "provisioned: supply off",
        Provision(samples.PROVISION),
        shows="OFF: no credit",
        expected={"drn": "00000000000", "credit_wh": 0, "relay": "open", "last_result": None},
    ),
    Step(
        "accept",
        "The customer types a token of 25.6 kWh",
        f"Not made by us: it is {samples.CREDIT.source} of the suite.",
        "25.6 kWh: Accept, supply on",
        Press(samples.CREDIT.digits),
        shows="Accept",
        expected={"credit_wh": 25_600, "relay": "closed", "last_result": "Accept"},
    ),
    Step(
        "use",
        "The load switch has closed: 14.4 kW flow, credit falls",
        "A pulse is 1 Wh. Time runs fast here. Below 5 kWh the meter warns.",
        "load on: credit falls, warning",
        Draw(_LOAD_W, seconds=5600),
        shows="LOW CREDIT",
        expected={"credit_wh": 3200, "total_wh": 22_400, "relay": "closed", "power_w": _LOAD_W},
    ),
    Step(
        "run_out",
        "The credit is used up: the load switch opens",
        "At zero, not a watt-hour later.",
        "credit 0: supply off",
        Draw(_LOAD_W, seconds=800, rest_s=130),
        shows="OFF: no credit",
        expected={
            "credit_wh": 0,
            "total_wh": 25_600,
            "relay": "open",
            "power_w": 0,
        },
    ),
    Step(
        "used",
        "The same token again: refused",
        "The meter remembers the identifiers (TID) of 50 tokens.",
        "same token: UsedError",
        Press(samples.CREDIT.digits),
        shows="UsedError",
        expected={"credit_wh": 0, "relay": "open", "last_result": "UsedError"},
    ),
    Step(
        "mistyped",
        "One digit wrong: refused",
        "The checksum inside the encrypted block does not fit.",
        "one digit wrong: CRCError",
        Press(_TYPO),
        shows="CRCError",
        expected={"credit_wh": 0, "relay": "open", "last_result": "CRCError"},
    ),
    Step(
        "other_meter",
        "A token for another meter: refused",
        f"A good token ({samples.OTHER_METER.source}), but under another key.",
        "another meter's: CRCError",
        Press(samples.OTHER_METER.digits),
        shows="CRCError",
        expected={"credit_wh": 0, "relay": "open", "last_result": "CRCError"},
    ),
    Step(
        "older",
        "A token bought a month earlier, never used: accepted",
        "0.1 kWh, so the supply is back. Tokens may be typed in any order.",
        "older token: Accept, supply on",
        Press(samples.OLDER_CREDIT.digits),
        shows="Accept",
        expected={"credit_wh": 100, "relay": "closed", "last_result": "Accept"},
    ),
)
