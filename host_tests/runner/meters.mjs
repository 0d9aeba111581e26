// Meters on MicroPython, one after the other, each as it leaves the mould.
//
//   node meters.mjs --micropython FOLDER --root FOLDER
//
// A line in begins with "!" for a new meter, which takes the place of the one before, or with ">"
// and is a line for its service port. A line out answers each. As under CPython, the meters share
// the firmware's modules, which keep nothing of a meter; so does a meter after a power cut.
// Exit code: 0, or 1 when the firmware crashed (its traceback is on stderr).

import { setImmediate as turn } from "node:timers/promises";
import { parseArgs } from "node:util";

import { hostImage } from "../../tools/meter20/virtual/image.mjs";
import { interpreter, memory } from "../../tools/meter20/virtual/runtime.mjs";

const CHUNK_BYTES = 4096; // as in serve.mjs
const [NEW, END] = ["!", "\n"].map((character) => character.charCodeAt(0));

async function main(options) {
  let input = Buffer.alloc(0);
  let image; // the flash of the meter that is on
  const mp = await interpreter({
    ...options,
    trees: ["firmware", "boards/sim"],
    path: ["firmware", "boards/sim"],
    host: {
      image_open: (size) => image.image_open(size),
      image_read: (...where) => image.image_read(...where),
      image_write: (...where) => image.image_write(...where),
      take: (address) => memory(mp, address, input.length).set(input),
      reply: (address, size) => void process.stdout.write(Buffer.from(memory(mp, address, size))),
    },
    print: (bytes) => process.stderr.write(bytes),
  });
  mp.runPython("from serve_body import end, feed, resume, start");
  const [end, feed, resume, start] = ["end", "feed", "resume", "start"].map((name) =>
    mp.globals.get(name),
  );

  async function take(line) {
    for (let at = 0; at < line.length; at += CHUNK_BYTES) {
      input = line.subarray(at, at + CHUNK_BYTES);
      // Each return to here lets MicroPython collect its garbage.
      for (let busy = feed(input.length); busy; busy = resume()) {
        await turn();
      }
    }
  }

  for await (const line of lines(process.stdin)) {
    if (line[0] === NEW) {
      if (image) {
        end();
      }
      image = hostImage(undefined, () => mp).calls;
      start(null, false, false);
      process.stdout.write("\n");
    } else {
      await take(line.subarray(1));
    }
  }
}

/** Yield the lines of `stream`, with their ends. */
async function* lines(stream) {
  let begun = Buffer.alloc(0);
  for await (const data of stream) {
    begun = Buffer.concat([begun, data]);
    for (let at = begun.indexOf(END); at >= 0; at = begun.indexOf(END)) {
      yield begun.subarray(0, at + 1);
      begun = begun.subarray(at + 1);
    }
  }
}

const { values: options } = parseArgs({
  options: { micropython: { type: "string" }, root: { type: "string" } },
});
try {
  await main(options);
} catch (error) {
  process.stderr.write(`${error.name === "PythonError" ? error.message : error.stack}\n`);
  process.exitCode = 1;
  process.stdin.destroy();
}
