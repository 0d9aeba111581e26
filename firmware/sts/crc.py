"""The checksum in every token: it tells a good decryption from a wrong key or a typing error.

Decides nothing; imports `const`, nothing else.

Source: IEC 62055-41, CRC and CRC_C.
"""

from micropython import const

# What four bits do to the register, by x^16 + x^15 + x^2 + 1, least significant bit first: for
# n from 0 to 15, n after four steps of (n >> 1) ^ 0xA001 if n is odd, else n >> 1.
# fmt: off
_NIBBLES = (
    0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401,
    0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400,
)
# fmt: on
_CHECKED = const(6)  # bytes of the block before its checksum: subclass and data


def crc16(data, crc: int = 0xFFFF) -> int:
    """Return the register after `data` (bytes), beginning with `crc`."""
    for byte in data:
        crc ^= byte
        crc = crc >> 4 ^ _NIBBLES[crc & 15]
        crc = crc >> 4 ^ _NIBBLES[crc & 15]
    return crc


def field(class_: int, block, currency: bool) -> int:
    """Return the 16-bit checksum that belongs into the last 2 bytes of the 8-byte `block`.

    The class is part of it although it travels beside the block. With
    `currency` the checksum is CRC_C, over one more byte, so that a meter that
    knows no money takes a currency token for a mistyped one.
    """
    crc = crc16(block[:_CHECKED], crc16((class_,)))
    if currency:
        crc = crc16((1,), crc)
    return (crc & 0xFF) << 8 | crc >> 8  # the low byte comes first
