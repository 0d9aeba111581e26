"""Tables of WebAssembly functions that remember their answers answer as they did before."""

import json
import subprocess

from meter20 import DEVICE_ROOT
from meter20.virtual.node import find_node

TABLE = (DEVICE_ROOT / "tools/meter20/virtual/table.mjs").as_uri()
# A module whose only function is in its table, which it exports:
# (module (table (export "t") 2 funcref) (func $f) (elem (i32.const 0) $f))
MODULE = bytes.fromhex(
    "0061736d" "01000000" "01040160" "0000" "03020100" "0404017000" "02" "0705010174" "0100"
    "0907010041000b0100" "0a040102000b"
)  # fmt: skip
PROGRAM = f"""
import {{ rememberFunctions }} from "{TABLE}";
const made = () => new WebAssembly.Instance(
  new WebAssembly.Module(Buffer.from("{MODULE.hex()}", "hex"))).exports.t;
const [plain, other] = [made(), made()];
const [first, second] = [plain.get(0), other.get(0)];
rememberFunctions();
const found = [];
found.push(plain.get(0) === first, other.get(0) === second, plain.get(0) === first);
found.push(plain.get(1) === null);
plain.set(1, second);
found.push(plain.get(1) === second, plain.get(0) === first);
plain.set(0, second);
found.push(plain.get(0) === second, other.get(1) === null);
plain.set(1);
found.push(plain.get(1) === null);
plain.grow(1);
found.push(plain.get(2) === null);
try {{ plain.get(3); }} catch (error) {{ found.push(error.name); }}
console.log(JSON.stringify(found));
"""


def test_what_a_table_answers_is_what_it_holds():
    done = subprocess.run(
        [find_node(), "--input-type=module", "-e", PROGRAM],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout) == [True] * 10 + ["RangeError"]
