"""Sizes that the standard sets, for those who check a request and make no token.

Source: IEC 62055-41, vending key; TestDisplay tokens.
"""

from sts import kinds

#: Bytes of a vending key by DKGA.
VENDING_KEYS = {"02": 8, "03": 16, "04": 20}

#: How many tests a test token can name: the bits of its mask.
TESTS = {
    kind: dict(layout)["control"]
    for _, _, _, kind, layout in kinds.TABLE
    if kind in (kinds.TEST_2DIGIT, kinds.TEST_4DIGIT)
}
