"""A meter for each scenario: once emulated on CPython, once on MicroPython."""

import pytest
from rigs.benches import BODIES, Bench


@pytest.fixture(params=BODIES)
def factory_meter(request):
    """A meter as it leaves the mould."""
    lines = BODIES[request.param]()
    yield Bench(lines)
    lines.close()


@pytest.fixture
def meter(factory_meter):
    """A provisioned meter without credit."""
    assert factory_meter.provision()["ok"]
    return factory_meter
