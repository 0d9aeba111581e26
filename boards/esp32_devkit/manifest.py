include("../common/esp32_frozen/manifest.py")
module("board.py")
