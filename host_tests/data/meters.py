"""A provisioned meter for tests, and tokens of the compliance suite that fit it."""

from account.state import Identity, changed, factory
from ports.record_store import RecordStore
from sts import tid
from sts.decoder_key import DUTK, DecoderKey, KeyAttributes

#: Decoder key of 531-1-0-04 for DRN 00000000000, SGC 123457, TI 01, KRN 1, base date 1993.
KEY = bytes.fromhex("f94b6ed353c3bfdb113e2d3a7ea3c41d")  # test key
DRN = "00000000000"

MANUFACTURED = 5_800_000  # some weeks before the tokens below
TOKEN_100_WH = "59386323472137426967"  # CTSA01/step1, TID 5871660
TOKEN_100_WH_TID = 5_871_660
TOKEN_WATER = "47186281207955155808"  # CTSA01/step3, TID 5871665
TEST_ALL = "56493153725450313471"
TEST_TOTAL = "00000000000201328896"

#: The fields of a `provision` request for it.
PROVISION = {
    "drn": DRN,
    "iin": "600727",
    "sgc": "123457",
    "ti": "01",
    "krn": 1,
    "kt": 2,
    "ken": 255,
    "ea": "11",
    "decoder_key": KEY.hex(),
    "manufactured": MANUFACTURED,
    "imp_per_kwh": 1000,
    "power_limit_w": 0,
}


def key(**changes):
    """Return KeyAttributes of the suite's meter, some of them changed."""
    values = {
        "decoder_key": DecoderKey(KEY),
        "ea": "11",
        "sgc": "123457",
        "ti": "01",
        "krn": 1,
        "kt": DUTK,
        "ken": 255,
    }
    values.update(changes)
    return KeyAttributes(**values)


def state(**changes):
    """Return the MeterState of a newly provisioned meter, some fields changed."""
    new = changed(
        factory(), identity=Identity(DRN, 1000), key=key(), tids=tid.filled(MANUFACTURED)
    )
    return changed(new, **changes)


class RamStore(RecordStore):
    """RecordStore in RAM. commits: how many there were. fails: the next ones raise OSError."""

    def __init__(self):
        self.record = None
        self.commits = 0
        self.fails = False

    def load(self):
        return self.record

    def commit(self, record):
        if self.fails:
            raise OSError(5)
        self.record = record
        self.commits += 1


def meter(**changes):
    """Return a started Meter on a RamStore, in `state(**changes)`."""
    from account import state as meter_state
    from account.meter import Meter

    store = RamStore()
    store.record = meter_state.to_bytes(state(**changes))
    made = Meter(store)
    made.start(0)
    made.store = store
    return made
