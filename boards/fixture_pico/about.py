"""What tools, tests and the emulated chip know of this board: boards/README.md, "A new board"."""

LIKE = "rp2_pico"

#: The board of the meter that the wires of the README lead to.
METER = "rp2_pico"
