"""What tools, tests and the emulated chip know of this board: boards/README.md, "A new board"."""

LIKE = "rp2_pico"

MACHINE = "Raspberry Pi Pico W with RP2040"
IMAGE = "RPI_PICO_W"
COST_EUR = 10

WOKWI = {"part": "board-pi-pico-w", "power": "VBUS", "pin": "GP%s"}

ON_BOARD = ("LED",)  # it hangs on the radio, which has 23, 24, 25 and 29
ADC = (26, 27, 28)
NAMED = {"LED": "LED"}
STORAGE_BYTES = 848 * 1024
