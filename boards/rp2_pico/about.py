"""What tools, tests and the emulated chip know of this board: boards/README.md, "A new board"."""

MACHINE = "Raspberry Pi Pico with RP2040"
FAMILY = "rp2"
ARCHITECTURE = "armv6m"
IMAGE = "RPI_PICO"
IMAGE_CHIP = 0xE48BFF56
COST_EUR = 8

HEADERS = (
    (0, 1, "GND", 2, 3, 4, 5, "GND", 6, 7, 8, 9, "GND", 10, 11, 12, 13, "GND", 14, 15),
    ("VBUS", "VSYS", "GND", "3V3_EN", "3V3", "ADC_VREF", 28, "AGND", 27, 26, "RUN", 22,
     "GND", 21, 20, 19, 18, "GND", 17, 16),
)  # fmt: skip
WOKWI = {"part": "wokwi-pi-pico", "power": "VBUS", "pin": "GP%s"}

PINS = tuple(range(23)) + (26, 27, 28)  # 23 and 24 belong to the power supply
ON_BOARD = (25, 29)  # LED, and VSYS / 3
ADC = (26, 27, 28, 29)
I2C = {
    0: (tuple(range(0, 29, 4)), tuple(range(1, 30, 4))),
    1: (tuple(range(2, 27, 4)), tuple(range(3, 28, 4))),
}
NAMED = {"LED": 25}
HARD_IRQ = True
TIMERS = (-1,)
WDT_MAX_MS = 8388
STORAGE_BYTES = 1408 * 1024
