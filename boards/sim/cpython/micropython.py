"""MicroPython's `micropython` for CPython: only what the firmware uses."""


def const(value):
    """Return `value`; MicroPython's compiler folds it away."""
    return value
