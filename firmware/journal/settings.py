"""Settings: how this meter was configured. Kept in the cold record, beside the history.

Pure domain: no ports, no clock, no I/O.
"""

import struct
from collections import namedtuple

from account import tariff
from micropython import const

#: Dialects of the short codes, see panel.short_codes.
PROFILES = ("meter20", "conlog", "landisgyr", "pln")

ALARM_MAX_MIN = const(999)
LOW_CREDIT_MAX_WH = const(999_000)
EMERGENCY_MAX_WH = const(100_000)

_FORMAT = "<BIHIBB"
_STEP = "<II"
_STEP_SIZE = const(8)

#: profile: of PROFILES. low_credit_wh: warning level, 0 for none. alarm_min: minutes between two
#: alarms, 0 for silent. emergency_wh: emergency credit, 0 for none. friendly_from, friendly_to:
#: hours of the day, in UTC, without a cut-off, equal for none. steps: tariff of a meter that keeps
#: money (see account.tariff), () for one that counts energy.
_FIELDS = (
    "profile",
    "low_credit_wh",
    "alarm_min",
    "emergency_wh",
    "friendly_from",
    "friendly_to",
    "steps",
)
Settings = namedtuple("Settings", _FIELDS)


def default():
    """Return the Settings of a meter that nobody configured."""
    return Settings(PROFILES[0], 5000, 15, 0, 0, 0, ())


def changed(settings, **changes):
    """Return `settings` with some fields replaced.

    Raises ValueError, in words, and TypeError for no field.
    """
    _check_names(changes)
    new = Settings(*[changes.get(name, getattr(settings, name)) for name in _FIELDS])
    _check(new)
    return new


def is_friendly(settings, now) -> bool:
    """Whether `now`, (year, month, day, weekday, hour, ...) or None, has no cut-off."""
    if now is None or settings.friendly_from == settings.friendly_to:
        return False
    first, end, hour = settings.friendly_from, settings.friendly_to, now[4]
    return first <= hour < end if first < end else hour >= first or hour < end


def to_bytes(settings) -> bytes:
    """Return `settings` as bytes: 13, and 8 for each step of a tariff after a count."""
    head = struct.pack(
        _FORMAT, PROFILES.index(settings.profile), settings.low_credit_wh, settings.alarm_min,
        settings.emergency_wh, settings.friendly_from, settings.friendly_to,
    )  # fmt: skip
    return (
        head
        + bytes([len(settings.steps)])
        + b"".join([struct.pack(_STEP, up_to_wh, price) for up_to_wh, price in settings.steps])
    )


def from_bytes(data: bytes):
    """Return (Settings, what follows them in `data`). Raises ValueError, IndexError."""
    size = struct.calcsize(_FORMAT)
    if len(data) <= size or len(data) <= size + data[size] * _STEP_SIZE:
        raise ValueError("settings cut short")
    profile, low_credit_wh, alarm_min, emergency_wh, friendly_from, friendly_to = struct.unpack(
        _FORMAT, data[:size]
    )
    first = size + 1
    end = first + data[size] * _STEP_SIZE
    steps = tuple([struct.unpack_from(_STEP, data, at) for at in range(first, end, _STEP_SIZE)])
    found = Settings(
        PROFILES[profile],
        low_credit_wh,
        alarm_min,
        emergency_wh,
        friendly_from,
        friendly_to,
        steps,
    )
    _check(found)
    return found, data[end:]


def _check_names(changes):
    """Raise TypeError if one of `changes` is no field: a misspelt one would change nothing."""
    for name in changes:
        if name not in _FIELDS:
            raise TypeError("no field " + name)


def _check(settings):
    if settings.profile not in PROFILES:
        raise ValueError("profile: one of " + ", ".join(PROFILES))
    for name, highest in (
        ("low_credit_wh", LOW_CREDIT_MAX_WH),
        ("alarm_min", ALARM_MAX_MIN),
        ("emergency_wh", EMERGENCY_MAX_WH),
        ("friendly_from", 23),
        ("friendly_to", 23),
    ):
        if not 0 <= getattr(settings, name) <= highest:
            raise ValueError("%s: not 0 to %d" % (name, highest))
    if settings.steps:
        tariff.check(settings.steps)
