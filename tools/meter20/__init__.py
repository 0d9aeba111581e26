"""Host side of meter20: the `meter20` command and what stands behind it.

The host runs the very modules that the meter runs. They are not a Python
package of their own - on a board `sts` and `meter` are top-level names - so
importing `meter20` puts their folders on the path, once, here and nowhere else.
"""

import sys
from pathlib import Path

__version__ = "0.1.0.dev0"

_HERE = Path(__file__).resolve().parent

#: Holds `firmware/` and `boards/`: the checkout, or the copy inside an installed package.
DEVICE_ROOT = _HERE / "device" if (_HERE / "device").is_dir() else _HERE.parents[1]

#: Import path of an emulated meter; `cpython` stands in for MicroPython's built-ins.
DEVICE_PATH = tuple(
    str(DEVICE_ROOT / part) for part in ("firmware", "boards/sim", "boards/sim/cpython")
)

sys.path.extend(path for path in DEVICE_PATH if path not in sys.path)
