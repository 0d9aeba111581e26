#!/usr/bin/env bash
# MicroPython's json reader takes texts that are no JSON, and CPython's refuses the same texts.
#
# Package: @micropython/micropython-webassembly-pyscript 1.29.0-6 (npm), run by Node.
# Expected: ValueError for each text, as CPython and the MicroPython documentation lead one to expect.
# Seen: a bracket of the other kind closes an object, a trailing comma is skipped, a number keeps its leading zero, and
# a name need not be text. So two bodies of one program answer the same line differently.
# In meter20: the service port checks a line before it is read, so that every body refuses the same lines.
set -euo pipefail
cd "$(mktemp -d)"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @micropython/micropython-webassembly-pyscript@1.29.0-6 >/dev/null

cat > texts.json <<'TEXTS'
["{\"do\":\"read\",\"id\":1]", "{\"id\":01}", "{\"id\":1,}", "[1,]", "{1:2}", "[1 2]", "{\"id\":1}"]
TEXTS
cat > try.mjs <<'TRY'
import { readFileSync } from "node:fs";
import { loadMicroPython } from "@micropython/micropython-webassembly-pyscript/micropython.mjs";
const lines = [];
const mp = await loadMicroPython({ stdout: (line) => lines.push(line), linebuffer: true });
mp.FS.writeFile("/texts.json", readFileSync("texts.json"));
mp.runPython(`
import json
for text in json.load(open("/texts.json")):
    try:
        print(text, "->", json.loads(text))
    except ValueError:
        print(text, "-> ValueError")
`);
console.log(lines.join("\n"));
TRY
node try.mjs > micropython.txt
python3 - > cpython.txt <<'CPYTHON'
import json
for text in json.load(open("texts.json")):
    try:
        print(text, "->", json.loads(text))
    except ValueError:
        print(text, "-> ValueError")
CPYTHON
echo "MicroPython 1.29:"; cat micropython.txt
echo "CPython:"; cat cpython.txt

[ "$(grep -c 'ValueError$' cpython.txt)" = 6 ]
[ "$(grep -c 'ValueError$' micropython.txt)" = 0 ]
echo "as stated: MicroPython 1.29 reads all seven texts, CPython reads one"
