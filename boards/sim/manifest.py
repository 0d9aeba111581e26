# What the virtual board holds. Its parts are the simulator's, so it needs no reference meter.
for name in ("sts", "meter", "ports", "drivers"):
    package(name, base_path="../../firmware", opt=2)
for name in ("loop.py", "main.py"):
    module(name, base_path="../../firmware", opt=2)
for name in ("board.py", "parts.py", "flash_chip.py"):
    module(name, opt=2)
