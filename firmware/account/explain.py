"""Every step from the digits of a token to the meter's decision, as sentences that teach.

This changes and counts nothing, so it must never be offered where somebody could
use it to guess: only emulated bodies have it at their service port. There it leaves
out the rounds of the cipher, because they would give the key away.
"""

from micropython import const
from sts import amount, crc, digits, kinds, results, tid
from sts.decoder_key import DITK

from account import carrier

_MANAGEMENT = const(2)  # the class of a key change
_KEY_PART = "part of a new key"

BASE_DATE = const(2014)  # of most tokens that are sold today
_NO_KEY = "not provisioned"


def explained(meter, entered: str, now_ms: int, base_date: int = BASE_DATE):
    """Return the steps as (step, text) pairs in a list of pair tuples, ready for the service port.

    meter: account.meter.Meter. entered: digits without spaces. base_date: year that the date of
    issue is counted from; the meter itself does not know it. The last step says what the decision
    means.
    """
    return [
        (("step", step), ("text", form % values))
        for step, form, values in walked(meter, entered, now_ms, base_date)
    ]


def walked(meter, entered: str, now_ms: int, base_date: int = BASE_DATE, rounds=False):
    """Return the steps as (step, form, values): the text is `form`, each %s of it a string.

    For a page that says the forms in another language. rounds: also the block after each round of
    the cipher, *only* where the key may be known: two neighbouring rounds give it away.
    """
    steps = _Steps(base_date, rounds)
    result = _walk(steps, meter, entered, now_ms)
    steps.add("decision", "%s", result)
    steps.add("meaning", MEANINGS[result])
    return steps.found


class _Steps:
    def __init__(self, base_date: int, rounds: bool):
        self.base_date = base_date
        self.rounds = rounds
        self.found = []

    def add(self, step, form, *values):
        self.found.append((step, form, tuple([str(value) for value in values])))


def _walk(steps, meter, entered, now_ms):
    steps.add("digits", "%s: %s digits", digits.grouped(entered), len(entered))
    token = digits.parse(entered)
    if token is None:
        steps.add("number", "not 20 digits of a number below 2^66")
        return results.FORMAT
    class_, block = digits.split(token)
    steps.add("66 bits", "%s", _hex66(token))
    steps.add("class", "%s (bits 28 and 27), " + _CLASSES[class_], class_)
    steps.add("64-bit block", "%s (with bits 65 and 64 moved back)", _hex(block))
    if class_ == 3:
        return results.FUNCTION
    if class_ != 1:
        if not meter.provisioned:
            steps.add("decoder key", "the meter has none")
            return _NO_KEY
        wait_ms = meter.lockout_ms(now_ms, carrier.LOCAL)
        if wait_ms:
            steps.add("lock-out", "%s s to wait", (wait_ms + 999) // 1000)
            return results.LOCKED_OUT
        block, hidden = _decrypted(steps, meter, block)
        if hidden and class_ != _MANAGEMENT:
            steps.add("checksum", "not that of a token of this class")
            return results.CRC
    return _judge(steps, meter, token, class_, block, now_ms)


def _decrypted(steps, meter, block):
    """Return the plain block, and whether it is not to be shown."""
    hidden = _holds_key(meter, block)
    if steps.rounds and not hidden:
        for number, state in enumerate(meter.reader.cipher.rounds(block), 1):
            steps.add("round", "round %s: %s", number, _hex(state))
    block = meter.reader.cipher.decrypt(block)
    shown = (_KEY_PART, ()) if hidden else ("%s", (_hex(block),))
    form = "EA%s with the decoder key: " + shown[0]
    steps.add("decrypted", form, meter.state.key.ea, *shown[1])
    return block, hidden


def _judge(steps, meter, token, class_, block, now_ms):
    expected = crc.field(class_, block, kinds.is_currency(class_, block[0] >> 4))
    found = block[6] << 8 | block[7]
    form = "token has %s, its bits give %s"
    steps.add("checksum", form, "%04x" % found, "%04x" % expected)
    if found != expected:
        return results.CRC
    decoded = meter.reader.decode(token)
    if decoded.kind:
        steps.add("kind", "subclass %s: %s", decoded.subclass, decoded.kind)
    else:
        steps.add("kind", "subclass %s: not assigned", decoded.subclass)
    for name, value in _ordered(decoded, meter.state.key.ea):
        steps.add("field " + name, *_field(decoded, name, value))
    if class_ == 1:
        return meter.reader.tested(token).result
    _tid_rules(steps, meter.state, decoded)
    outcome = meter.reader.judged(decoded, now_ms)[1]
    if outcome.another_set:
        steps.add("key change", "contradicts the tokens entered before it: begins another set")
    return outcome.result


def _tid_rules(steps, state, decoded):
    token_tid = decoded.fields.get("tid")
    if token_tid is not None:
        form = "%s, counted from %s"
        steps.add("issued", form, _date(token_tid, steps.base_date), steps.base_date)
        steps.add("key expiry", *_expiry(state.key, token_tid))
        steps.add("TID memory", *_memory(state.tids, token_tid))


def _expiry(key, token_tid):
    if key.kt == DITK:
        return ("an initial key (DITK) has none",)
    form = "TID %s div 65536 is %s, not above KEN %s: good"
    if tid.expired(token_tid, key.ken):
        form = "TID %s div 65536 is %s, above KEN %s: expired"
    return form, token_tid, token_tid >> 16, key.ken


def _holds_key(meter, block):
    """Return whether the encrypted `block` is a section of a key change, in whatever class.

    The class is not encrypted: somebody who holds such a token could write another class into it.
    """
    return meter.reader.decode(digits.join(_MANAGEMENT, block)).kind in kinds.KEY_SECTIONS


def _memory(tids, token_tid):
    refused = tid.refusal(tids, token_tid)
    if refused == results.USED:
        return "%s is in the memory: used", token_tid
    if refused == results.OLD:
        return "%s is below the lowest of %s kept: old", token_tid, len(tids)
    return "%s is new", token_tid


def _date(token_tid, base_date):
    return "%04d-%02d-%02d %02d:%02d" % tid.date(token_tid, base_date)


def _field(decoded, name, value):
    """Return what to say of field `name`: as it stands, and what it comes to in its unit."""
    if name[:2] == "nk":
        return (_KEY_PART,)
    kind = decoded.kind
    if name == "amount_field" and kind in _UNITS:
        tenths = amount.from_field(value)
        return "%s: %s " + _UNITS[kind], value, "%d.%d" % (tenths // 10, tenths % 10)
    if name == "amount_field" and kinds.is_currency(decoded.class_, decoded.subclass):
        parts = amount.from_currency_field(decoded.fields["se"] << 16 | value)
        sign = "-" if parts < 0 else ""
        parts = abs(parts)
        money = "%s%d.%05d" % (sign, parts // 100000, parts % 100000)
        return "%s: %s units of money", value, money
    if name == "value" and kind in (kinds.POWER_LIMIT, kinds.UNBALANCE_LIMIT):
        return "%s: %s W", value, amount.from_field(value)
    return "%s", value


def _ordered(decoded, ea):
    """Return the fields in the order in which they lie in the token."""
    found = kinds.find(decoded.class_, decoded.subclass, ea)
    return [(name, decoded.fields[name]) for name, _bits in found[1]] if found else []


def _hex66(token):
    return "%x %s" % (token >> 64, _hex((token & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "big")))


def _hex(block):
    return "".join("%02x" % octet for octet in block)


_CLASSES = (
    "credit",
    "test and display, not encrypted",
    "management",
    "reserved",
)

_UNITS = {kinds.ELECTRICITY: "kWh", kinds.WATER: "m3", kinds.GAS: "m3", kinds.TIME: "min"}

#: What each result means, in words.
MEANINGS = {
    results.ACCEPT: "the meter takes the token",
    results.KCT_1: "a part of a new key; the other tokens of the set are missing",
    results.KCT_2: "a part of a new key; the other tokens of the set are missing",
    results.KCT_3: "a part of a new key; the other tokens of the set are missing",
    results.KCT_4: "a part of a new key; the other tokens of the set are missing",
    results.OVERFLOW: "the credit would be more than the meter can hold",
    results.KEY_TYPE: "this meter may not go to a key of that type",
    results.FORMAT: "no token reads like this: check all 20 digits",
    results.RANGE: "a value in the token is out of range",
    results.FUNCTION: "this meter does not do what the token asks for",
    results.OLD: "older than every token that the meter remembers",
    results.USED: "entered before: a token works once",
    results.KEY_EXPIRED: "issued after the key of the meter expired",
    results.DDTK: "no credit under an initial or a default key: change the key first",
    results.CRC: "another key, or a wrong digit",
    results.MFR_CODE: "for meters of another maker",
    results.LOCKED_OUT: "too many wrong tokens: wait",
    _NO_KEY: "the meter has no key yet: provision it",
}
