"""What the pins of each board's module can do, as its data sheet says.

`pins` may be used; the others are not brought out, or belong to flash, USB, the
serial console or the radio. Of these, `input_only` drive nothing and have no
pull resistor, and `strapping` decide at reset how the chip starts: whatever hangs
on one must leave it alone until then.
"""

from collections import namedtuple

#: adc: pins with an analogue input. i2c: {bus: (SDA pins, SCL pins)}, None where any pin will do.
#: named: {name: pin number}. hard_irq: a pin's handler may run in the interrupt itself.
#: timers: numbers that machine.Timer takes. wdt_max_ms: the longest time-out.
Chip = namedtuple(
    "Chip",
    (
        "name",
        "family",
        "pins",
        "input_only",
        "strapping",
        "adc",
        "i2c",
        "named",
        "hard_irq",
        "timers",
        "wdt_max_ms",
        "storage_bytes",
    ),
)


def _every(first, last, step=4):
    return tuple(range(first, last + 1, step))


_RP2_I2C = {0: (_every(0, 28), _every(1, 29)), 1: (_every(2, 26), _every(3, 27))}
_RP2_PINS = tuple(range(23)) + (26, 27, 28)  # 23 and 24 belong to the power supply

#: On-board LED on 25; 29 measures VSYS / 3.
PICO = Chip(
    "rp2_pico", "rp2", _RP2_PINS + (25, 29), (), (), (26, 27, 28, 29), _RP2_I2C,
    {"LED": 25}, True, (-1,), 8388, 1408 * 1024,
)  # fmt: skip

#: The radio has 23, 24, 25 and 29; the LED hangs on the radio.
PICO_W = Chip(
    "rp2_pico_w", "rp2", _RP2_PINS + ("LED",), (), (), (26, 27, 28), _RP2_I2C,
    {"LED": "LED"}, True, (-1,), 8388, 848 * 1024,
)  # fmt: skip

PICO2 = Chip(
    "rp2_pico2", "rp2", _RP2_PINS + (25, 29), (), (), (26, 27, 28, 29), _RP2_I2C,
    {"LED": 25}, True, (-1,), 16_777, 3072 * 1024,
)  # fmt: skip

#: WROOM-32 on a DevKitC: 6..11 flash, 1 and 3 serial console, 37 and 38 not brought out.
ESP32_DEVKIT = Chip(
    "esp32_devkit", "esp32",
    (0, 2, 4, 5) + tuple(range(12, 20)) + (21, 22, 23, 25, 26, 27, 32, 33, 34, 35, 36, 39),
    (34, 35, 36, 39), (0, 2, 5, 12, 15),
    (0, 2, 4, 12, 13, 14, 15, 25, 26, 27, 32, 33, 34, 35, 36, 39), None,
    {}, False, (0, 1, 2, 3), 3_600_000, 0,
)  # fmt: skip

#: DevKitC-1: 19 and 20 USB, 26..37 flash and PSRAM, 43 and 44 serial console, 48 a colour LED.
ESP32_S3 = Chip(
    "esp32_s3", "esp32", tuple(range(19)) + (21,) + tuple(range(38, 43)) + (45, 46, 47),
    (), (0, 3, 45, 46), tuple(range(1, 19)), None,
    {}, False, (0, 1, 2, 3), 3_600_000, 0,
)  # fmt: skip

ALL = (PICO, PICO_W, PICO2, ESP32_DEVKIT, ESP32_S3)
