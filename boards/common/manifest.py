# What every frozen meter holds.
options.defaults(production=False)
include("../../firmware/manifest.py", production=options.production)
module("reference_meter.py")
require("ssd1306")
