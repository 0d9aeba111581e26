"""A customer of the shop: its browser without a screen, and what stands on the pages."""

import re

from fastapi.testclient import TestClient

from meter20.shop import app
from meter20.vending.station import Station


class Customer:
    """A visitor of a station's shop with cookies of its own. `page` is what it sees."""

    def __init__(self, station: Station, application=None, **headers):
        self.web = TestClient(
            application or app.made(station), base_url="http://127.0.0.1", headers=headers,
            raise_server_exceptions=False, follow_redirects=False,
        )  # fmt: skip
        self.page = None

    def get(self, path: str, **asked):
        self.page = self.web.get(path, params=asked)
        return self.page

    def quote(self, meter: str, amount: str):
        return self.get("/quote", number=meter, amount=amount)

    def form(self) -> dict:
        """Return the fields of the form on the page that posts."""
        form = re.search(r'<form method="post".*?</form>', self.page.text, re.DOTALL)[0]
        return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))

    def send(self, path: str, form: dict, **headers):
        return self.web.post(path, data=form, headers=headers)

    def buy(self, meter: str, amount: str) -> str:
        """Buy, and return the path of the order."""
        assert self.quote(meter, amount).status_code == 200, self.page.text
        done = self.send("/orders", self.form())
        assert done.status_code == 303, done.text
        return done.headers["location"]

    def tokens(self, path: str) -> list[str]:
        """Return the digits of all tokens on the page of an order."""
        shown = re.findall(r'token-digits">([\d ]+)<', self.get(path).text)
        return [digits.replace(" ", "") for digits in shown]


def text_of(page) -> str:
    """Return the words of a page on one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", page.text).split())
