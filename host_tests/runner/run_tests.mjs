// Runs unittest files under MicroPython, each in a fresh interpreter.
//
//   node run_tests.mjs --micropython FOLDER --root FOLDER [--library FOLDER]
//
// A line of JSON in names a file, {"folder": "host_tests/unit", "module": "test_tid"}; a line of
// JSON out says what came of it: run, failures, errors, skipped, output. An endless loop is the
// caller's to notice: MicroPython cannot be interrupted from here.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { crypto } from "../../tools/meter20/virtual/crypto.mjs";
import { HOME, INSIDE, interpreter } from "../../tools/meter20/virtual/runtime.mjs";
import { tcp } from "../../tools/meter20/virtual/tcp.mjs";

const OWN = fileURLToPath(new URL("inside", import.meta.url));
const OUTPUT_BYTES = 1_000_000; // a test that prints for ever must not fill the memory

// What any test file may import or open, beside its own folder.
const SHARED = ["chip", "data", "models", "rigs", "vectors"].map((name) => `host_tests/${name}`);

async function run(options, { folder, module }) {
  const output = [];
  let printed = 0;
  const print = (bytes) => {
    if (printed < OUTPUT_BYTES) {
      printed += bytes.length;
      output.push(bytes);
    }
  };
  const sockets = tcp(() => mp);
  const mp = await interpreter({
    ...options,
    trees: ["firmware", "boards", ...SHARED, folder].filter((tree) =>
      existsSync(join(options.root, tree)),
    ),
    path: ["host_tests", "firmware", "boards/sim", "host_tests/chip", "boards/fixture_pico"],
    unittest: true,
    inside: [INSIDE, OWN],
    host: { ...sockets.calls, ...crypto(() => mp) },
    print,
  });
  let outcome;
  try {
    mp.runPython("import run_dual");
    mp.runPython(`run_dual.load(${JSON.stringify(`${HOME}/${folder}`)}, "${module}")`);
    // A call for each class: between calls MicroPython collects its garbage.
    do {
      mp.runPython("more = run_dual.step()");
    } while (mp.globals.get("more"));
    mp.runPython("outcome = run_dual.outcome()");
    outcome = JSON.parse(mp.globals.get("outcome"));
  } catch (error) {
    const text = error.name === "PythonError" ? error.message : error.stack;
    outcome = { run: 0, failures: [], errors: [["the interpreter", text]], skipped: [] };
  }
  sockets.closeAll();
  return { ...outcome, output: Buffer.concat(output).toString() };
}

const { values: options } = parseArgs({
  options: {
    micropython: { type: "string" },
    root: { type: "string" },
    library: { type: "string" },
  },
});
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await run(options, JSON.parse(line)))}\n`);
}
