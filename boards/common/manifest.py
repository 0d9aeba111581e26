# What every frozen meter holds.
for name in ("sts", "meter", "ports", "drivers"):
    package(name, base_path="../../firmware", opt=2)
for name in ("loop.py", "main.py"):
    module(name, base_path="../../firmware", opt=2)
module("reference_meter.py")
require("ssd1306")
