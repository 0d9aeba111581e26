"""A meter and tokens to show things with. TEST KEYS: everybody has them.

None of these tokens was made here: digits and key are those of the STS
compliance suites, under the names that host_tests/vectors/vectors.json gives
them. host_tests/tools/test_samples.py compares the two.
"""

from dataclasses import dataclass

#: The `provision` request of the meter that the compliance steps for EA11 and DKGA04 assume.
#: manufactured: a day in January 2004, so that the tokens below are not too old.
PROVISION = {
    "do": "provision",
    "drn": "00000000000",
    "iin": "600727",
    "sgc": "123457",
    "ti": "01",
    "krn": 1,
    "kt": 2,
    "ken": 255,
    "ea": "11",
    "decoder_key": "f94b6ed353c3bfdb113e2d3a7ea3c41d",
    "manufactured": 5_800_000,
    "imp_per_kwh": 1000,
    "power_limit_w": 0,
}


@dataclass(frozen=True)
class Sample:
    """A token. source: its id among the vectors. what: what it is for, in a few words."""

    digits: str
    source: str
    what: str


CREDIT = Sample("63638916334124550935", "531-1-0-04/CTSA10/step1", "25.6 kWh")
BIG_CREDIT = Sample("08362487434932116862", "531-1-0-04/CTSA10/step4", "2000 kWh")
OLDER_CREDIT = Sample("59386323472137426967", "531-1-0-04/CTSA01/step1", "0.1 kWh, a month older")
OTHER_METER = Sample("25453597494250138964", "531-1-0-04/CTSA01/step5", "for another meter")
WATER = Sample("47186281207955155808", "531-1-0-04/CTSA01/step2", "water, not electricity")
SWITCH_TEST = Sample("00000000000150997584", "531-1-0-02/CTSA11/step1/2digit", "load switch test")
ALL_TESTS = Sample("56493153725450313471", "531-1-0-02/CTSA02/step1/2digit", "all tests, no key")

ALL = (CREDIT, BIG_CREDIT, OLDER_CREDIT, OTHER_METER, WATER, SWITCH_TEST, ALL_TESTS)

#: What there is to try on a meter of one's own: tokens that need no key, and one of a foreign key.
FOR_ANY_METER = (OTHER_METER, SWITCH_TEST, ALL_TESTS)
