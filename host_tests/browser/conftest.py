"""A real browser for tests of pages: its absence is a failure, not a skip."""

import pytest
from browser import chromium


@pytest.fixture(scope="module")
def browser():
    """Return a Chromium of this file's own."""
    with chromium.browser() as made:
        yield made


@pytest.fixture
def visit(browser):
    """Return a function that lets a new visitor in: `visit(chromium.PHONE).page`.

    When the test ends, every visitor must have had a page without errors, see chromium.Visit.
    """
    visitors = []

    def come(size, **options):
        visitors.append(chromium.Visit(browser, **{**size, **options}))
        return visitors[-1]

    yield come
    for visitor in visitors:
        visitor.close()


@pytest.fixture
def phone(visit):
    """Return the page of a visitor with a phone, 320 pixels wide."""
    return visit(chromium.PHONE).page


@pytest.fixture
def desktop(visit):
    """Return the page of a visitor with a desktop."""
    return visit(chromium.DESKTOP).page
