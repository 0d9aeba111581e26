"""Draws the pictures of docs/classroom.md into the folder that is named: the page, played."""

import sys
from pathlib import Path

from browser import chromium, meter_page

_SETTLED_MS = 1500


def desktop(page):
    """A token was typed and lies under glass, with a changed digit beside it."""
    page.click("#tab-desk")
    page.click("#buy button")
    page.locator("#slips .token button").first.click()
    page.locator("#lcd", has_text="Accept").wait_for()
    page.locator("#slips .token button").nth(1).click()
    page.locator(".digit").nth(9).click()
    page.locator("form.glass").nth(1).locator(".count").first.wait_for()
    page.locator("#appliances button").nth(3).click()
    page.click('[data-speed="60"]')
    page.evaluate("scrollTo(0, 0)")


def phone(page):
    """The first lesson, in French."""
    page.click("a.to-lesson")


def main():
    folder = Path(sys.argv[1])
    sizes = {
        "classroom.png": ({"viewport": {"width": 1280, "height": 1000}}, desktop),
        "classroom-phone.png": ({**chromium.PHONE, "locale": "fr"}, phone),
    }
    with meter_page.served() as address, chromium.browser() as browser:
        for name, (size, play) in sizes.items():
            visit = chromium.Visit(browser, **size)
            page = meter_page.ready(visit.page, address)
            play(page)
            page.wait_for_timeout(_SETTLED_MS)
            page.screenshot(path=folder / name)
            visit.close()


if __name__ == "__main__":
    main()
