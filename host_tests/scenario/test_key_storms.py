"""Any keys, in any number, at any pace: nothing raises, no credit moves, nothing gets stuck."""

import board
import pytest
from account.state import Identity
from body import SimBody
from data import meters
from flash_chip import RamImage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ports.keypad import KEYS
from sts import kinds
from sts.decoder_key import DecoderKey

from meter20.vending import encoder

#: Not the suite's: Hypothesis also tries the constants of the modules it finds, and some of
#: those are good tokens under the suite's key.
KEY = bytes(range(16))
#: Sequences in all; each half is a test of its own so that both cores have work.
SEQUENCES = 10_000
#: What Hypothesis does for an example takes a quarter as long as a sequence.
IN_AN_EXAMPLE = 10

PAUSES_MS = (0, 1, 150, 1000, 29_999, 30_000, 60_000)
STROKES = [(key, pause_ms) for key in KEYS for pause_ms in PAUSES_MS]
AT_ONCE = None  # the next key comes within the same turn of the meter


def storm_of(drawn):
    """Return the strokes that octets stand for: one for a stroke, or ten for a token's digits.

    The digits of three tokens in four come faster than the meter takes its turns.
    """
    strokes, at = [], 0
    while at < len(drawn):
        if drawn[at] < len(STROKES):
            strokes.append(STROKES[drawn[at]])
            at += 1
        else:
            value = int.from_bytes(drawn[at + 1 : at + 10], "big") % 10**20
            pause_ms = AT_ONCE if drawn[at] % 4 else 0
            strokes += [(digit, pause_ms) for digit in "%020d" % value]
            at += 10
    return strokes


# One draw a storm: a draw for each stroke takes as long as the meter's steps. Not st.text, which
# also tries strings that it finds in the sources, and some of them are good tokens.
storms = st.binary(min_size=20, max_size=400).map(storm_of)
some_storms = st.lists(storms, min_size=IN_AN_EXAMPLE, max_size=IN_AN_EXAMPLE)


def provisioned_image():
    image = RamImage(board.FLASH_SIZE)
    body = SimBody(image)
    key = meters.key(decoder_key=DecoderKey(KEY))
    body.app.meter.provision(Identity(meters.DRN, 1000), key, meters.MANUFACTURED, 0)
    fields = {"rnd": 5, "tid": meters.MANUFACTURED + 1, "amount_field": 1}
    body.app.meter.enter(encoder.encode(kinds.ELECTRICITY, "11", KEY, fields), 0)
    return image.read(0, image.size())


PROVISIONED = provisioned_image()


def body_with_credit(columns, rows):
    image = RamImage(board.FLASH_SIZE)
    image.write(0, PROVISIONED)
    return SimBody(image, columns, rows)


@pytest.mark.parametrize(("columns", "rows"), [(20, 4), (16, 2)])
def test_key_storms_do_no_harm(columns, rows):
    @settings(
        max_examples=SEQUENCES // 2 // IN_AN_EXAMPLE,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(some_storms)
    def each_does_no_harm(drawn):
        for strokes in drawn:
            does_no_harm(body_with_credit(columns, rows), strokes)

    each_does_no_harm()


def does_no_harm(body, strokes):
    for key, pause_ms in strokes:
        body.ports.keypad.press(key)
        if pause_ms is not AT_ONCE:
            run(body.advance(pause_ms))
    run(body.advance(0))
    register = body.app.meter.state.register
    assert (register.credit, register.total_wh) == (100, 0)
    run(body.advance(31_000))
    for _ in range(10):  # in 80 s more even the screens of a test token are over
        if "0.100 kWh" not in body.app.front.lines:
            run(body.advance(8_000))
    assert body.app.front.lines[0] in ("0.100 kWh", "0 W")


def run(job):
    for _ in job:
        pass
