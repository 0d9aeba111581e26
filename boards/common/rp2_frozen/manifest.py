# What a frozen RP2040 or RP2350 build holds beside the meter: the port's own modules
# without its _boot.py, which would give the whole storage to the file system.
freeze("$(PORT_DIR)/modules", ("_boot_fat.py", "rp2.py"))
include("$(MPY_DIR)/extmod/asyncio")
module("_boot.py")
module("meter_flash.py")
include("../manifest.py")
module("rp2_meter.py", base_path="..")
