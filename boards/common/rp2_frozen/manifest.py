# What a frozen RP2040 or RP2350 build holds beside the meter: the port's own modules
# without its _boot.py, which would give the whole storage to the file system. And what only
# the compiler of a build can compile: ea07_rounds is machine code.
options.defaults(production=False)
freeze("$(PORT_DIR)/modules", ("_boot_fat.py", "rp2.py"))
include("$(MPY_DIR)/extmod/asyncio")
module("_boot.py", base_path="production" if options.production else ".")
module("meter_flash.py")
module("ea07_rounds.py")
include("../manifest.py", production=options.production)
module("rp2_meter.py", base_path="..")
