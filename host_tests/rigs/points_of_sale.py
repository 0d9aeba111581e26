"""A point of sale for tests: the messages of the interface, and what a till does with them."""

from uuid import uuid4

from fastapi.testclient import TestClient
from sqlalchemy import func, select

from meter20.pos import app, clients
from meter20.vending.models import Slip
from meter20.vending.station import Station

BASE = "/prepaidutility/v3"
USER, PASSWORD = "corner", "a password of the shop"


class Shop:
    """A client `user` of a station, by each of its interfaces.

    last: id of the last message.
    """

    def __init__(self, station: Station, meter: str, user: str = USER):
        with station.desk() as desk:
            password, self.key = clients.add(desk, user, "", PASSWORD)
        self.auth = (user, password)
        self.user, self.meter, self.last = user, meter, ""
        self.web = TestClient(app.made(station), raise_server_exceptions=False)

    def header(self, number: str | None = None) -> dict:
        self.last = number or str(uuid4())
        return {
            "id": self.last, "time": "2026-03-10T09:30:00.123Z", "meter": {"meterId": self.meter},
            "client": {"id": "001", "name": "Shop"},
            "thirdPartyIdentifiers": [{"institutionId": "7", "transactionIdentifier": "a"}],
            "originator": {
                "institution": {"id": "7", "name": "Shop"}, "terminalId": "12345678",
                "merchant": {
                    "merchantType": "0000", "merchantId": "123456789012345",
                    "merchantName": {"name": "S", "city": "C", "region": "WC", "country": "ZA"},
                },
            },
        }  # fmt: skip

    def order(self, cents, number: str | None = None) -> dict:
        return self.header(number) | {"purchaseAmount": {"amount": cents, "currency": "710"}}

    def post(self, path: str, message: dict):
        return self.web.post(BASE + path, json=message, auth=self.auth)

    def look_up(self):
        return self.post(f"/meterLookups/{self.header()['id']}", self.header(self.last))

    def buy(self, cents, number: str | None = None):
        message = self.order(cents, number)
        return self.post(f"/tokenPurchases/{self.last}", message)

    def retry(self, cents, number: str):
        return self.post(f"/tokenPurchases/{number}/retry", self.order(cents))

    def advise(self, kind: str, purchase: str, number: str | None = None, **more):
        number = number or str(uuid4())
        message = {
            "id": number, "requestId": purchase, "time": "2026-03-10T09:31:00Z",
            "thirdPartyIdentifiers": [],
        }  # fmt: skip
        return self.post(f"/tokenPurchases/{purchase}/{kind}/{number}", message | more)

    def confirm(self, purchase: str, number: str | None = None):
        return self.advise("confirmations", purchase, number, tenders=[])

    def reverse(self, purchase: str, number: str | None = None):
        return self.advise("reversals", purchase, number, reversalReason="CANCELLED")

    def v1(self, method: str, path: str, key: str = "", **more):
        headers = {"Authorization": f"Bearer {self.key}"}
        headers |= {"Idempotency-Key": key} if key else {}
        return self.web.request(method, f"/v1{path}", headers=headers, **more)


def digits(answer) -> list[str]:
    """Return the digits of all tokens of an answer, in order."""
    return [token["token"] for token in answer.json()["tokens"]]


def station_of(shop: Shop) -> Station:
    return shop.web.app.state.till.station


def receipts(shop: Shop) -> int:
    """Return how many receipts there are."""
    with station_of(shop).looking() as session:
        return session.scalar(select(func.count()).select_from(Slip))


def failed(answer, status: int, error: str) -> dict:
    """Check that `answer` is a failure of that kind; return what it says."""
    told = answer.json()
    assert (answer.status_code, told["errorType"]) == (status, error)
    assert len(told["errorMessage"]) <= 20
    return told
