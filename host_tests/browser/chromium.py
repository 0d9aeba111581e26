"""Debian's Chromium without a window, driven by Playwright, and what no page of ours may do in it.

A page may not throw, write errors to the console, break its own content security policy, or ask
any other machine for anything.
"""

import shutil
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import expect, sync_playwright
from rigs import programs

from meter20 import DEVICE_ROOT

PHONE = {
    "viewport": {"width": 320, "height": 640}, "device_scale_factor": 2,
    "is_mobile": True, "has_touch": True,
}  # fmt: skip
DESKTOP = {"viewport": {"width": 1280, "height": 800}}
WAIT_MS = 60_000  # for what comes after all; nothing is measured by it
_LOCAL = ("127.0.0.1", "localhost", "::1", None)
_FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
expect.set_options(timeout=WAIT_MS)
_AXE = DEVICE_ROOT / "node_modules" / "axe-core" / "axe.min.js"
_WORSE = ("serious", "critical")


def program():
    """Return where Chromium is, a path; without one, do what `programs.missing` does.

    The one without menus and tabs of its own is taken where there is one: to open and draw them
    for each visitor takes longer than most pages do.
    """
    name = "chromium-headless-shell"
    return shutil.which(name) or programs.found("chromium", name)


@contextmanager
def browser():
    """Give a Chromium with an empty profile.

    Playwright keeps an event loop in this thread while the browser is open: nothing else in the
    thread can run one, so a test file has its own browser, and closes it.
    """
    path = program()
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        try:
            yield made
        finally:
            made.close()


class Visit:
    """A visitor with cookies of its own. `page` is what it sees; `troubles` what it must not.

    expected: parts of console messages that a test provokes.
    """

    def __init__(self, browser, expected=(), **options):
        self.context = browser.new_context(**options)
        self.context.set_default_timeout(WAIT_MS)
        self.troubles, self._expected = [], tuple(expected)
        self.context.on("request", self._asked)
        self.context.on("weberror", lambda error: self.troubles.append(str(error.error)))
        self.context.on("console", self._said)
        self.page = self.context.new_page()

    def _asked(self, request):
        if urlsplit(request.url).hostname not in _LOCAL:
            self.troubles.append(f"asked another machine: {request.url}")

    def _said(self, message):
        if message.type == "error" and not any(part in message.text for part in self._expected):
            self.troubles.append(message.text)

    def close(self):
        self.context.close()
        assert not self.troubles, self.troubles


def axe(page) -> list[str]:
    """Return what axe finds serious or critical in a page, a line each."""
    assert _AXE.exists(), f"no {_AXE}: make setup"
    if not page.evaluate("'axe' in window"):
        page.evaluate(_AXE.read_text(encoding="utf-8") + "\n;undefined")  # past the page's policy
    found = page.evaluate("async () => (await axe.run()).violations")
    return [
        f"{each['impact']}: {each['help']}: {node['target']} {node['html'][:120]}"
        for each in found
        if each["impact"] in _WORSE
        for node in each["nodes"]
    ]


def wider_than_screen(page) -> int:
    """Return by how many pixels a page must be moved sideways to be read; 0 is right."""
    root = "document.documentElement"
    return page.evaluate(f"{root}.scrollWidth - {root}.clientWidth")
