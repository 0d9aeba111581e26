include("$(PORT_DIR)/boards/manifest.py")
package(
    "service_port",
    files=("__init__.py", "json_reader.py", "lines.py"),
    base_path="../../firmware",
    opt=2,
)
package("ports", base_path="../../firmware", opt=2)
package(
    "drivers",
    files=("__init__.py", "rp2_pulse_counter.py"),
    base_path="../../firmware",
    opt=2,
)
module("loop.py", base_path="../../firmware", opt=2)
for name in (
    "fixture.py",
    "hands.py",
    "key_presser.py",
    "pulse_maker.py",
    "supply_cutter.py",
    "watched.py",
):
    module(name, opt=2)
module("board.py")
module("main.py")
