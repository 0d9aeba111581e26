"""Outcomes: the screens that say what became of a token.

A board reads them after the commit of the first token since power came, so that no memory that
they take can stand in the way of a token.

Pure domain: no ports, no clock, no I/O.
"""

from sts import results

from panel.screens import WIDTH, credit, not_following

#: Words and advice for each result, under its name in the standard: one text a result takes less
#: memory than a pair.
_WORDS = {
    results.ACCEPT: "Token accepted|Thank you",
    results.OVERFLOW: "Credit is full|Try again later",
    results.KEY_TYPE: "Key not allowed|Ask your seller",
    results.FORMAT: "Not a token:|check 20 digits",
    results.RANGE: "Value not known|Ask your seller",
    results.FUNCTION: "Meter has no|such function",
    results.OLD: "Token is too old|Buy a new one",
    results.USED: "Used before|Buy a new one",
    results.KEY_EXPIRED: "Key has expired|Ask for new key",
    results.DDTK: "No selling key|Ask for new key",
    results.CRC: "Mistyped or for|another meter",
    results.MFR_CODE: "Made for other|meter makers",
}


def shown(outcome, switch_faulty: bool, view, wait_s: int):
    """Return the screens for the Outcome of a token, one after the other.

    switch_faulty: the load switch does not follow. wait_s: seconds until the carrier of the token
    may bring another.
    """
    if outcome.result == results.LOCKED_OUT:
        return [_locked_out(wait_s)]
    if outcome.tests:
        from panel import meter_tests  # a board reads it when the first test token comes

        return [meter_tests.screen(number, view) for number in outcome.tests]
    said = [_screen(outcome, view, wait_s)]
    return said + [not_following("load switch")] if switch_faulty else said


def _screen(outcome, view, wait_s):
    if outcome.missing:
        return _key_change(outcome)
    in_currency = view.state.in_currency
    words, advice = _WORDS[outcome.result].split("|")
    if outcome.amount:
        words = ("+" if outcome.amount > 0 else "") + credit(outcome.amount, in_currency)
    elif view.state.tamper and outcome.result == results.FUNCTION:
        words, advice = "Tamper: credit", "is blocked"
    elif outcome.result == results.ACCEPT and outcome.kind[:3] == "Set":
        words, advice = "Setting changed", ""
        if "DecoderKey" in outcome.kind:
            words = "New key KRN %d" % view.state.key.krn
            advice = "TI %s KEN %d" % (view.state.key.ti, view.state.key.ken)
    return [
        outcome.result,
        words,
        advice,
        "Wait %d s" % wait_s if wait_s else _credit_now(view),
    ]


def _locked_out(seconds):
    return [results.LOCKED_OUT, "Too many wrong", "Wait %d s" % seconds, "Then try again"]


def _key_change(outcome):
    missing = " ".join([str(number) for number in outcome.missing])
    if outcome.another_set:
        return [outcome.result, "ANOTHER key set", "Enter its token", missing]
    return [outcome.result, "Still to enter:", "token " + missing, "within 10 min"]


def _credit_now(view):
    amount = credit(view.state.register.credit, view.state.in_currency)
    for word in ("Now ", "="):
        if len(word + amount) <= WIDTH:
            return word + amount
    return amount
