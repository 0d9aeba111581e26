# What a frozen ESP32 build holds beside the meter: the port's own modules without its
# _boot.py, which stops where no file system can be mounted.
freeze("$(PORT_DIR)/modules", ("flashbdev.py", "inisetup.py", "machine.py"))
include("$(MPY_DIR)/extmod/asyncio")
require("bundle-networking")
module("_boot.py")
include("../manifest.py")
module("esp32_meter.py", base_path="..")
