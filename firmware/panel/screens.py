"""Screens: what the display shows, as lists of lines.

A screen is four lines, most important first, each of at most 16 characters, so
that one wording serves every display: 20x4 and 128x64 show all four, a 16x2
shows them two at a time (`pages`).

Pure domain: no ports, no clock, no I/O.
"""

from micropython import const
from supply import decision

from panel import view as views

WIDTH = const(16)
_TWO_ROWS = const(2)
_TOTAL_ROUND_WH = 100_000_000_000
FIRMWARE = "meter20 0.1.0"

_REASONS = {
    decision.CREDIT: "Supply on",
    decision.EMERGENCY: "EMERGENCY credit",
    decision.FRIENDLY: "On: friendly hrs",
    decision.NO_CREDIT: "OFF: no credit",
    decision.NOT_PROVISIONED: "OFF: no key yet",
    decision.TAMPER: "OFF: tamper",
    decision.SERVICE: "OFF: by seller",
    decision.OVERLOAD: "OFF: overload",
    decision.OVERLOAD_LOCK: "OFF: overl. lock",
    decision.TEST: "OFF: switch test",
    decision.STORE_FAULT: "OFF: memory bad",
    decision.FAULT: "OFF: fault",
}


def kwh(wh: int) -> str:
    """Return `wh` as kWh with three decimals, "-0.004" for -4."""
    return _decimal(wh, 1000, "%s%d.%03d")


def money(amount: int) -> str:
    """Return `amount`, in 10^-5 currency units, with two decimals; what is below is cut off."""
    return _decimal(abs(amount) // 1000 * (-1 if amount < 0 else 1), 100, "%s%d.%02d")


def credit(amount: int, in_currency: bool) -> str:
    """Return `amount`, in the unit of the meter's credit, as the display shows it."""
    return money(amount) if in_currency else kwh(amount) + " kWh"


def total_used(view) -> str:
    """Return the total consumption in kWh, which goes on from 0 after 99 999 999.999."""
    return kwh(view.state.register.total_wh % _TOTAL_ROUND_WH) + " kWh"


def pages(screen, rows: int):
    """Return `screen` cut into pages of `rows` lines; empty lines close up on small displays."""
    if rows > _TWO_ROWS:
        return [screen[:rows]]
    lines = [line for line in screen if line]
    return [lines[at : at + rows] for at in range(0, len(lines), rows)] or [[""]]


def message(*lines):
    """A screen of up to four plain lines."""
    return list(lines) + [""] * (4 - len(lines))


def idle(view):
    """The screen at rest. view: panel.view.View."""
    if view.relay_reason == decision.STORE_FAULT and not view.state.identity.drn:
        return message("MEMORY LOST", _REASONS[decision.STORE_FAULT], "Call your seller", FIRMWARE)
    if not view.state.identity.drn:
        return message("Not provisioned", _REASONS[decision.NOT_PROVISIONED], FIRMWARE)
    in_currency = view.state.in_currency
    return [
        ("Cr " if in_currency else "") + credit(view.state.register.credit, in_currency),
        _state_of_supply(view),
        "%d W" % view.watts,
        "Then try again" if view.lockout_s else "Enter a token",
    ]


def entry(digits: str, is_code: bool):
    """The screen of an entry under way: digits by fours, and the position."""
    if is_code:
        return ["Short code", "#" + digits + "_", "# shows it", "* takes back"]
    groups = _groups(digits)
    return [
        " ".join(groups[:3]) + ("_" if len(digits) < 12 else ""),
        " ".join(groups[3:]) + ("_" if 12 <= len(digits) < 20 else ""),
        "%d of 20 digits" % len(digits),
        "* takes back",
    ]


def entry_small(digits: str, is_code: bool):
    """The same for two rows: the three groups being entered, and the position."""
    if is_code:
        return ["Short code", "#" + digits + "_"]
    first = max(0, (len(digits) - 1) // 4 - 2) * 4
    return [" ".join(_groups(digits[first:])) + "_", "%d of 20 digits" % len(digits)]


def not_stored():
    """The screen for a token or a setting that the store did not take."""
    return ["NOT TAKEN", "Memory failed", "Keep the token", "Call your seller"]


def repaired():
    """The screen after a start from an older copy of what was stored."""
    return ["Memory repaired", "An older copy is", "in use: check", "the credit"]


def fault(part: str, kind: str):
    """The screen of a meter that stopped because of a fault, until it restarts."""
    return ["FAULT", part, kind, "Meter restarts"]


def not_following(part: str):
    """The screen of a part that does not follow its orders; the meter goes on without it."""
    return message("FAULT", part, "does not follow")


def key_change_dropped():
    """The screen after a set of key change tokens was not completed in time."""
    return ["Key change ended", "Too late or no", "power: enter all", "its tokens again"]


def _decimal(value, unit, form):
    return form % ("-" if value < 0 else "", abs(value) // unit, abs(value) % unit)


def _groups(digits):
    return [digits[at : at + 4] for at in range(0, len(digits), 4)]


def _state_of_supply(view):
    if view.lockout_s:
        return "Locked %d s" % view.lockout_s
    if view.relay_reason == decision.CREDIT and views.is_low(view):
        return "LOW CREDIT"
    return _REASONS[view.relay_reason]
