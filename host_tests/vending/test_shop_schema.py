"""Every route of the shop, with requests made from its own description (schemathesis).

Looked for: server errors, statuses that are not described, malformed requests that are taken.
A few examples each; `make pos-campaign` tries more (POS_EXAMPLES).
"""

import os

import pytest
import schemathesis
from argon2 import PasswordHasher
from hypothesis import HealthCheck, Phase, given, settings
from rigs.customers import Customer
from rigs.stations import DRN
from schemathesis import GenerationMode
from schemathesis import checks as known
from schemathesis.specs.openapi import checks as described

from meter20.pos import clients
from meter20.pos.waits import Limit
from meter20.shop import accounts, app, customers, operators

EXAMPLES = int(os.environ.get("POS_EXAMPLES", "2"))
CHECKS = [
    known.not_a_server_error,
    described.status_code_conformance,
    described.content_type_conformance,
]
NAME, PASSWORD = "sipho", "a password of the operator"
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]


@pytest.mark.parametrize("mode", MODES, ids=["right", "wrong"])
def test_every_route_answers_as_it_is_described(station, monkeypatch, mode):
    monkeypatch.setattr(clients, "HASHER", PasswordHasher(1, 8, 1))
    for module, name in ((customers, "LOOKUPS"), (operators, "NAMES"), (operators, "ADDRESSES")):
        monkeypatch.setattr(module, name, Limit(name, 1 << 30, 0, 0))
    with station.desk() as desk:
        accounts.add(desk, NAME, PASSWORD)
    made = app.made(station, described=True)
    cookies = with_cookies(station, made)
    schema = schemathesis.openapi.from_asgi("/openapi.json", made)
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) == 16
    if mode is GenerationMode.NEGATIVE:  # what takes nothing cannot be given what is wrong
        operations = [each for each in operations if [*each.iter_parameters(), *each.body]]
        assert len(operations) == 12
    for operation in operations:
        for sent in ("", cookies):
            try_out(operation, mode, {"Cookie": sent} if sent else {})


def with_cookies(station, made):
    """Return the cookies of an operator who has logged in and of a buyer, in one browser."""
    browser = Customer(station, made)
    browser.buy(DRN, "200")
    browser.get("/operators/login")
    form = browser.form() | {"name": NAME, "password": PASSWORD}
    assert browser.send("/operators/login", form).status_code == 303
    return "; ".join(f"{name}={value}" for name, value in browser.web.cookies.items())


def try_out(operation, mode, headers):
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=EXAMPLES < 10,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(operation.as_strategy(generation_mode=mode))
    def answers(case):
        case.call_and_validate(checks=CHECKS, headers=headers, allow_redirects=False)

    answers()
