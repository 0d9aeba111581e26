"""What DLMS asks the meter, as one contract: `dlms` knows no meter, only these questions.

Imports nothing.
"""


class Rows:
    """A table with a time in each row, oldest first. `capacity`: the most rows it keeps."""

    capacity = 0

    def count(self) -> int:
        """Return how many rows there are."""
        raise NotImplementedError

    def row(self, place: int):
        """Return (time, values) of the row at `place`, 0 the oldest.

        time: see Facts.now. values: a list of values in A-XDR.
        """
        raise NotImplementedError


class Gateway:
    """Where tokens are handed over; the rest tells of the last one."""

    def enter(self, digits: bytes):
        """Hand over a token; None when it can not be taken now: locked out, or others wait.

        Returns a function without arguments that tells whether the meter judged the token, and
        None while the token waits. After True no power cut undoes what the judgement changed.
        """
        raise NotImplementedError

    def digits(self) -> bytes:
        """Return the digits handed over last, b"" before the first."""
        raise NotImplementedError

    def time(self):
        """Return when that was, see Facts.now."""
        raise NotImplementedError

    def delivery(self) -> int:
        """Return how it came: 0 remote, 1 local, 2 manual."""
        raise NotImplementedError

    def accepted(self):
        """Return (TID, word for the carrier) of when this very token was accepted before.

        None unless it is refused as used, and the meter's history still holds it.
        """
        raise NotImplementedError

    def status(self):
        """Return (token_status_code, number of our result) of it.

        Source: IEC 62056-6-2, token gateway, class 115.
        """
        raise NotImplementedError


class Facts:
    """The meter, for dlms.meter_objects. Nothing here blocks; only `gateway` changes anything."""

    load = None  # Rows of energy used
    tokens = None  # Rows of tokens entered
    gateway = None  # a Gateway

    def device_name(self) -> bytes:
        """Return the logical device name, 16 octets: three letters of the maker, then unique."""
        raise NotImplementedError

    def number(self) -> str:
        """Return the DRN, "" before there is one."""
        raise NotImplementedError

    def counter(self) -> int:
        """Return the invocation counter that a client must exceed, 0 without keys."""
        raise NotImplementedError

    def now(self):
        """Return (year, month, day, hour, minute, second, weekday 1 to 7) in UTC.

        None when nobody knows the time.
        """
        raise NotImplementedError

    def total_wh(self) -> int:
        """Return the energy used so far, in Wh."""
        raise NotImplementedError

    def power_w(self) -> int:
        """Return the power that flows, in W."""
        raise NotImplementedError

    def closed(self) -> bool:
        """Whether the load switch is closed."""
        raise NotImplementedError

    def credit(self) -> int:
        """Return the credit in the unit of `unit` and `scaler`; it may be below zero."""
        raise NotImplementedError

    def low_credit(self) -> int:
        """Return the credit at which the meter warns, in the same unit."""
        raise NotImplementedError

    def unit(self) -> str:
        """Return the unit of the credit: "Wh", or a currency."""
        raise NotImplementedError

    def scaler(self) -> int:
        """Return the power of ten of the credit, 0 or less."""
        raise NotImplementedError
