"""Whether the load switch may be closed, and why.

Pure domain: no ports, no clock, no I/O.
"""

from account import flags

#: Reasons in `relay_reason` of the service port. Those of a closed switch first.
CREDIT = "credit"
EMERGENCY = "emergency_credit"
FRIENDLY = "friendly_hours"
NO_CREDIT = "no_credit"
NOT_PROVISIONED = "not_provisioned"
TAMPER = "tamper"
SERVICE = "disconnected"
OVERLOAD = "overload"
OVERLOAD_LOCK = "overload_lock"
TEST = "test"
STORE_FAULT = "store_fault"
FAULT = "fault"


def decide(state, emergency_wh: int, friendly: bool, overload):
    """Return (closed, reason) for `state`, a MeterState.

    emergency_wh: emergency credit of this meter, in the unit of its credit. friendly: whether
    now is an hour without cut-off. overload: OVERLOAD, OVERLOAD_LOCK or None.
    """
    if state.identity.drn == "":
        return False, NOT_PROVISIONED
    if state.tamper and flags.has(state.flags, flags.DISCONNECT_ON_TAMPER):
        return False, TAMPER
    if flags.has(state.flags, flags.DISCONNECT_SERVICE):
        return False, SERVICE
    if overload and flags.has(state.flags, flags.DISCONNECT_ON_POWER_LIMIT):
        return False, overload
    if state.register.credit > 0:
        return True, CREDIT
    if state.emergency and state.register.credit > -emergency_wh:
        return True, EMERGENCY
    return (True, FRIENDLY) if friendly else (False, NO_CREDIT)
