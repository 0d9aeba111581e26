"""Only the modules in this list import what makes tokens and derives keys, wherever they lie.

`make lint` (import-linter) sees the packages of the host alone. This looks at every module of the
repository but the tests.
"""

import re
import tomllib

from meter20 import DEVICE_ROOT

_RULES = tomllib.loads((DEVICE_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
(RULE,) = [
    one for one in _RULES["tool"]["importlinter"]["contracts"] if one["type"] == "protected"
]
MAKERS = [name.rpartition(".")[2] for name in RULE["protected_modules"]]
#: It is in no package: a browser's MicroPython reads it.
PAGE = "tools/meter20/web/inside/box.py"
_IMPORT = re.compile(rf"^\s*(?:from|import)\b.*\b(?:{'|'.join(MAKERS)})\b", re.MULTILINE)


def importers(root):
    """Return the modules below `root` that import what makes tokens, as paths."""
    return {
        str(path.relative_to(root))
        for folder in ("boards", "firmware", "tools")
        for path in (root / folder).rglob("*.py")
        if _IMPORT.search(path.read_text(encoding="utf-8"))
    }


def test_only_those_that_the_rules_allow_and_the_page_import_what_makes_tokens():
    allowed = {"tools/" + name.replace(".", "/") + ".py" for name in RULE["allowed_importers"]}
    assert importers(DEVICE_ROOT) == allowed | {PAGE}


def test_a_board_that_imports_what_makes_tokens_is_found(tmp_path):
    (tmp_path / "boards").mkdir()
    (tmp_path / "boards/board.py").write_text("    from meter20.vending import encoder\n")
    assert importers(tmp_path) == {"boards/board.py"}
