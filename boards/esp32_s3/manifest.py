options.defaults(production=False)
include("../common/esp32_frozen/manifest.py", production=options.production)
module("board.py")
