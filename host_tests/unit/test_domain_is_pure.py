"""The rooms that decide know no hardware; importing them does nothing.

CPython only: it reads the modules as syntax trees.
"""

import ast

import pytest

from meter20 import DEVICE_ROOT, rooms

FIRMWARE = DEVICE_ROOT / "firmware"

# Modules that every body has, or that the room brings with it.
BUILT_IN = {"array", "binascii", "collections", "errno", "json", "micropython", "struct"}
MAY_IMPORT = {
    room: BUILT_IN | {room} | set(further_in)
    for room, further_in in rooms.MAY_IMPORT.items()
    if room not in ("drivers", "loop")
}
MAY_IMPORT["sts"].add("ea07_rounds")  # of frozen RP2 builds; knows no hardware either
MAY_IMPORT["store"].add("os")
MAY_IMPORT["carriers"].add("chumicro_mqtt")

# Statements that only define. A docstring is an Expr of a constant and told apart below.
DEFINING = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef)

# Calls that make a constant and reach nothing outside.
PURE_CALLS = {
    "bytes",
    "const",
    "dict",
    "frozenset",
    "len",
    "max",
    "min",
    "namedtuple",
    "object",
    "range",
    "tuple",
    "unhexlify",
}


def modules():
    return sorted(path for room in MAY_IMPORT for path in (FIRMWARE / room).rglob("*.py"))


def tree_of(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def for_an_editor(node):
    """Whether `node` holds what only an editor and the type checker read."""
    return isinstance(node, ast.If) and ast.unparse(node.test) == "_FOR_EDITOR"


def imported(tree):
    """Yield the modules that a body imports, wherever in `tree`."""
    for node in run_at_once(tree, not_in=for_an_editor):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module.partition(".")[0]


def run_at_once(node, not_in=lambda node: isinstance(node, ast.Lambda)):
    """Yield the nodes below `node` that run with it: not what a lambda keeps for later."""
    yield node
    if not not_in(node):
        for child in ast.iter_child_nodes(node):
            yield from run_at_once(child, not_in)


def deeds(body, pure):
    """Yield the statements of a module or class body that do more than define.

    pure: names that may be called: `PURE_CALLS` and the value types defined so far.
    """
    for node in body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.ClassDef):
            yield from deeds(node.body, pure)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            called = [call for call in run_at_once(node) if isinstance(call, ast.Call)]
            names = {getattr(call.func, "id", None) for call in called}
            if not names <= pure:
                yield node
            if "namedtuple" in names:
                pure |= {target.id for target in node.targets}
        elif not isinstance(node, DEFINING) and not for_an_editor(node):
            yield node


@pytest.mark.parametrize("path", modules(), ids=lambda path: f"{path.parent.name}/{path.name}")
class TestDomain:
    def test_module_imports_no_hardware(self, path):
        room = path.relative_to(FIRMWARE).parts[0]
        assert set(imported(tree_of(path))) <= MAY_IMPORT[room]

    def test_importing_the_module_does_nothing(self, path):
        doing = [ast.unparse(node) for node in deeds(tree_of(path).body, set(PURE_CALLS))]
        assert doing == []

    def test_module_says_what_it_decides(self, path):
        assert path.name == "__init__.py" or ast.get_docstring(tree_of(path))


def test_a_deed_is_noticed():
    source = (
        "'doc'\nA = const(1)\nT = namedtuple('T', 'a')\nB = T(1)\nclass C:\n    d = open('f')\n"
    )
    assert [ast.unparse(node) for node in deeds(ast.parse(source).body, set(PURE_CALLS))] == [
        "d = open('f')"
    ]
    assert len(list(deeds(ast.parse("print(1)\nfor x in y: pass\nx = Pin(1)").body, set()))) == 3
