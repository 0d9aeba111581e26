"""A-XDR, the encoding of DLMS data: a tag, then the value, numbers big-endian.

Encoders return bytes with their tag. `take` reads what a client may send; it never trusts a
length. Pure: imports `const`, nothing else.
Source: IEC 62056-5-3, A-XDR; IEC 62056-6-2, common data types.
"""

from micropython import const

ARRAY = const(1)
STRUCTURE = const(2)
BOOLEAN = const(3)
BITS = const(4)
I32 = const(5)
U32 = const(6)
OCTETS = const(9)
UTF8 = const(12)
I8 = const(15)
I16 = const(16)
U8 = const(17)
U16 = const(18)
I64 = const(20)
U64 = const(21)
ENUM = const(22)
DATETIME = const(25)

NULL = b"\x00"
_SIZES = {BOOLEAN: 1, I8: 1, U8: 1, ENUM: 1, I16: 2, U16: 2, I32: 4, U32: 4, I64: 8, U64: 8}
_SIGNED = (I8, I16, I32, I64)
_TEXTS = (OCTETS, 10, UTF8)
_DEEPEST = const(6)  # an object list is five deep, a range of selective access two


def length(count: int) -> bytes:
    """Return `count`, 0 to 65535, as the length of what follows."""
    if count < 0x80:
        return bytes((count,))
    if count < 0x100:
        return bytes((0x81, count))
    return bytes((0x82, count >> 8, count & 0xFF))


def number(tag: int, value: int) -> bytes:
    """Return `value` as the number `tag`. What the type can not hold becomes its nearest end."""
    bits = 8 * _SIZES[tag]
    low, high = (-1 << bits - 1, (1 << bits - 1) - 1) if tag in _SIGNED else (0, (1 << bits) - 1)
    value = min(max(int(value), low), high)
    return bytes((tag,)) + (value & (1 << bits) - 1).to_bytes(bits // 8, "big")


def octets(value: bytes) -> bytes:
    """Return an octet-string."""
    return bytes((OCTETS,)) + length(len(value)) + value


def utf8(value: str) -> bytes:
    """Return a utf8-string."""
    encoded = value.encode()
    return bytes((UTF8,)) + length(len(encoded)) + encoded


def bits(count: int, value: int) -> bytes:
    """Return a bit-string of `count` bits. Its first bit is the most significant of `value`."""
    spare = -count % 8
    return bytes((BITS,)) + length(count) + (value << spare).to_bytes((count + 7) // 8, "big")


def structure(*parts: bytes) -> bytes:
    """Return a structure of encoded `parts`."""
    return bytes((STRUCTURE,)) + length(len(parts)) + b"".join(parts)


def array(parts) -> bytes:
    """Return an array of encoded `parts`, a list."""
    return bytes((ARRAY,)) + length(len(parts)) + b"".join(parts)


def array_head(count: int) -> bytes:
    """Return the beginning of an array whose `count` parts follow one by one."""
    return bytes((ARRAY,)) + length(count)


def date_time(parts) -> bytes:
    """Return (year, month, day, hour, minute, second, weekday 1 to 7) as 12 octets, in UTC.

    The deviation is 0 and the status 0: other values read differently in different clients.
    """
    year, month, day, hour, minute, second, weekday = parts
    return year.to_bytes(2, "big") + bytes((month, day, weekday, hour, minute, second, 0, 0, 0, 0))


def take(data, at: int, depth: int = 0):
    """Return (value, place after it) of the encoded value at `at` in `data`.

    Arrays and structures come back as lists, strings as bytes. Raises ValueError for what is
    cut short, nested too deep, or of a type that no request has.
    """
    tag = octet(data, at)
    at += 1
    if tag == 0:
        return None, at
    if tag in (ARRAY, STRUCTURE):
        return _take_parts(data, at, depth)
    if tag in _TEXTS:
        count, at = take_length(data, at)
    elif tag == DATETIME:
        count = 12
    else:
        count = _SIZES.get(tag, 0)
    value = part(data, at, count)
    if tag in _SIZES:
        value = _number(tag, value)
    elif tag not in _TEXTS and tag != DATETIME:
        raise ValueError("type")
    return value, at + count


def _take_parts(data, at, depth):
    if depth >= _DEEPEST:
        raise ValueError("depth")
    count, at = take_length(data, at)
    parts = []
    for _ in range(count):
        value, at = take(data, at, depth + 1)
        parts.append(value)
    return parts, at


def _number(tag, value):
    whole = int.from_bytes(value, "big")
    if tag in _SIGNED and value[0] & 0x80:
        whole -= 1 << 8 * len(value)
    return whole


def take_length(data, at: int):
    """Return (length, place after it). Raises ValueError when cut short or above 65535."""
    first = octet(data, at)
    if first < 0x80:
        return first, at + 1
    count = first & 0x7F
    if not 1 <= count <= 2:
        raise ValueError("length")
    return int.from_bytes(part(data, at + 1, count), "big"), at + 1 + count


def octet(data, at: int) -> int:
    """Return the octet at `at`. Raises ValueError behind the end."""
    if not 0 <= at < len(data):
        raise ValueError("short")
    return data[at]


def part(data, at: int, count: int) -> bytes:
    """Return `count` octets from `at` on. Raises ValueError behind the end."""
    if at + count > len(data):
        raise ValueError("short")
    return bytes(data[at : at + count])
