"""Tokens of the tester's own vending system: `--tokens FILE`, see README.md beside this file."""

import pytest


@pytest.mark.group("own tokens")
def test_tokens_for(owned_meter, owned):
    for digits, expect, amount_wh in zip(owned.digits, owned.expect, owned.amounts_wh):
        reply = owned_meter.ask("token", digits=digits)
        assert reply["result"] == expect, digits
        if amount_wh is not None:
            assert reply["amount_wh"] == amount_wh, digits
