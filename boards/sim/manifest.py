# What the virtual board holds. Its parts are the simulator's, so it needs no reference meter.
options.defaults(production=False)
for name in ("sts", "meter", "ports", "drivers"):
    package(name, base_path="../../firmware", opt=2)
module("loop.py", base_path="../../firmware", opt=2)
main = "../../firmware/production" if options.production else "../../firmware"
module("main.py", base_path=main, opt=2)
for name in ("board.py", "parts.py", "flash_chip.py"):
    module(name, opt=2)
