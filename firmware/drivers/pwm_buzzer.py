"""Buzzer without electronics of its own, on a PWM output."""

from micropython import const
from ports.buzzer import Buzzer

_HALF = const(32768)  # of 65535: as loud as a square wave gets


class PwmBuzzer(Buzzer):
    """Buzzer on `pwm`, a machine.PWM. Silent until `tone` is called."""

    def __init__(self, pwm):
        self._pwm = pwm
        pwm.duty_u16(0)

    def tone(self, hz):
        if hz:
            self._pwm.freq(hz)
            self._pwm.duty_u16(_HALF)
        else:
            self._pwm.duty_u16(0)
