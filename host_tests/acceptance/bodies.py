"""The body that the tester named, opened."""

import pytest
from acceptance import rp2040
from acceptance.subject import SerialLines, SerialSubject, Subject
from acceptance.two_boards import TwoBoardSubject
from rigs.benches import BODIES


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

        return Subject(PageLines())
    return Subject(rp2040.Lines() if body == "rp2040" else BODIES[body]())
