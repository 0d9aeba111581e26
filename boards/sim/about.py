"""What the tools know of the virtual board, which has no pins: boards/README.md, "A new board"."""

MACHINE = "JS with Emscripten"
FAMILY = "webassembly"
ARCHITECTURE = ""
