"""What a decoded token does to the meter: the rules between authentic and accepted.

Each rule maps (state, fields) to (next state, result, amount_wh); the next
state is only kept when the result is Accept. The order of checks is fixed in
`judged`; a token kind without a rule is a function this meter does not have.

Pure domain: no ports, no clock, no I/O.
Source: IEC 62055-41, MeterApplicationProcess.
"""

from sts import amount, kinds, results, tid
from sts.decoder_key import DUTK

from meter import register
from meter.state import changed

_WH_PER_TENTH_KWH = 100


def judged(state, token):
    """Return (next state, result, amount_wh) of `token`, a sts.decoder.Token with a good CRC.

    token: of class 0 or 2, decoded under the key of `state`. amount_wh: credit
    added, 0 for other kinds. The next state is `state` itself unless the result
    is Accept; it then remembers the TID of the token.
    """
    rule = _RULES.get(token.kind)
    if rule is None:
        return state, results.FUNCTION, 0
    refused = _validation_error(state, token)
    if refused:
        return state, refused, 0
    after, result, amount_wh = rule(state, token.fields)
    if result != results.ACCEPT:
        return state, result, 0
    return changed(after, tids=tid.remember(state.tids, token.fields["tid"])), result, amount_wh


def _validation_error(state, token):
    """Return what refuses a token that has a TID, or None.

    Source: IEC 62055-41, ValidationResult.
    """
    token_tid = token.fields["tid"]
    if tid.expired(token_tid, state.key.ken):
        return results.KEY_EXPIRED
    refused = tid.refusal(state.tids, token_tid)
    if refused:
        return refused
    if token.class_ == 0 and state.key.kt < DUTK:
        return results.DDTK  # a default or initial key sells nothing
    return None


def _credit_energy(state, fields):
    amount_wh = amount.from_field(fields["amount_field"]) * _WH_PER_TENTH_KWH
    after = register.credited(state.register, amount_wh)
    if after is None:
        return state, results.OVERFLOW, 0
    return changed(state, register=after), results.ACCEPT, amount_wh


_RULES = {
    kinds.ELECTRICITY: _credit_energy,
}
