"""Changes of one line, as a slip of the hand makes them, for mutation_sample.py.

A change replaces one piece of the text of a module: a comparison, a condition, a constant, an
argument, a row of a table, a returned value, a statement. Messages, docstrings and annotations are
left alone. A change is known by its file, its function and the text before and after: not by
its line, which moves.
"""

import ast
import itertools
from bisect import bisect_right
from collections import namedtuple
from pathlib import Path

#: path: of the file, below the root. function: "Class.name", "" outside of all. line: its number.
#: start, end: of what is replaced, in bytes of the text. before, after: the text of the
#: lines that change, without what they have in common.
Change = namedtuple(
    "Change", ("path", "function", "line", "start", "end", "new", "before", "after")
)

_COMPARISONS = {
    ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">", ast.Eq: "!=", ast.NotEq: "==",
    ast.In: "not in", ast.NotIn: "in", ast.Is: "is not", ast.IsNot: "is",
}  # fmt: skip
_ARITHMETIC = {ast.Add: "-", ast.Sub: "+", ast.Mult: "+", ast.FloorDiv: "*", ast.Mod: "//"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_ROWS_MIN = 3  # of a table


def key(change) -> tuple:
    """Return what a change is known by: its file's name, function, text before and after."""
    return Path(change.path).name, change.function, change.before, change.after


def changed(text: str, change) -> str:
    """Return the module `text` with `change` in it."""
    octets = text.encode()
    return (octets[: change.start] + change.new.encode() + octets[change.end :]).decode()


def changes(path: str, text: str) -> list:
    """Return all changes of the module `text`, in the order of its lines."""
    finder = _Finder(path, text)
    finder.look(ast.parse(text), "")
    found = {(change.start, change.end, change.new): change for change in finder.found}
    return sorted(found.values(), key=lambda change: (change.start, change.end, change.new))


class _Finder:
    def __init__(self, path, text):
        self._path, self._octets = path, text.encode()
        self._lines = self._octets.splitlines(keepends=True)
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))
        self._function = ""
        self.found = []

    def look(self, node, function):
        """Find what can be changed at `node` and below; `function`: the one it stands in."""
        self._function = function
        for kind, find in _FINDERS:
            if isinstance(node, kind):
                find(self, node)
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list", "type_comment"):
                continue
            inner = function
            if isinstance(node, (*_FUNCTIONS, ast.ClassDef)) and name == "body":
                inner = function + "." + node.name if function else node.name
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not _is_words(child):
                    self.look(child, inner)

    def text(self, node):
        start, end = self._span(node)
        return self._octets[start:end].decode()

    def put(self, node, new):
        """Note a change: `new` in place of `node`, or of the span (start, end)."""
        start, end = node if isinstance(node, tuple) else self._span(node)
        first = self._line(start)
        last = self._line(max(start, end - 1))
        head, tail = self._starts[first], self._starts[last + 1]
        before = self._octets[head:tail].decode()
        after = (self._octets[head:start] + new.encode() + self._octets[end:tail]).decode()
        shown = (" ".join(before.split()), " ".join(after.split()))
        if shown[0] != shown[1]:
            self.found.append(
                Change(self._path, self._function, first + 1, start, end, new, *shown)
            )

    def _span(self, node):
        return (
            self._starts[node.lineno - 1] + node.col_offset,
            self._starts[node.end_lineno - 1] + node.end_col_offset,
        )

    def _line(self, offset):
        return min(bisect_right(self._starts, offset), len(self._lines)) - 1

    def between(self, left, right, old, new):
        """Note the change of the operator `old` that stands between two nodes."""
        start, end = self._span(left)[1], self._span(right)[0]
        at = self._octets[start:end].find(old.encode())
        if at >= 0:
            self.put((start + at, start + at + len(old)), new)

    def compare(self, node):
        left = node.left
        for operator, right in zip(node.ops, node.comparators):
            self.between(left, right, _SIGNS[type(operator)], _COMPARISONS[type(operator)])
            left = right

    def either(self, node):
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        self.between(node.values[0], node.values[1], old, new)

    def arithmetic(self, node):
        if type(node.op) in _ARITHMETIC and not isinstance(
            node.left, ast.Constant | ast.JoinedStr
        ):
            self.between(node.left, node.right, _SIGNS[type(node.op)], _ARITHMETIC[type(node.op)])

    def constant(self, node):
        if isinstance(node.value, bool):
            self.put(node, str(not node.value))
        elif isinstance(node.value, int):
            for other in (node.value + 1, node.value - 1):
                if other >= 0:
                    self.put(node, str(other))

    def condition(self, node):
        self.put(node.test, f"(not ({self.text(node.test)}))")

    def returned(self, node):
        if node.value is not None and not _is_none(node.value):
            self.put(node.value, "None")

    def statement(self, node):
        """Leave a statement out; a call, an assignment, a refusal."""
        value = getattr(node, "value", None)
        if isinstance(node, ast.Expr) and not isinstance(value, ast.Call):
            return
        if self._function or not isinstance(node, ast.Assign | ast.AnnAssign):
            self.put(node, "pass")

    def arguments(self, node):
        """Swap the first two arguments of a call whose order matters."""
        if isinstance(node.func, ast.Name) and node.func.id in ("min", "max"):
            return
        first = node.args[:2]
        if len(first) == 2 and not any(isinstance(each, ast.Starred) for each in first):
            self._swap(*first)

    def rows(self, node):
        """Leave a row of a table out; swap two rows."""
        rows = node.elts
        if len(rows) < _ROWS_MIN or isinstance(getattr(node, "ctx", None), ast.Store):
            return
        for row, following in itertools.pairwise(rows):
            self._swap(row, following)
            self.put((self._span(row)[0], self._span(following)[0]), "")

    def entries(self, node):
        """Leave an entry of a dict out; swap two values."""
        for at in range(len(node.keys) - 1):
            if node.keys[at] is not None and node.keys[at + 1] is not None:
                self.put((self._span(node.keys[at])[0], self._span(node.keys[at + 1])[0]), "")
                self._swap(node.values[at], node.values[at + 1])

    def listing(self, node):
        """Leave a line of a table out that is written as text."""
        if self._function or not isinstance(node.value, ast.Constant):
            return
        text = node.value.value
        if isinstance(text, str) and text.count("\n") > _ROWS_MIN:
            for line in range(node.value.lineno + 1, node.value.end_lineno):
                self.put((self._starts[line - 1], self._starts[line]), "")

    def _swap(self, one, other):
        texts = self.text(one), self.text(other)
        (start, _), (_, end) = self._span(one), self._span(other)
        if texts[0] != texts[1]:
            between = self._octets[self._span(one)[1] : self._span(other)[0]].decode()
            self.put((start, end), texts[1] + between + texts[0])


def _is_none(node):
    return isinstance(node, ast.Constant) and node.value is None


def _is_words(node):
    """Whether `node` is a docstring, a formatted text or an import."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    return isinstance(node, ast.JoinedStr | ast.Import | ast.ImportFrom)


_SIGNS = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
    ast.In: "in", ast.NotIn: "not in", ast.Is: "is", ast.IsNot: "is not",
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.FloorDiv: "//", ast.Mod: "%",
}  # fmt: skip
_FINDERS = (
    (ast.Compare, _Finder.compare),
    (ast.BoolOp, _Finder.either),
    (ast.BinOp, _Finder.arithmetic),
    (ast.Constant, _Finder.constant),
    ((ast.If, ast.While, ast.IfExp), _Finder.condition),
    (ast.Return, _Finder.returned),
    ((ast.Expr, ast.Assign, ast.AugAssign, ast.Raise, ast.Delete), _Finder.statement),
    (ast.Call, _Finder.arguments),
    ((ast.Tuple, ast.List), _Finder.rows),
    (ast.Dict, _Finder.entries),
    (ast.Assign, _Finder.listing),
)
