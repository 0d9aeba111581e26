"""The seal of a receipt: a code over all that a reprint shows, which the audit log holds too.

The code is an HMAC with a key of the security module. Without the module nobody can make a code
for another text, or try which digits give the code in the log.

It covers every column of a slip and of its tokens that has a value. One without a value is left
out, so that a column that a later meter20 adds changes no earlier seal.
"""

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import msgspec

from meter20.vending import exact_json
from meter20.vending.models import Slip, Token, table
from meter20.vending.sealing import Key, subkey

SLIPS, TOKENS = table(Slip), table(Token)
SLIP_FACTS = tuple(column.name for column in SLIPS.columns if column.name != "seal")
TOKEN_FACTS = tuple(
    column.name for column in TOKENS.columns if column.name not in ("id", "slip_id")
)
# Records that are sealed without what has no value.
_SLIP, _TOKEN = (
    msgspec.defstruct("Sealed", [(name, Any, None) for name in names], omit_defaults=True)
    for names in (SLIP_FACTS, TOKEN_FACTS)
)
_slip_facts, _token_facts = itemgetter(*SLIP_FACTS), itemgetter(*TOKEN_FACTS)
_OCTETS = 16  # nobody finds another text for a code of 128 bits whose key they lack


def key_of(audit_key: Key) -> Key:
    """Return the key of the seals."""
    return Key(subkey(audit_key.octets, b"receipts"))


def facts(row: object, names: Iterable[str]) -> dict:
    """Return the columns `names` of a slip or a token."""
    return {name: getattr(row, name) for name in names}


def seal(key: Key, slip: Mapping, tokens: Sequence[Mapping]) -> str:
    """Return the seal of a slip and its tokens, in order; both with all their facts."""
    rows = [_SLIP(*_slip_facts(slip)), *[_TOKEN(*_token_facts(token)) for token in tokens]]
    return key.mac(exact_json.written_in_order(rows))[:_OCTETS].hex()


def facts_of(slip: Slip) -> tuple[dict, list[dict]]:
    """Return the facts of a slip and of its tokens, as they are now."""
    return facts(slip, SLIP_FACTS), [facts(each, TOKEN_FACTS) for each in slip.tokens]
