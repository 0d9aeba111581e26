"""The story that the demo tells: a table of steps for each act, with what must come of each.

The tokens of the first act are those of the compliance suite, on the suite's meter. Those of
the second are made by a vending station, for a meter of its own.
"""

from meter20 import samples
from meter20.demo.station import METER, Papers
from meter20.demo.telling import Draw, Press, PressSet, Provision, Step

Act = tuple[Step, ...]

_LOAD_W = 14_400  # 4 pulses a second
_TYPO = samples.CREDIT.digits[:-1] + "6"

FIRST: Act = (
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


def second(papers: Papers) -> Act:
    """Return the second act, with what the station made for it."""
    return (
        Step(
            "register",
            "A vending station registers another meter and gives it a key",
            "From here on the tokens are made here, under this TEST vending key.",
            "registered: supply off",
            Provision(papers.request),
            shows="OFF: no credit",
            expected={"drn": METER, "sgc": "123456", "ti": "01", "krn": 1, "credit_wh": 0},
        ),
        Step(
            "buy",
            "230 ZAR buy 100 kWh: the customer types what the receipt says",
            "The token is good for this one meter.",
            "100 kWh for money: Accept",
            _typed(papers.sale),
            shows="+100.000 kWh",
            expected={"credit_wh": 100_000, "relay": "closed", "last_result": "Accept"},
            receipt=papers.sale,
        ),
        Step(
            "too_early",
            "The station changes the key; a token sold next comes too early",
            "It was made under the new key, which the meter has yet to get.",
            "token of the new key: CRCError",
            _typed(papers.next_sale),
            shows="CRCError",
            expected={"credit_wh": 100_000, "krn": 1, "last_result": "CRCError"},
            receipt=papers.next_sale,
        ),
        Step(
            "key_change",
            "Four tokens carry the new key: the meter tells which are missing",
            "The last changes key, KRN and tariff index at once; credit stays.",
            "key change: KRN 2, credit kept",
            PressSet(
                _digits(papers.key_change),
                ("token 2 3 4", "token 3 4", "token 4", "New key KRN 2"),
            ),
            shows="TI 07",
            expected={"credit_wh": 100_000, "krn": 2, "ti": "07", "last_result": "Accept"},
            receipt=papers.key_change,
        ),
        Step(
            "in_time",
            "The token that came too early: now accepted",
            "23 ZAR, 10 kWh more.",
            "the same token now: Accept",
            _typed(papers.next_sale),
            shows="+10.000 kWh",
            expected={"credit_wh": 110_000, "last_result": "Accept"},
            receipt=papers.next_sale,
        ),
        Step(
            "maker",
            "A token made with the first key, which the maker knew: refused",
            "Who holds only a meter cannot make tokens: it has no vending key.",
            "the maker's own token: CRCError",
            Press(papers.makers_token, at_once=4),
            shows="CRCError",
            expected={"credit_wh": 110_000, "krn": 2, "last_result": "CRCError"},
        ),
    )


def acts(papers: Papers) -> tuple[Act, ...]:
    """Return the whole story. Each act has a meter of its own, in factory state at first."""
    return (FIRST, second(papers))


def _typed(receipt):
    return Press("".join(_digits(receipt)), at_once=4)


def _digits(receipt):
    return tuple(digits for _, _, digits in receipt.tokens)
