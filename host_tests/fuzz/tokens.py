"""Tokens that a fuzzer describes, made by the vending station's encoder: most are almost good."""

from account.state import Identity
from data import meters
from sts import kinds
from sts.decoder_key import DecoderKey

from meter20.vending.encoder import encode

#: Not the suite's: a fuzzer also tries what it finds in the sources, and good tokens are there.
KEYS = {"11": bytes(range(1, 17)), "07": bytes(range(1, 9))}  # test keys
_KINDS = tuple(row[3] for row in kinds.TABLE)

IDENTITY = Identity(meters.DRN, 1000)


def key(ea: str):
    """Return the KeyAttributes of a meter with `ea`."""
    return meters.key(ea=ea, decoder_key=DecoderKey(KEYS[ea]))


def token(feed, ea: str) -> str:
    """Return the digits that `feed` describes: kind, fields, and perhaps what was mistyped."""
    kind = feed.pick(_KINDS)
    found = kinds.named(kind, ea)
    content = feed.number(9)
    typo = feed.number(2)
    if found is None:
        return "%020d" % (content % 10**20)
    fields = kinds.unpack(found[2], content >> 4)
    if "tid" in fields:  # mostly near each other, so that some are new and some are used
        fields["tid"] = meters.MANUFACTURED + (fields["tid"] & 0x3F) - 2
    made = encode(kind, ea, KEYS[ea], fields)
    if typo >> 8 < 0xE0:
        return made
    at = typo % 20
    return made[:at] + str((int(made[at]) + 1 + typo % 9) % 10) + made[at + 1 :]


def described(chance) -> bytes:
    """Return bytes from which `token` makes a token, good more often than not."""
    kind = chance.choice((0, 0, 0, 0, 4, chance.randrange(len(_KINDS))))
    typo = chance.choice((0, 0, 0, 0xE0 + chance.randrange(32)))
    return bytes([kind]) + chance.randbytes(9) + bytes([typo, chance.randrange(256)])
