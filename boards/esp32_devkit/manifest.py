include("$(PORT_DIR)/boards/manifest.py")
include("../common/manifest.py")
module("esp32_meter.py", base_path="../common")
module("board.py")
