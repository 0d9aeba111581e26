"""Text that others wrote, made safe to print: what a serial line says, what a database holds."""

_HARMLESS = (0x0A,)
_DIRECTION = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_SHOWN = {
    code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    for code in (*range(0x20), *range(0x7F, 0xA0), *_DIRECTION)
    if code not in _HARMLESS
}


def printable(text: object) -> str:
    """Return `text` with its control characters written out: a terminal obeys none of them.

    Line ends stay. So does no half of a surrogate pair, which cannot be printed at all.
    """
    return str(text).translate(_SHOWN).encode("utf-8", "backslashreplace").decode("utf-8")
