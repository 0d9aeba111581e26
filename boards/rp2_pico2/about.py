"""What tools, tests and the emulated chip know of this board: boards/README.md, "A new board"."""

LIKE = "rp2_pico"

MACHINE = "Raspberry Pi Pico2 with RP2350"
ARCHITECTURE = "armv7emsp"
IMAGE = "RPI_PICO2"
IMAGE_CHIP = 0xE48BFF59
COST_EUR = 9

WOKWI = {"part": "board-pi-pico-2", "power": "VBUS", "pin": "GP%s"}

WDT_MAX_MS = 16_777
STORAGE_BYTES = 3072 * 1024
