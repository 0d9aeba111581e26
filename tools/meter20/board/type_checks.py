"""Which boards the type check of each family leaves out, in pyrightconfig.<family>.json.

MicroPython's stubs are made for a port, so a board is checked with those of its own family.
`make packages` writes the lines, `make test` refuses what is not fresh.
"""

import json
import re

from meter20 import DEVICE_ROOT
from meter20.board import boards

_EXCLUDE = re.compile(r'"exclude": \[.*?\]', re.DOTALL)
_NEVER = ["**/manifest.py", "boards/sim/cpython"]


def files() -> dict:
    """Return {path: text} of the settings of each family."""
    families = sorted({board.family for board in boards.every() if board.pins})
    return {_path(family): _settings(family, families) for family in families}


def _path(family):
    return DEVICE_ROOT / f"pyrightconfig.{family}.json"


def _settings(family, families):
    foreign = [board for board in boards.every() if board.pins and board.family != family]
    left_out = _NEVER + [f"boards/{board.name}" for board in foreign]
    for other in families:
        if other != family:
            left_out += [f"boards/common/{other}*", f"firmware/drivers/{other}*"]
    line = f'"exclude": {json.dumps(left_out)}'
    return _EXCLUDE.sub(lambda _: line, _path(family).read_text(), count=1)
