"""Calls that may raise stay inside WebAssembly, and what is raised goes where it went before."""

import json
import subprocess

import pytest

from meter20 import DEVICE_ROOT
from meter20.virtual.node import find_micropython, find_node

RUNTIME = (DEVICE_ROOT / "tools/meter20/virtual/runtime.mjs").as_uri()
DEEP = """
import _host
def deep(n, last):
    try:
        return deep(n - 1, last) if n else last()
    finally:
        noted.append(n)
noted = []
def wrong():
    raise ValueError(7)
def often(times):
    for n in range(times):
        try:
            deep(9, wrong)
        except ValueError as e:
            found = e.args
    return found, len(noted)
"""
PROGRAM = """
const { validate } = WebAssembly;
WebAssembly.validate = (octets) => KEPT && validate(octets);
const { interpreter } = await import(RUNTIME);
const printed = [];
const mp = await interpreter({
  micropython: MICROPYTHON,
  root: ".",
  host: { fail: () => { throw new RangeError("of JavaScript"); } },
  print: (octets) => printed.push(Buffer.from(octets).toString()),
});
let asked = 0;
const { get } = WebAssembly.Table.prototype;
WebAssembly.Table.prototype.get = function (at) {
  asked++;
  return get.call(this, at);
};
const raised = (code) => {
  try { mp.runPython(code); } catch (error) { return [error.name, error.message.trim()]; }
};
mp.runPython(DEEP);
const found = [];
found.push(raised("print(*often(1000), sep='; ')"));
found.push(raised("print(sum(n for n in range(100)), [n for n in map(abs, (-1, 2))])"));
found.push(raised("deep(1, wrong)"), raised("def on(): on()\\non()")[1].split(": ").pop());
found.push(raised("print(len(noted))"), raised("deep(9, _host.fail)"));
console.log(JSON.stringify({ found, printed: printed.join(""), asked }));
"""


def outcome(kept):
    names = {
        "KEPT": kept,
        "RUNTIME": RUNTIME,
        "MICROPYTHON": str(find_micropython()),
        "DEEP": DEEP,
    }
    said = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in names.items())
    done = subprocess.run(
        [find_node(), "--input-type=module", "-e", said + PROGRAM],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


@pytest.mark.parametrize("kept", [True, False], ids=["inside", "by JavaScript"])
def test_what_is_raised_is_caught_where_python_says(kept):
    told = outcome(kept)
    caught, other_calls, of_python, too_deep, counted, of_javascript = told["found"]
    assert caught is other_calls is counted is None
    assert told["printed"] == "(7,); 10000\n4950 [1, 2]\n10002\n"
    assert of_javascript == ["RangeError", "of JavaScript"]
    assert of_python[0] == "PythonError"
    assert of_python[1].endswith("ValueError: 7")
    assert too_deep == "maximum recursion depth exceeded"
    assert (told["asked"] == 0) == kept, "how often JavaScript asked the table for a function"
