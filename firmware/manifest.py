# What every meter holds, boards' own modules apart. Rooms of networks are added by their owners.
options.defaults(production=False)
for name in (
    "sts",
    "ports",
    "account",
    "journal",
    "supply",
    "panel",
    "meter",
    "service_port",
    "store",
    "drivers",
):
    package(name, opt=2)
module("loop.py", opt=2)
module("main.py", base_path="production" if options.production else ".", opt=2)
