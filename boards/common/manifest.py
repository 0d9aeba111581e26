# What every frozen meter holds.
options.defaults(production=False)
for name in ("sts", "meter", "ports", "drivers"):
    package(name, base_path="../../firmware", opt=2)
module("loop.py", base_path="../../firmware", opt=2)
main = "../../firmware/production" if options.production else "../../firmware"
module("main.py", base_path=main, opt=2)
module("reference_meter.py")
require("ssd1306")
