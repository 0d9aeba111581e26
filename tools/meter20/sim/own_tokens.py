"""The tokens that one's own station sold to the meter in the sim."""

from meter20.vending import last_token
from meter20.vending.last_token import Latest
from meter20.vending.station import Station


class OwnTokens:
    """What the station issued last for one meter. F1 of the sim types it, a token each time."""

    def __init__(self, station: Station, number: str):
        self._station, self._number = station, number
        self._latest: Latest | None = None
        self._next = 0

    def look(self) -> str:
        """Return in words which token comes next; reads no digits."""
        with self._station.looking() as session:
            found = last_token.latest(session, self._number)
        if found != self._latest:
            self._latest, self._next = found, 0
        if found is None:
            return "sell it: vend credit"
        of = f" ({self._next + 1} of {len(found.labels)})" if len(found.labels) > 1 else ""
        return f"receipt {found.receipt}: {found.labels[self._next]}{of}"

    def take(self) -> str:
        """Return the digits of the next token, empty if there is none; the audit log says so.

        Raises Refusal if the station gives nothing out.
        """
        self.look()
        if self._latest is None:
            return ""
        position = self._next
        with self._station.desk() as desk:
            digits = last_token.entered(desk, self._latest.receipt, position)
        self._next = (position + 1) % len(self._latest.labels)
        return digits
