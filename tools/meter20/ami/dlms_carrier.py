"""DLMS as a carrier: `enter` of the token gateway, and what the meter says became of it."""

from concurrent.futures import ThreadPoolExecutor
from threading import Lock

from sts import results

from meter20.ami.carriers import Answer, Heard, Parcel
from meter20.dlms_client import DlmsRefused, session

_AT_ONCE = 8


class DlmsCarrier:
    """Talks to several meters at once, to each by one connection; see carriers.Carrier."""

    def __init__(self, heard: Heard):
        self._heard = heard
        self._lock, self._busy = Lock(), set[str]()
        self._pool = ThreadPoolExecutor(_AT_ONCE, "dlms")

    @property
    def ready(self) -> bool:
        return len(self._busy) < _AT_ONCE

    def send(self, parcel: Parcel) -> None:
        """Enter a token at a meter, unless one is being entered there."""
        with self._lock:
            if parcel.drn in self._busy:
                return
            self._busy.add(parcel.drn)
        self._pool.submit(self._enter, parcel)

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _enter(self, parcel: Parcel) -> None:
        try:
            self._heard.put(entered(parcel))
        finally:
            with self._lock:
                self._busy.discard(parcel.drn)


def entered(parcel: Parcel) -> Answer:
    """Enter a token and return what became of it. Blocks until the meter says so, or is away."""
    try:
        with session(parcel.address, parcel.secrets) as meter:
            _status, number = meter.enter(parcel.digits)
            result = results.NAMES[number - 1] if 0 < number <= len(results.NAMES) else ""
            tid, by = (result == results.USED and meter.accepted()) or (None, None)
    except DlmsRefused as refused:
        return Answer(parcel.drn, parcel.digits, "", why=str(refused))
    except Exception as unexpected:  # of the library, at what a stranger sent: asked again
        return Answer(parcel.drn, parcel.digits, "", why=type(unexpected).__name__)
    why = "" if result else "the meter did not say what became of it"
    return Answer(parcel.drn, parcel.digits, result, tid, by, why=why)
