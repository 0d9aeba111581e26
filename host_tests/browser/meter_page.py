"""The classroom page, built, served and opened; its meter is a body of the acceptance suite."""

import atexit
import contextlib
import tempfile
import threading
from pathlib import Path

from browser import chromium

from meter20.bodies import EmulatedBody
from meter20.web import server, site

_KEPT = contextlib.ExitStack()
_OPEN = []


@contextlib.contextmanager
def served():
    """Give the address of the page, below a path, as any web server may have it."""
    with tempfile.TemporaryDirectory() as folder:
        site.build(Path(folder) / "below" / "a path")
        with server.served(Path(folder), 0) as serving:
            threading.Thread(target=serving.serve_forever, args=(0.02,), daemon=True).start()
            yield f"http://127.0.0.1:{serving.server_address[1]}/below/a%20path/"
            serving.shutdown()


def ready(page, address):
    """Open the page, and wait until its meter runs."""
    page.goto(address)
    page.locator("body[data-ready]").wait_for()
    return page


def port(page, line: bytes) -> bytes:
    """Return what the service port of the page's meter answers to `line`, as it came."""
    told = page.evaluate(
        "octets => meter20.port(Uint8Array.from(octets))", list(line + b"\n")
    )  # fmt: skip
    return told.encode()


def bare(page):
    """Let the page have a meter as it leaves the mould, whose time passes by requests only."""
    page.evaluate("meter20.speed(0)")
    page.evaluate("meter20.start(true)")


class PageLines:
    """The service port of the page's meter. Each reply must be the one of the emulated body."""

    def __init__(self):
        if not _OPEN:
            _OPEN.append(_opened())
        self._page, self._twin = _OPEN[0], EmulatedBody()
        bare(self._page)

    def exchange(self, line: bytes) -> bytes:
        told, expected = port(self._page, line), self._twin.exchange(line)
        assert told.rstrip(b"\n") == expected, line
        return expected

    def close(self):
        pass  # the next one begins with a new meter


def _opened():
    atexit.register(_KEPT.close)
    address = _KEPT.enter_context(served())
    visit = chromium.Visit(_KEPT.enter_context(chromium.browser()), **chromium.DESKTOP)
    _KEPT.callback(visit.close)
    return ready(visit.page, address)
