"""The request `provision` of the service port: a meter gets its number, key and settings, once."""

from account import state as meter_state
from journal import settings as meter_settings
from micropython import const
from sts import drn
from sts.decoder_key import DecoderKey, KeyAttributes

from service_port.lines import Refused, boolean, integer, text

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from meter.app import App

_TID_MAX = const(0xFFFFFF)


def provision(app: "App", request: dict):
    """Give the meter of `app` the number, the key and the settings in `request`.

    Raises Refused when one of them is not as it must be, and whatever Front.provision raises
    beside that.
    """
    identity = meter_state.Identity(text(request, "drn"), integer(request, "imp_per_kwh"))
    _check_iin(request, identity)
    key = KeyAttributes(
        DecoderKey(_octets(request, "decoder_key")),
        text(request, "ea"),
        _number_text(request, "sgc", 6),
        _number_text(request, "ti", 2),
        integer(request, "krn"),
        integer(request, "kt"),
        integer(request, "ken"),
    )
    manufactured = integer(request, "manufactured", 0, _TID_MAX)
    power_limit_w = integer(request, "power_limit_w", 0, 18_201_624, default=0)
    try:
        settings = _settings(request)
        again = boolean(request, "lost")
        app.front.provision(identity, key, manufactured, power_limit_w, settings, again)
    except ValueError as wrong:
        raise Refused("bad_request", str(wrong)) from None


def _settings(request):
    """Return the Settings that a provisioning request asks for. Raises ValueError, Refused."""
    changes = {}
    for name in ("low_credit_wh", "alarm_min", "emergency_wh", "friendly_from", "friendly_to"):
        if name in request:
            changes[name] = integer(request, name)
    if "profile" in request:
        changes["profile"] = text(request, "profile")
    if "tariff" in request:
        changes["steps"] = _steps(request["tariff"])
    return meter_settings.changed(meter_settings.default(), **changes)


def _steps(value):
    """Return the steps of a tariff, [[up_to_wh, price], ...]. Raises Refused."""
    steps = []
    for step in value if isinstance(value, list) else [None]:
        if not isinstance(step, list) or [type(number) for number in step] != [int, int]:
            raise Refused("bad_request", "tariff: a list of [up_to_wh, price] is needed")
        if not 0 <= step[0] <= 0xFFFFFFFF:
            raise Refused("bad_request", "tariff: up_to_wh is not 0 to 4294967295")
        steps.append(tuple(step))
    return tuple(steps)


def _check_iin(request, identity):
    try:
        drn.pan(text(request, "iin"), identity.drn)
    except ValueError as wrong:
        raise Refused("bad_request", str(wrong)) from None


def _number_text(request, name, length):
    value = text(request, name)
    if len(value) != length or value.strip("0123456789"):
        raise Refused("bad_request", "%s: %d digits are needed" % (name, length))
    return value


def _octets(request, name):
    try:
        return bytes.fromhex(text(request, name))
    except ValueError:
        raise Refused("bad_request", name + ": hexadecimal digits are needed") from None
