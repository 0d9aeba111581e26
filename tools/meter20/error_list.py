"""docs/errors.md: every error of the command line, with exit code, cause, cure and messages.

Exit code, cause and cure are in meter20.exit_codes. The messages are found in the source: wherever
a Failure, wrong usage or a warning is made. `python -m meter20.error_list` writes the document; a
test finds one that is not current, and an error that ERRORS does not have.
"""

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from meter20 import DEVICE_ROOT
from meter20.exit_codes import ERRORS
from meter20.vending import refusal

PATH = DEVICE_ROOT / "docs/errors.md"
TOOLS = Path(__file__).parent

_NOT_SAID = "..."

_HEAD = """# Errors

Made by `make errors`. [command-line.md](command-line.md) says how a command answers. This page has
every error with its exit code, its cause and its cure, and every message. With `--json` the word
stands in `error`. What the meter itself answers is in [service-port.md](service-port.md#errors).

| error | exit code | cause | cure |
| --- | --- | --- | --- |
"""
_MESSAGES = """
## Messages

`...` stands for what differs. The list leaves out messages that only pass on what the operating
system, a library or the meter said, and messages about missing or unknown options and arguments,
whose error is `usage`. A wrong value in an option is `usage`, too. The warnings `output`, `file`
and `anchor` of exit code 3 begin with what stands.
"""


class Maker(NamedTuple):
    """How a call makes an error. word: its word, if the call does not give it as argument `at`."""

    word: str | None
    message: int = 0
    at: int | None = None


#: Calls that make errors, beside the classes of failures. A ValueError is a value that a command
#: puts into a refusal.
_MAKERS = {
    "BadParameter": Maker("usage"),
    "Missing": Maker("usage"),
    "ValueError": Maker("value"),
    "Unreadable": Maker("value"),
    "unseal": Maker("altered", 3, 4),
    "_fault": Maker(None, 1, 0),
}


class Made(NamedTuple):
    """A place in the source that makes an error.

    code: its word; None where it takes over that of another. message: None where it does so.
    """

    code: str | None
    message: str | None
    place: str


def document(places: Iterable[Made]) -> str:
    """Return docs/errors.md. places: where errors are made, see `everywhere`."""
    rows = [
        f"| `{word}` | {int(error.exit_code)} | {error.cause} | {error.cure} |\n"
        for word, error in ERRORS.items()
    ]
    found: dict[str, set[str]] = {}
    for made in places:
        if made.code is not None and made.message is not None:
            found.setdefault(made.code, set()).add(made.message)
    parts = [
        f"\n### `{word}`\n\n```text\n" + "".join(f"{line}\n" for line in sorted(lines)) + "```\n"
        for word in ERRORS
        if (lines := found.get(word))
    ]
    table = "".join(rows).replace("(KEN)", "([KEN](glossary.md#keys))", 1)
    return _HEAD + table + _MESSAGES + "".join(parts)


def everywhere(tools: Path = TOOLS) -> Iterator[Made]:
    """Yield every place below `tools` that makes an error."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in tools.rglob("*.py")}
    makers = dict(_MAKERS)
    for name, word in _families(trees.values()).items():
        makers[name] = Maker(None, 1, 0) if word is None else Maker(word)
    for path, tree in sorted(trees.items()):
        scopes = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        for scope in (tree, *scopes):
            texts = _texts(scope)
            for call in _calls(scope):
                maker = makers.get(ast.unparse(call.func).rpartition(".")[2])
                if maker is not None and len(call.args) > maker.message:
                    place = f"{path.relative_to(tools)}:{call.lineno}"
                    yield from _made(call.args, maker, texts, place)


def _families(trees: Iterable[ast.AST]) -> dict[str, str | None]:
    """Return {class of failures: the word of its error, None if each is given one}."""
    found: dict[str, str | None] = {"Failure": None}
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    for _ in range(3):  # how deep they are
        for node in nodes:
            if any(isinstance(base, ast.Name) and base.id in found for base in node.bases):
                found[node.name] = _word(node)
    return found


def _word(node: ast.ClassDef) -> str | None:
    for line in node.body:
        if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "code":
            return ast.literal_eval(line.value)
    return None


def _calls(scope: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls in `scope`, but not those in functions within it."""
    for node in ast.iter_child_nodes(scope):
        if isinstance(node, ast.FunctionDef):
            continue
        if isinstance(node, ast.Call):
            yield node
        yield from _calls(node)


def _texts(scope: ast.AST) -> dict[str, str]:
    """Return {name: text} of the variables that `scope` gives a text."""
    found = {}
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            said = _text(node.value, {})
            if said is not None:
                found[node.targets[0].id] = said
    return found


def _made(
    given: list[ast.expr], maker: Maker, texts: Mapping[str, str], place: str
) -> Iterator[Made]:
    word = maker.word
    if maker.at is not None and len(given) > maker.at:
        word = _given_word(given[maker.at])
    remedy = given[maker.message + 1 :] if maker.word is None else []
    for said in _alternatives(given[maker.message]):
        words = [_text(each, texts) for each in (said, *remedy)]
        yield Made(word, None if words[0] is None else " ".join(filter(None, words)), place)


def _given_word(node: ast.expr) -> str | None:
    """Return the word of an error that `node` says: refusal.VALUE, Code.FULL, "file", VALUE."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    owner, _, name = ast.unparse(node).rpartition(".")
    if owner == "Code":
        return name.lower()
    return getattr(refusal, name, name) if name.isupper() else None


def _alternatives(node: ast.expr) -> list[ast.expr]:
    return [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node]


def _text(node: ast.expr, texts: Mapping[str, str]) -> str | None:
    """Return what `node` says, None if nothing of it stands in the source."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return " ".join(node.value.split("\n"))
    if isinstance(node, ast.Name):
        return texts.get(node.id)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = [_text(node.left, texts), _text(node.right, texts)]
    elif isinstance(node, ast.JoinedStr):
        parts = [
            _text(one, texts) if isinstance(one, ast.Constant) else None for one in node.values
        ]
    else:
        return None
    said = "".join(_NOT_SAID if part is None else part for part in parts)
    return said if any(char.isalpha() for char in said) else None


if __name__ == "__main__":
    PATH.write_text(document(everywhere()), encoding="utf-8")
    sys.stdout.write(f"{PATH.relative_to(DEVICE_ROOT)}\n")
