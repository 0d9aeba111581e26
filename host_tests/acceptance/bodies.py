"""The body that the tester named, opened."""

from pathlib import Path

import pytest
from acceptance import rp2040
from acceptance.subject import SerialLines, SerialSubject, Subject
from acceptance.two_boards import TwoBoardSubject
from rigs.benches import BODIES

from meter20.session import Recorder

#: Of the meters of the case that runs, which has new ones.
RECORDERS = []


def check_usage(config):
    """Raise pytest's UsageError for `--fixture` without a meter on a serial port."""
    if config.getoption("fixture") and not config.getoption("body").startswith("serial:"):
        raise pytest.UsageError("--fixture needs --body serial:PORT, the meter on its bench")


def opened(body: str, fixture: str | None = None) -> Subject:
    """Return a meter on `body`: as it leaves the mould, or the one on the serial port.

    fixture: the port of the two-board fixture, for a meter on a serial port.
    """
    if fixture:
        return TwoBoardSubject(body.removeprefix("serial:"), fixture)
    if body.startswith("serial:"):
        return SerialSubject(SerialLines(body.removeprefix("serial:")))
    if body == "page":
        from browser.meter_page import PageLines  # only with this body a browser is needed

        return Subject(_recorded(PageLines(), body))
    return Subject(_recorded(rp2040.Lines() if body == "rp2040" else BODIES[body](), body))


def _recorded(lines, body):
    RECORDERS.append(Recorder(lines, body))
    return RECORDERS[-1]


def keep_sessions(name: str, folder: Path) -> list:
    """Write what was done at the meters of the case `name`, which failed; return the files."""
    files = []
    for number, recorder in enumerate(RECORDERS):
        folder.mkdir(parents=True, exist_ok=True)
        files.append(folder / f"{name}-{number}.jsonl")
        recorder.write(files[-1])
    return files
