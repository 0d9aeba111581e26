# What the virtual board holds. Its parts are the simulator's, so it needs no reference meter.
options.defaults(production=False)
include("../../firmware/manifest.py", production=options.production)
for name in ("board.py", "parts.py", "flash_chip.py"):
    module(name, opt=2)
