"""What tools, tests and the emulated chip know of this board: boards/README.md, "A new board"."""

MACHINE = "with ESP32"
FAMILY = "esp32"
ARCHITECTURE = "xtensawin"
IMAGE = "ESP32_GENERIC"
IMAGE_CHIP = 0
COST_EUR = 15

HEADERS = (
    ("CLK", "SD0", "SD1", 15, 2, 0, 4, 16, 17, 5, 18, 19, "GND", 21, "RX", "TX", 22, 23, "GND"),
    ("5V", "CMD", "SD3", "SD2", 13, "GND", 12, 14, 27, 26, 25, 33, 32, 35, 34, 39, 36, "EN",
     "3V3"),
)  # fmt: skip
PRINTED = {36: "36 (VP)", 39: "39 (VN)"}
WOKWI = {
    "part": "board-esp32-devkit-c-v4",
    "power": "5V",
    "pin": "%s",
    "names": {36: "VP", 39: "VN"},
    "serial": ("TX", "RX"),
}

# A WROOM-32: 6..11 flash, 1 and 3 serial console, 37 and 38 not brought out.
PINS = (0, 2, 4, 5) + tuple(range(12, 20)) + (21, 22, 23, 25, 26, 27, 32, 33, 34, 35, 36, 39)
INPUT_ONLY = (34, 35, 36, 39)
STRAPPING_PINS = (0, 2, 5, 12, 15)
ADC = (0, 2, 4, 12, 13, 14, 15, 25, 26, 27, 32, 33, 34, 35, 36, 39)
TIMERS = (0, 1, 2, 3)
WDT_MAX_MS = 3_600_000
