"""The answer of `meter20 token decode` for people: each field with its value and its meaning."""

from sts import amount, kinds

from meter20.vending.sizes import TESTS

_UNITS = {kinds.ELECTRICITY: "kWh", kinds.WATER: "m3", kinds.GAS: "m3", kinds.TIME: "min"}
_LIMITS = (kinds.POWER_LIMIT, kinds.UNBALANCE_LIMIT)


def shown(answer):
    """Return the lines that show `answer` to people."""
    title = answer["kind"] or ("no assigned kind" if answer["crc_ok"] else "cannot be read")
    subclass = "" if answer["subclass"] is None else str(answer["subclass"])
    rows = [("field", "value", "meaning"), ("class", str(answer["class"]), "")]
    rows.append(("subclass", subclass, ""))
    for name, value in answer["fields"].items():
        rows.append((name, str(value), _meaning(answer, name, value)))
    rows.append(("checksum", "right" if answer["crc_ok"] else "wrong", ""))
    wide = [max(len(row[at]) for row in rows) for at in (0, 1)]
    lines = [f" {name:{wide[0]}}  {value:{wide[1]}}  {words}" for name, value, words in rows]
    return "\n".join([title, *(line.rstrip() for line in lines)])


def _meaning(answer, name, value):
    """Return in words what field `name` says; fields of plain numbers say nothing more."""
    kind, words = answer["kind"], ""
    if name == "tid":
        words = answer.get("date", "")
    elif name == "amount_field" and kind in _UNITS:
        tenths = amount.from_field(value)
        words = f"{tenths // 10}.{tenths % 10} {_UNITS[kind]}"
    elif name == "amount_field":
        parts = amount.from_currency_field(answer["fields"]["se"] << 16 | value)
        words = (
            f"{'-' * (parts < 0)}{abs(parts) // 100000}.{abs(parts) % 100000:05} currency units"
        )
    elif name == "value" and kind in _LIMITS:
        words = f"{amount.from_field(value)} W"
    elif name == "control" and kind in TESTS:
        words = _tests(value, TESTS[kind])
    elif name.startswith("nk"):
        words = f"{value:08x}, part of the new key"
    return words


def _tests(mask, bits):
    if mask == (1 << bits) - 1:
        return "all tests"
    numbers = [str(bit + 1) for bit in range(bits) if mask >> bit & 1]
    return ("test " if len(numbers) == 1 else "tests ") + ", ".join(numbers)
