"""Says whether the supply is about to fail: by a signal pin, or by a measured voltage."""

from ports.brown_out import BrownOut


class BrownOutPin(BrownOut):
    """Warning on `pin`, an input that the supply pulls low when it fails."""

    def __init__(self, pin):
        self._pin = pin

    def failing(self):
        return self._pin.value() == 0


class BrownOutAdc(BrownOut):
    """Voltage on `adc`, a machine.ADC. limit_u16: the reading below which the supply fails."""

    def __init__(self, adc, limit_u16: int):
        self._adc = adc
        self._limit_u16 = limit_u16

    def failing(self):
        return self._adc.read_u16() < self._limit_u16
