"""Sessions: what was done at a meter, request by request, kept in a file to be played again.

A file is lines of JSON, see docs/sessions.md: a head, then a request of the service port with its
reply in each line. Time is in the requests, so a session plays the same on every body.
"""

import contextlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from panel.screens import FIRMWARE
from service_port.lines import LINE_MAX, Lines

from meter20 import samples
from meter20.failure import Failure
from meter20.service_client import ServiceClient

FORMAT = 1
#: Stands for a decoder key, which no file of ours holds unless everybody has it.
HIDDEN = "hidden"
#: What no line of a file holds, except a decoder key in its place. A request with it either sets
#: up networks, which no file has, or the meter did nothing with it.
_SECRET = re.compile(
    r"key\b|guek|gak|password|dlms|mqtt|wifi|(?=[0-9]*[a-f])[0-9a-f]{32}", re.IGNORECASE
)
_KEY = re.compile(r"[0-9a-fA-F]{16}|[0-9a-fA-F]{32}")
_HIDDEN_KEY = re.compile(rf'("decoder_key"\s*:\s*)"{HIDDEN}"')
_PASSING = {"do", "watts", "ms", "slice_ms"}

#: The body in the head of a session of a real board.
BOARD = "board"
#: Fields that two meters have in common by chance only, if time passes by itself at one of them:
#: times, and what is measured by them or shows them.
OF_TIME = frozenset(
    ("display", "lockout_s", "lockouts_s", "power_w", "pulses", "tone_hz", "tones", "uptime_ms",
     "uptime_s")
)  # fmt: skip
#: What a board's clock said before, and says now.
_OF_THE_CLOCK = frozenset(("utc", "was", "moved_s"))


class NoSession(Failure):
    """The file is no session, or of a format that this program does not know."""

    code = "no_session"


class Differs(Failure):
    """A session was answered in another way."""

    code = "differs"


class Recorder(ServiceClient):
    """Passes requests on to `body` and keeps them. body_name: goes into the head."""

    def __init__(self, body: ServiceClient, body_name: str):
        self._body = body
        self._head = {
            "meter20": "session", "format": FORMAT, "firmware": FIRMWARE, "body": body_name,
        }  # fmt: skip
        self._entries: list[dict[str, str]] = []
        self._lines = Lines()

    def firmware(self, name: str) -> None:
        """Say in the head which firmware answers, if it is not this program's own."""
        self._head["firmware"] = name

    def feed(self, data: bytes) -> bytes:
        """Take bytes of the service port; return what the meter answers to the lines in them."""
        return b"".join(self.answers(data))

    def answers(self, data: bytes) -> Iterator[bytes]:
        """Yield what the meter answers to each line in these bytes of the service port."""
        for line in self._lines.feed(data):
            yield self.exchange(b"x" * (LINE_MAX + 1) if line is None else line) + b"\n"

    def exchange(self, line: bytes) -> bytes:
        reply = self._body.exchange(line)
        self.keep(line, reply)
        return reply

    def close(self) -> object:
        return self._body.close()

    def write(self, file: Path) -> None:
        """Write the session into `file`, for its owner alone. Raises NoSession."""
        mode = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with (
            _said_of(file),
            os.fdopen(os.open(file, mode, 0o600), "w", encoding="utf-8") as opened,
        ):
            os.fchmod(opened.fileno(), 0o600)
            opened.write(self.text())

    def text(self) -> str:
        """Return the session as the file holds it."""
        return "".join(json.dumps(each) + "\n" for each in (self._head, *self._entries))

    def keep(self, line: bytes, reply: bytes) -> None:
        """Take a request and its reply into the session, without a decoder key.

        A request of networks, and a key in a wrong place or form, are left out.
        """
        text, got = [octets.decode(errors="backslashreplace") for octets in (line, reply)]
        key = str(fields(text).get("decoder_key"))
        sent = _without_key(text, fields(got).get("ok", False))
        told_again = _is_key(key) and key in sent + got  # as the id
        if told_again or _SECRET.search(_HIDDEN_KEY.sub("", sent, count=1)):
            return
        before = self._entries[-1]["sent"] if self._entries else ""
        together = _together(before, sent)
        if together:
            self._entries.pop()
        self._entries.append({"sent": together or sent, "got": got})


def prepare(file: Path | None) -> None:
    """Raise NoSession if a session cannot be written to `file`, before it begins."""
    if file is None:
        return
    if file.exists() and not file.is_file():
        raise NoSession(f"{file} cannot be written: it is no plain file")
    with _said_of(file):
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600))


@contextlib.contextmanager
def _said_of(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NoSession(f"{file} cannot be written: {error.strerror}") from None


@dataclass(frozen=True)
class Session:
    """A session that was read. firmware: that answered. entries: (sent, got)."""

    firmware: str
    body: str
    entries: list[tuple[str, str]]


@dataclass(frozen=True)
class Difference:
    """A request that was answered in another way. number: of the request, from 1."""

    number: int
    sent: str
    recorded: str
    found: str


def read(file: Path) -> Session:
    """Return the session in `file`. Raises NoSession, OSError."""
    try:
        head, *lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
        if head["meter20"] != "session":
            raise KeyError
        if head["format"] != FORMAT:
            raise NoSession(f"{file} has format {head['format']}; this program knows {FORMAT}")
        entries = [(str(line["sent"]), str(line["got"])) for line in lines]
        return Session(str(head["firmware"]), str(head["body"]), entries)
    except (ValueError, KeyError, TypeError):
        raise NoSession(
            f"{file} is no session of a meter: docs/sessions.md says what is"
        ) from None


def differences(session: Session, body: ServiceClient, key: str | None) -> Iterator[Difference]:
    """Play the session on `body`, a new meter; yield each request answered in another way.

    Replies of a board are compared except OF_TIME and its clock, all others bit for bit.

    key: the decoder key, hexadecimal, where the session hides it; None for the test key.
    """
    for number, (sent, got) in enumerate(session.entries, 1):
        found = body.exchange(to_send(sent, key)).decode(errors="backslashreplace")
        if found != got and not (session.body == BOARD and _agree(fields(got), fields(found))):
            yield Difference(number, sent, got, found)


def _agree(of_board: dict, found: dict) -> bool:
    """Say whether a reply has all that a board's reply has, except what time decides."""
    names = of_board.keys() - OF_TIME - _OF_THE_CLOCK
    return bool(of_board) and all(of_board[name] == found.get(name) for name in names)


def to_send(sent: str, key: str | None) -> bytes:
    """Return the line of a request in a file, with the decoder key that the file hides."""
    given = key or samples.PROVISION["decoder_key"]
    return _HIDDEN_KEY.sub(rf'\g<1>"{given}"', sent, count=1).encode()


def fields(line: str) -> dict:
    """Return the object in a line of JSON, {} if it holds none."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _without_key(line: str, accepted: bool) -> str:
    """Return `line` with the decoder key of its place hidden, if it has the form of one."""
    request = fields(line)
    key = request.get("decoder_key")
    if not _is_key(key):
        return line
    if accepted and line.count(f'"{key}"') != 1:  # written with escapes
        return json.dumps({**request, "decoder_key": HIDDEN})
    return line.replace(f'"{key}"', f'"{HIDDEN}"')


def _is_key(value: object) -> bool:
    return isinstance(value, str) and _KEY.fullmatch(value) is not None


def _together(before: str, sent: str) -> str:
    """Return one request for two that only let time pass in the same way, else ""."""
    first, second = fields(before), fields(sent)
    if not (first.get("do") == second.get("do") == "live"):
        return ""
    if set(first) != _PASSING or set(second) != _PASSING:
        return ""
    same = all(first[name] == second[name] for name in ("watts", "slice_ms"))
    if not same or first["ms"] % first["slice_ms"] or first["ms"] + second["ms"] > 86_400_000:
        return ""
    return json.dumps({**first, "ms": first["ms"] + second["ms"]})
