"""Every kind of token: its class and subclass, and the layout of its 44 data bits.

The one table behind both the decoder in the meter and the encoder of the
vending station. A layout is a tuple of (field, bits), the most significant
field first; its bits always sum to 44. Imports nothing.

| field | holds |
| --- | --- |
| rnd | four random bits; they only make equal requests look different |
| tid | token identifier, see `sts.tid` |
| amount_field, se | amount bought and, for currency, its sign and exponent, see `sts.amount` |
| value | limit (see `sts.amount`), register to clear, or the content of a reserved kind |
| control, mfr | tests as a bit mask, test n in bit n-1; manufacturer code, 0 for any meter |
| kenho, kenlo | high and low nibble of the key expiry number |
| krn, kt, ti | key revision number, key type, tariff index in binary |
| ro, kct3 | TID roll-over; a third section follows (two-section sets of EA07 only) |
| nkho, nkmo2, nkmo1, nklo | the new key, 32 bits each, most significant first; EA07: nkho, nklo |
| sgc, sgcho, sgclo | supply group code in binary: whole, or its high and low 12 bits |

Source: IEC 62055-41, token data elements; for the extended set STS 202-5.
"""

# Names that code decides by. The four utilities follow their name after a dot.
ELECTRICITY = "TransferCredit.electricity"
WATER = "TransferCredit.water"
GAS = "TransferCredit.gas"
TIME = "TransferCredit.time"
ELECTRICITY_CURRENCY = "TransferCredit.electricity_currency"
WATER_CURRENCY = "TransferCredit.water_currency"
GAS_CURRENCY = "TransferCredit.gas_currency"
TIME_CURRENCY = "TransferCredit.time_currency"
TEST_2DIGIT = "InitiateMeterTest.2digit"  # with a manufacturer code of 2 digits
TEST_4DIGIT = "InitiateMeterTest.4digit"
READ_EXTENDED = "ReadControlOrFlag"
POWER_LIMIT = "SetMaximumPowerLimit"
CLEAR_CREDIT = "ClearCredit"
TARIFF_RATE = "SetTariffRate"
KEY_1 = "Set1stSectionDecoderKey"
KEY_2 = "Set2ndSectionDecoderKey"
KEY_3 = "Set3rdSectionDecoderKey"
KEY_4 = "Set4thSectionDecoderKey"
CLEAR_TAMPER = "ClearTamperCondition"
UNBALANCE_LIMIT = "SetMaximumPhasePowerUnbalanceLimit"
WATER_FACTOR = "SetWaterMeterFactor"
SET_EXTENDED = "SetControlOrFlag"

#: Number of the section of a key change that a kind of token brings.
KEY_SECTIONS = {KEY_1: 1, KEY_2: 2, KEY_3: 3, KEY_4: 4}

_CREDIT = (("rnd", 4), ("tid", 24), ("amount_field", 16))
_CURRENCY = (("se", 4), ("tid", 24), ("amount_field", 16))
_MANAGEMENT = (("rnd", 4), ("tid", 24), ("value", 16))

# (class, subclass, encryption algorithm or None for any, kind, layout)
TABLE = (
    (0, 0, None, ELECTRICITY, _CREDIT),
    (0, 1, None, WATER, _CREDIT),
    (0, 2, None, GAS, _CREDIT),
    (0, 3, None, TIME, _CREDIT),
    (0, 4, None, ELECTRICITY_CURRENCY, _CURRENCY),
    (0, 5, None, WATER_CURRENCY, _CURRENCY),
    (0, 6, None, GAS_CURRENCY, _CURRENCY),
    (0, 7, None, TIME_CURRENCY, _CURRENCY),
    (1, 0, None, TEST_2DIGIT, (("control", 36), ("mfr", 8))),
    (1, 1, None, TEST_4DIGIT, (("control", 28), ("mfr", 16))),
    (1, 2, None, READ_EXTENDED, (("control", 36), ("mfr", 8))),
    (2, 0, None, POWER_LIMIT, _MANAGEMENT),
    (2, 1, None, CLEAR_CREDIT, _MANAGEMENT),
    (2, 2, None, TARIFF_RATE, _MANAGEMENT),
    (
        2,
        3,
        None,
        KEY_1,
        (("kenho", 4), ("krn", 4), ("ro", 1), ("kct3", 1), ("kt", 2), ("nkho", 32)),
    ),
    (2, 4, None, KEY_2, (("kenlo", 4), ("ti", 8), ("nklo", 32))),
    (2, 5, None, CLEAR_TAMPER, _MANAGEMENT),
    (2, 6, None, UNBALANCE_LIMIT, _MANAGEMENT),
    (2, 7, None, WATER_FACTOR, _MANAGEMENT),
    (2, 8, "07", KEY_3, (("sgc", 24), ("reserved", 20))),
    (2, 8, "11", KEY_3, (("sgclo", 12), ("nkmo2", 32))),
    (2, 9, "11", KEY_4, (("sgcho", 12), ("nkmo1", 32))),
    (2, 10, None, SET_EXTENDED, _MANAGEMENT),
)


def find(class_: int, subclass: int, ea: "str | None"):
    """Return (kind, layout) of a token under encryption algorithm `ea`, or None if unassigned."""
    for row in TABLE:
        if row[0] == class_ and row[1] == subclass and row[2] in (None, ea):
            return row[3], row[4]
    return None


def named(kind: str, ea: "str | None"):
    """Return (class, subclass, layout) of `kind` under `ea`, or None if there is none."""
    for row in TABLE:
        if row[3] == kind and row[2] in (None, ea):
            return row[0], row[1], row[4]
    return None


def is_currency(class_: int, subclass: int) -> bool:
    """Say whether a token moves money, so that its checksum is CRC_C."""
    return class_ == 0 and subclass in (4, 5, 6, 7)


def unpack(layout, data: int) -> dict:
    """Return the fields that the 44-bit number `data` holds by `layout`."""
    fields = {}
    left = 44
    for name, bits in layout:
        left -= bits
        fields[name] = data >> left & (1 << bits) - 1
    return fields


def pack(layout, fields) -> int:
    """Return the 44-bit number that holds `fields`, which must be in range; undoes `unpack`."""
    data = 0
    for name, bits in layout:
        data = data << bits | fields[name]
    return data
