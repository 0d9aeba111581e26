// A fresh MicroPython interpreter that sees what a board sees: the device's own files, the
// built-in modules, and nothing else.
//
// MicroPython on WebAssembly collects garbage only when control returns to JavaScript. So
// whoever uses this keeps each call short: one test class, one chunk of input, one slice of work.

import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { keepCallsInside } from "./calls.mjs";

/** Where the checkout appears inside the interpreter; it is the working directory there too. */
export const HOME = "/meter20";

// Of the memory at the start; it grows, but one object larger than the start does not fit in.
const HEAP_BYTES = 16 * 1024 * 1024;

/** What the far side of every program here needs. */
export const INSIDE = fileURLToPath(new URL("inside", import.meta.url));

// What stands in for MicroPython under CPython must not hide the real thing.
const LEFT_OUT = new Set(["cpython", "__pycache__"]);

keepCallsInside();

/**
 * Start an interpreter.
 *
 * @param {object} options
 * @param {string} options.micropython folder of the npm package
 * @param {string} options.root folder that holds the trees
 * @param {string[]} options.trees folders under `root` to copy, at the same places under HOME
 * @param {string[]} options.path what sys.path holds, under HOME
 * @param {string} [options.library] folder of a library, a package, to have on the path
 * @param {object} [options.host] functions that Python imports as `_host`
 * @param {boolean} [options.unittest] keep unittest, which boards do not have
 * @param {string[]} [options.inside] folders whose modules lie on sys.path before all others
 * @param {(bytes: Uint8Array) => void} options.print takes whatever Python prints
 */
export async function interpreter({
  micropython,
  root,
  trees = [],
  path = [],
  library,
  host,
  unittest,
  inside = [INSIDE],
  print,
}) {
  const module = pathToFileURL(join(micropython, "micropython.mjs"));
  const { loadMicroPython } = await import(module);
  const mp = await loadMicroPython({
    heapsize: HEAP_BYTES,
    linebuffer: false,
    stdout: print,
    stderr: print,
  });

  mp.FS.mkdir(HOME);
  for (const tree of trees) {
    copyTree(mp.FS, join(root, tree), `${HOME}/${tree}`);
  }
  for (const folder of inside) {
    copyTree(mp.FS, folder, "/inside");
  }
  if (library) {
    copyTree(mp.FS, library, `/library/${basename(library)}`);
    path = [...path, "../library"];
  }
  if (host) {
    mp.registerJsModule("_host", host);
  }
  // Frozen extras of this port (hmac, datetime, asyncio ...) would hide that a board lacks them.
  const folders = ["/inside", ...path.map((folder) => `${HOME}/${folder}`)];
  mp.runPython(`
import os, sys
${unittest ? "import unittest" : ""}
sys.path[:] = ${JSON.stringify(folders)}
os.chdir("${HOME}")
`);
  return mp;
}

/** Return a view of `size` bytes of the interpreter's memory; valid until Python runs again. */
export function memory(mp, address, size) {
  return mp._module.HEAPU8.subarray(address, address + size);
}

function copyTree(fs, from, to) {
  fs.mkdirTree(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (LEFT_OUT.has(entry.name)) {
      continue;
    }
    const [source, target] = [join(from, entry.name), `${to}/${entry.name}`];
    if (entry.isDirectory()) {
      copyTree(fs, source, target);
    } else {
      fs.writeFile(target, readFileSync(source));
    }
  }
}
