"""What a decoded token does to the meter: the rules between authentic and accepted.

Each rule maps (state, fields, meter) to (next state, result, amount); the next
state is only kept when the result is Accept. The order of checks is fixed in
`judged`; a token kind without a rule is a function this meter does not have. Key
change tokens, which have no TID, are the business of sts.key_change.

Pure domain: no ports, no clock, no I/O.
Source: IEC 62055-41, MeterApplicationProcess.
"""

from collections import namedtuple

from micropython import const
from sts import amount, kinds, results, tid
from sts.decoder_key import DITK, DUTK

from account import flags, register
from account.register import CREDIT_MAX_CURRENCY, CREDIT_MAX_WH
from account.state import changed

_WH_PER_TENTH_KWH = const(100)
#: Registers that ClearCredit names. Source: IEC 62055-41, Register.
_ELECTRICITY, _ELECTRICITY_CURRENCY, _ALL = 0, 4, 0xFFFF

#: What the rules need to know of the meter. in_currency: it keeps its credit in money.
#: phases: 1 or 3.
MeterKind = namedtuple("MeterKind", ("in_currency", "phases"))


def judged(state, token, meter):
    """Return (next state, result, amount) of `token`, a sts.decoder.Token with a good CRC.

    token: of class 0 or 2 with a TID, decoded under the key of `state`. meter: MeterKind.
    amount: credit added, Wh or 10^-5 currency units, 0 for other kinds. The next
    state is `state` itself unless the result is Accept; it then remembers the TID
    of the token.
    """
    rule = _RULES.get(token.kind)
    if rule is None or token.kind in _lacking(meter):
        return state, results.FUNCTION, 0
    refused = _validation_error(state, token)
    if refused:
        return state, refused, 0
    after, result, added = rule(state, token.fields, meter)
    if result != results.ACCEPT:
        return state, result, 0
    return changed(after, tids=tid.remember(state.tids, token.fields["tid"])), result, added


def _validation_error(state, token):
    """Return what refuses a token that has a TID, or None.

    An initial key (DITK) has no expiry. Source: IEC 62055-41, ValidationResult, KEN.
    """
    token_tid = token.fields["tid"]
    if state.key.kt != DITK and tid.expired(token_tid, state.key.ken):
        return results.KEY_EXPIRED
    refused = tid.refusal(state.tids, token_tid)
    if refused:
        return refused
    if token.class_ == 0 and state.key.kt < DUTK:
        return results.DDTK  # a default or initial key sells nothing
    return None


def _lacking(meter):
    """Return the kinds of token that this `meter`, a Kind, has no function for."""
    other_credit = kinds.ELECTRICITY if meter.in_currency else kinds.ELECTRICITY_CURRENCY
    return (other_credit, kinds.UNBALANCE_LIMIT) if meter.phases == 1 else (other_credit,)


def credit_of(token) -> int:
    """Return the credit in `token`, a sts.decoder.Token with a good CRC; 0 for other kinds.

    In Wh or 10^-5 currency units, by its kind.
    """
    if token.kind == kinds.ELECTRICITY:
        return _energy_wh(token.fields)
    return _money(token.fields) if token.kind == kinds.ELECTRICITY_CURRENCY else 0


def _energy_wh(fields):
    return amount.from_field(fields["amount_field"]) * _WH_PER_TENTH_KWH


def _money(fields):
    return amount.from_currency_field(fields["se"] << 16 | fields["amount_field"])


def _credit_energy(state, fields, _meter):
    return _credited(state, _energy_wh(fields), CREDIT_MAX_WH)


def _credit_currency(state, fields, _meter):
    return _credited(state, _money(fields), CREDIT_MAX_CURRENCY)


def _credited(state, added, credit_max):
    if state.tamper:
        return state, results.FUNCTION, 0  # credit waits for ClearTamperCondition
    after = register.credited(state.register, added, credit_max)
    if after is None:
        return state, results.OVERFLOW, 0
    emergency = state.emergency and after.credit <= 0
    return changed(state, register=after, emergency=emergency), results.ACCEPT, added


def _set_power_limit(state, fields, _meter):
    """A limit of 0 W means no limit; otherwise it would be a disconnection."""
    return changed(state, power_limit_w=amount.from_field(fields["value"])), results.ACCEPT, 0


def _set_unbalance_limit(state, fields, _meter):
    return changed(state, unbalance_limit_w=amount.from_field(fields["value"])), results.ACCEPT, 0


def _set_tariff_rate(state, fields, _meter):
    """The standard reserves what a rate means: it is kept and shown."""
    return changed(state, tariff_rate=fields["value"]), results.ACCEPT, 0


def _clear_credit(state, fields, meter):
    own = _ELECTRICITY_CURRENCY if meter.in_currency else _ELECTRICITY
    if fields["value"] not in (own, _ALL):
        return state, results.RANGE, 0
    return changed(state, register=register.with_credit(state.register, 0)), results.ACCEPT, 0


def _clear_tamper(state, fields, _meter):
    if fields["value"] != 0:
        return state, results.FORMAT, 0
    return changed(state, tamper=False), results.ACCEPT, 0


def _set_extended(state, fields, _meter):
    after = flags.applied(state.flags, fields["value"])
    if after is None:
        return state, results.FUNCTION, 0
    return changed(state, flags=after), results.ACCEPT, 0


_RULES = {
    kinds.ELECTRICITY: _credit_energy,
    kinds.ELECTRICITY_CURRENCY: _credit_currency,
    kinds.POWER_LIMIT: _set_power_limit,
    kinds.CLEAR_CREDIT: _clear_credit,
    kinds.TARIFF_RATE: _set_tariff_rate,
    kinds.CLEAR_TAMPER: _clear_tamper,
    kinds.UNBALANCE_LIMIT: _set_unbalance_limit,
    kinds.SET_EXTENDED: _set_extended,
}
