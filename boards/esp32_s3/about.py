"""What tools, tests and the emulated chip know of this board: boards/README.md, "A new board"."""

MACHINE = "with ESP32S3"
FAMILY = "esp32"
ARCHITECTURE = "xtensawin"
IMAGE = "ESP32_GENERIC_S3"
IMAGE_CHIP = 9
COST_EUR = 20

HEADERS = (
    ("GND", "GND", "D-", "D+", 21, 47, 48, 45, 0, 35, 36, 37, 38, 39, 40, 41, 42, 2, 1, "RX",
     "TX", "GND"),
    ("GND", "5V", 14, 13, 12, 11, 10, 9, 46, 3, 8, 18, 17, 16, 15, 7, 6, 5, 4, "RST", "3V3",
     "3V3"),
)  # fmt: skip
WOKWI = {
    "part": "board-esp32-s3-devkitc-1",
    "power": "5V",
    "pin": "%s",
    "serial": ("TX", "RX"),
}

# 19 and 20 USB, 26..37 flash and PSRAM, 43 and 44 serial console, 48 a colour LED.
PINS = tuple(range(19)) + (21,) + tuple(range(38, 43)) + (45, 46, 47)
STRAPPING_PINS = (0, 3, 45, 46)
ADC = tuple(range(1, 19))
TIMERS = (0, 1, 2, 3)
WDT_MAX_MS = 3_600_000
