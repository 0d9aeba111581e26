"""View: what screens, short codes and the service port may see of the meter at one moment.

Pure: no ports, no clock, no I/O.
"""

from collections import namedtuple

from account import tariff
from supply import decision

#: state: MeterState. settings: Settings. history: of journal.history. watts: power drawn. mean_w:
#: mean power since the restart. relay_reason: of supply.decision. lockout_s: seconds without
#: tokens at the keypad. events: of journal.events. faults: journal.faults.Faults.
View = namedtuple(
    "View",
    (
        "state",
        "settings",
        "history",
        "watts",
        "mean_w",
        "relay_reason",
        "lockout_s",
        "events",
        "faults",
    ),
)


def credit_wh(view) -> int:
    """Return the credit in Wh; of money, what it buys at the price of the next Wh.

    That is 0 while the tariff is lost.
    """
    state, steps = view.state, view.settings.steps
    if state.in_currency != bool(steps):
        return 0 if state.in_currency else state.register.credit
    return tariff.credit_wh(state.register, steps)


def is_low(view) -> bool:
    """Whether the customer must be warned that credit runs out."""
    if not view.state.identity.drn:
        return False
    return (
        view.relay_reason == decision.EMERGENCY
        or 0 < credit_wh(view) < view.settings.low_credit_wh
    )


def days_left(view):
    """Return for how many days the credit lasts at the mean power, None if it is not known."""
    mean_w = view.mean_w or view.watts
    if not mean_w:
        return None
    return max(0, credit_wh(view)) // (24 * mean_w)
