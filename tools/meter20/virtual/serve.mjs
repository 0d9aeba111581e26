// The service port of the virtual board: bytes in on stdin, bytes out on stdout.
//
//   node serve.mjs --micropython FOLDER --root FOLDER [--store FOLDER] [--lifeline FD]
//     [--dlms PORT] [--serial FD] [--network [--authority FILE] [--library FOLDER]]
//
// With --store the meter's flash is the file FOLDER/flash.bin and every write is in the file
// before Python goes on; without, it lies in memory and is gone with the process.
// With --dlms the meter is on the network of this machine and serves DLMS at PORT, 0 for any; with
// --serial also on a line that does not block. With --network it is on the network, and is asked
// first what METER20_FIRST_REQUEST says; TLS believes --authority. Then time passes by itself.
// With --lifeline it ends with the process that started it, see lifeline.mjs.
// At the end of stdin, of the lifeline, and at SIGINT, SIGTERM or SIGHUP what was used up is stored.
// Exit code: 0, or 1 when the firmware crashed (its traceback is on stderr) or stdout failed.
// What the firmware prints goes to stderr: stdout carries replies only.

import { setImmediate as turn } from "node:timers/promises";
import { getSystemErrorMessage, parseArgs } from "node:util";

import { crypto } from "./crypto.mjs";
import { hostImage } from "./image.mjs";
import { watch } from "./lifeline.mjs";
import { interpreter, memory } from "./runtime.mjs";
import { serial } from "./serial.mjs";
import { tcp } from "./tcp.mjs";

// Small enough that the firmware's own limit on a line does the work, not this program's memory.
const CHUNK_BYTES = 4096;

const LONGEST_TURN_MS = 100;

async function main() {
  const { values: options } = parseArgs({
    options: {
      micropython: { type: "string" },
      root: { type: "string" },
      store: { type: "string" },
      lifeline: { type: "string" },
      dlms: { type: "string" },
      serial: { type: "string" },
      network: { type: "boolean" },
      authority: { type: "string" },
      library: { type: "string" },
    },
  });

  let input = Buffer.alloc(0);
  let quiet = false; // the answer is nobody's
  const image = hostImage(options.store, () => mp);
  const host = {
    ...image.calls,
    ...tcp(() => mp, options.authority).calls,
    ...crypto(() => mp),
    ...serial(Number(options.serial), () => mp),
    take: (address) => memory(mp, address, input.length).set(input),
    reply: (address, size) =>
      void (quiet || process.stdout.write(Buffer.from(memory(mp, address, size)))),
  };
  const mp = await interpreter({
    ...options,
    trees: ["firmware", "boards/sim"],
    path: ["firmware", "boards/sim"],
    host,
    print: (bytes) => process.stderr.write(bytes),
  });
  mp.runPython("from serve_body import end, feed, pass_time, resume, start");
  const onNetwork = options.dlms !== undefined || options.network === true;
  const isConnected = onNetwork || options.serial !== undefined;
  mp.globals.get("start")(
    options.dlms === undefined ? null : Number(options.dlms),
    options.serial !== undefined,
    onNetwork,
  );
  const feed = mp.globals.get("feed");
  const resume = mp.globals.get("resume");
  const end = () => {
    mp.globals.get("end")();
    image.close();
  };
  // None of these comes while Python runs: only where this function waits.
  const endNow = () => {
    end();
    process.exit(0);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, endNow);
  }
  process.stdout.on("error", (error) => {
    end();
    process.exit(outputFailed(error));
  });
  if (options.lifeline !== undefined) {
    watch(options.lifeline, endNow).unref();
  }

  // Not an argument: a list of processes would show the password in it.
  const first = process.env.METER20_FIRST_REQUEST;
  if (options.network && first) {
    input = Buffer.from(first);
    quiet = true;
    feed(input.length);
    quiet = false;
  }

  let isAnswering = false;
  if (isConnected) {
    const advance = mp.globals.get("pass_time");
    let last = performance.now();
    const go = () => {
      let due = 1;
      if (!isAnswering) {
        const passed = Math.floor(performance.now() - last);
        last += passed;
        try {
          due = advance(passed);
        } catch (error) {
          tell(error);
          process.exit();
        }
      }
      setTimeout(go, Math.min(due, LONGEST_TURN_MS)).unref();
    };
    go();
  }

  for await (const data of process.stdin) {
    isAnswering = true;
    for (let at = 0; at < data.length; at += CHUNK_BYTES) {
      input = data.subarray(at, at + CHUNK_BYTES);
      // Each return to here lets MicroPython collect its garbage.
      for (let busy = feed(input.length); busy; ) {
        await turn();
        busy = resume();
      }
    }
    isAnswering = false;
  }
  end();
}

/** Say why stdout takes no more, as `meter20` does. Returns the exit code: a reader may leave. */
function outputFailed(error) {
  if (error.code === "EPIPE") {
    return 0;
  }
  const why = getSystemErrorMessage(error.errno);
  process.stderr.write(
    `Refused: the output cannot be written: ${why[0].toUpperCase()}${why.slice(1)}\n`,
  );
  return 1;
}

/** Tell of `error` and end. A PythonError's message is the whole traceback; others are our fault. */
function tell(error) {
  process.stderr.write(`${error.name === "PythonError" ? error.message : error.stack}\n`);
  process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  tell(error);
  process.stdin.destroy();
}
