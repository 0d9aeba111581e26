"""Whether the load switch may be closed, and why.

Pure domain: no ports, no clock, no I/O.
"""

#: Reasons in `relay_reason` of the service port.
CREDIT = "credit"
NO_CREDIT = "no_credit"
NOT_PROVISIONED = "not_provisioned"
TEST = "test"


def decision(state):
    """Return (closed, reason) for `state`, a MeterState."""
    if state.identity.drn == "":
        return False, NOT_PROVISIONED
    if state.register.credit_wh <= 0:
        return False, NO_CREDIT
    return True, CREDIT
