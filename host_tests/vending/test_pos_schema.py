"""Every route of the points of sale, with messages made from its own description (schemathesis).

Looked for: server errors, statuses and bodies that are not described, malformed messages that are
taken, and routes that answer without a password. A few examples each; `make pos-campaign` tries
more (POS_EXAMPLES).
"""

import os
from base64 import b64encode

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from rigs.points_of_sale import PASSWORD, USER, Shop
from rigs.stations import DRN
from schemathesis import GenerationMode
from schemathesis import checks as known
from schemathesis.specs.openapi import checks as described

from meter20.pos import door
from meter20.pos.waits import Limit

EXAMPLES = int(os.environ.get("POS_EXAMPLES", "2"))
CHECKS = [
    known.not_a_server_error,
    described.status_code_conformance,
    described.content_type_conformance,
    described.response_schema_conformance,
    described.negative_data_rejection,
    described.ignored_auth,
]


MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]


@pytest.mark.parametrize("mode", MODES, ids=["right", "wrong"])
def test_every_route_answers_as_it_is_described(
    station, clock, cheap_passwords, monkeypatch, mode
):
    for name in ("CLIENTS", "ADDRESSES"):
        monkeypatch.setattr(door, name, Limit(name, 1 << 30, 0, 0))
    shop = Shop(station, DRN)
    schema = schemathesis.openapi.from_asgi("/openapi.json", shop.web.app)
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) == 19
    for operation in operations:
        try_out(operation, shop, mode)


def test_a_client_that_is_generated_has_every_request_and_room_for_every_sum(station):
    schemas = Shop(station, DRN).web.app.openapi()["components"]["schemas"]
    titles = [schema["title"] for schema in schemas.values()]
    assert len(titles) == len(set(titles)), "openapi-python-client takes the first of a title"
    narrow = {
        name
        for schema in schemas.values()
        for name, field in schema.get("properties", {}).items()
        for kind in field.get("anyOf", [field])
        if kind.get("type") == "integer" and kind.get("format") != "int64"
    }
    assert narrow == {"copy_number", "receipt", "result_code", "units"}  # all below 2**31


def try_out(operation, shop, mode):
    basic = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    plain = operation.path.startswith("/v1")
    headers = {"Authorization": f"Bearer {shop.key}" if plain else f"Basic {basic}"}

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=EXAMPLES < 10,
        phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(operation.as_strategy(generation_mode=mode))
    def answers(case):
        case.call_and_validate(checks=CHECKS, headers=headers)

    answers()
