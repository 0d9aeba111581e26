// The virtual board: MicroPython's prompt on a serial line, as mpremote and people find it on a
// real board, with a file system and a flash chip that outlive the process.
//
//   node board.mjs --micropython FOLDER --root FOLDER --store FOLDER [--capacity BYTES]
//     [--input-buffer BYTES] [--lifeline FD [--link FILE --port NAME]]
//
// stdin and stdout are the line; they must not block. FOLDER/files is the file system, every
// write in it at once; FOLDER/flash.bin is the chip that the simulator's parts keep records on.
// Ends when the line does, or with the lifeline; see lifeline.mjs.
//
// What of a board is done here because this port of MicroPython lacks it: raw paste, restarts,
// boot.py and main.py, Ctrl-C, line ends, numbers of errors (inside_board/host_files.py).

import { join } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";

import { crypto } from "./crypto.mjs";
import { hostFiles } from "./files.mjs";
import { hostImage } from "./image.mjs";
import { Supply } from "./lifeline.mjs";
import { INSIDE, interpreter, memory } from "./runtime.mjs";
import { tcp } from "./tcp.mjs";
import { pause, Terminal } from "./terminal.mjs";

const INSIDE_BOARD = fileURLToPath(new URL("inside_board", import.meta.url));
const CAPACITY = 352 * 4096; // of a Pico's file system, bytes

const [CTRL_A, CTRL_B, CTRL_C, CTRL_D, CTRL_E] = [1, 2, 3, 4, 5];
const RAW_PASTE = [CTRL_E, 0x41, CTRL_A];
const RAW_BANNER = "raw REPL; CTRL-B to exit\r\n>";
const WINDOW = 1024; // bytes of a pasted program between two acknowledgements

const PAUSE_MS = 100;

// How MicroPython resets; see machine.reset_cause.
const [POWER_ON, HARD_RESET, SOFT_RESET] = [1, 2, 5];

// A program that only asks what time it is waits for something: it need not keep a core busy.
const IDLE_CALLS = 50; // within one millisecond
const IDLE_MS = 4; // so long it rests
const WAKE_CALLS = 20; // after a rest it may have something to do, or else rests again
const CALLS_A_POLL = 64;

// time.sleep here does not look for Ctrl-C; that it is over tells it, once, to come to an end.
const FAR_MS = 2 ** 30;

// As on a board: the prompt's working directory and path, no module that only this port has.
const SET_UP = `
import host_crypto, host_files, host_image, host_network, host_supply, machine, micropython, os, sys, vfs
from uctypes import bytearray_at
for stream, number in ((sys.stdin, raw_in), (sys.stdout, raw_out)):
    field = bytearray_at(id(stream.buffer), 8)
    assert field[4] < 2
    field[4] = number
vfs.umount("/")
vfs.mount(host_files.HostFiles(), "/")
os.chdir("/")
sys.path[:] = ["", "/lib"]
del bytearray_at, field, host_crypto, host_files, host_image, host_network, host_supply, machine
del micropython, number, os, stream, sys, vfs
`;

class Board {
  constructor(options) {
    this.options = options;
    this.supply = new Supply(options);
    const room = Number(options["input-buffer"] ?? Infinity);
    this.line = new Terminal(this.supply, room);
    // Two windows may be on their way, and the octet that ends the program, which no window counts.
    this.window = Math.min(WINDOW, Math.floor((room - 1) / 2));
    this.files = hostFiles(join(options.store, "files"), Number(options.capacity ?? CAPACITY));
    this.image = hostImage(options.store, () => this.mp);
    this.tcp = tcp(() => this.mp);
    this.cause = POWER_ON;
    this.raw = false; // the prompt is the raw one
    this.mute = 0; // bytes of output to drop
    this.said = ""; // the end of what the prompt said
  }

  /** Live until the line ends. */
  async run() {
    this.hookTime();
    while (!this.line.ended) {
      await this.start();
      if (this.runFile("boot.py") && (this.raw || this.runFile("main.py"))) {
        this.prompt();
        this.serve();
      }
      this.files.closeAll();
      this.tcp.closeAll();
      if (!this.hardReset) {
        this.line.write(Buffer.from("MPY: soft reboot\r\n"));
      }
      this.raw &&= !this.hardReset;
      this.cause = this.hardReset ? HARD_RESET : SOFT_RESET;
    }
    this.image.close();
    while (this.supply.failing) {
      this.supply.saved();
      pause(PAUSE_MS); // it goes now, and takes the link along
    }
  }

  /** Return whether the supply is failing; asked again, what was to be stored is stored. */
  supplyFailing() {
    if (this.warned) {
      this.supply.saved();
    }
    this.warned = this.supply.failing;
    return this.warned;
  }

  /** Make a new interpreter. */
  async start() {
    this.hardReset = false;
    const { calls } = this.files;
    const at = (address, size) => memory(this.mp, address, size);
    this.mp = await interpreter({
      ...this.options,
      inside: [INSIDE, INSIDE_BOARD],
      host: {
        ...this.image.calls,
        ...this.tcp.calls,
        ...crypto(() => this.mp),
        ...calls,
        file_read: (number, address, size) => calls.file_read(number, at(address, size)),
        file_write: (number, address, size) => calls.file_write(number, at(address, size)),
        reset: () => void (this.hardReset = true),
        reset_cause: () => this.cause,
        supply_failing: () => this.supplyFailing(),
      },
      print: () => {},
    });
    const [rawIn, rawOut] = this.hookStreams();
    this.mp.globals.set("raw_in", rawIn);
    this.mp.globals.set("raw_out", rawOut);
    this.mp.runPython(SET_UP);
    this.mp.globals.delete("raw_in");
    this.mp.globals.delete("raw_out");
  }

  /**
   * Put the line behind the interpreter's standard streams.
   *
   * Return the numbers of two more streams, for bytes as they are: on a board
   * `sys.stdin.buffer` and `sys.stdout.buffer` leave alone what the text streams convert.
   */
  hookStreams() {
    const { FS } = this.mp;
    const read = (buffer, offset, length) => {
      for (let done = 0; done < length; done++) {
        const byte = this.takeForPython();
        if (byte === null) {
          return done;
        }
        buffer[offset + done] = byte;
      }
      return length;
    };
    const print = (bytes) => {
      const dropped = Math.min(this.mute, bytes.length);
      this.mute -= dropped;
      this.line.print(bytes.subarray(dropped));
      this.said = (this.said + Buffer.from(bytes)).slice(-RAW_BANNER.length);
      this.poll();
    };
    const operations = (write) => ({
      read: (_stream, buffer, offset, length) => read(buffer, offset, length),
      write(_stream, buffer, offset, length) {
        write(Buffer.from(buffer.subarray(offset, offset + length)));
        return length;
      },
      poll: () => (this.awaited() ? 1 : 0) | 4,
    });
    const text = operations(print);
    const bytes = operations((data) => this.line.write(data));
    for (const number of [0, 1, 2]) {
      FS.streams[number].stream_ops = text;
    }
    return ["/dev/stdin", "/dev/stdout"].map((path, number) => {
      const stream = FS.open(path, number);
      stream.stream_ops = bytes;
      return stream.fd;
    });
  }

  /** Return the next byte of the line for a program that reads it; Ctrl-C interrupts it instead. */
  takeForPython() {
    this.line.flush();
    for (;;) {
      const awaited = this.awaited();
      if (awaited === null) {
        const EINTR = 27; // of WASI: MicroPython looks what it has to do, which is to raise
        throw new this.mp.FS.ErrnoError(EINTR);
      }
      if (awaited) {
        return this.line.take();
      }
      if (this.line.ended) {
        return null;
      }
      pause(1);
    }
  }

  /**
   * Return how many bytes a program may read, null if Ctrl-C came, which interrupts it instead.
   *
   * The line is read once, before one looks for Ctrl-C: one that came later is not counted.
   */
  awaited() {
    const count = this.line.available();
    return this.interrupted() ? null : count;
  }

  /** MicroPython asks the time wherever it waits: there, look for Ctrl-C, and rest. */
  hookTime() {
    const now = Date.now.bind(Date);
    let [calls, last] = [0, 0];
    Date.now = () => {
      const at = now();
      calls = at === last ? calls + 1 : 0;
      last = at;
      const idle = calls > IDLE_CALLS && this.running;
      if (idle) {
        this.line.flush();
        pause(IDLE_MS);
        [calls, last] = [IDLE_CALLS - WAKE_CALLS, now()];
      }
      return this.poll(idle) ? at + FAR_MS : at;
    };
  }

  /** Look for Ctrl-C, now and then unless `always`; return whether the program is interrupted. */
  poll(always = false) {
    this.polls = (this.polls ?? 0) + 1;
    if (!this.running || !(always || this.polls % CALLS_A_POLL === 0) || this.takesCtrlC) {
      return false;
    }
    this.line.available();
    return this.interrupted();
  }

  /** Whether a Ctrl-C is data for the program. */
  get takesCtrlC() {
    return this.mp._module._mp_hal_get_interrupt_char() !== CTRL_C;
  }

  /** If Ctrl-C is waiting and the program does not read it as data, interrupt it; say whether. */
  interrupted() {
    if (this.takesCtrlC || !this.line.dropToInterrupt()) {
      return false;
    }
    this.mp._module._mp_sched_keyboard_interrupt();
    return true;
  }

  /** Run a file of the board if it is there; return false if the board must restart. */
  runFile(name) {
    this.running = true;
    try {
      this.mp.runPython(`
import micropython, os
micropython.kbd_intr(3)
try:
    if "${name}" in os.listdir():
        execfile("${name}")
    for _ in range(2):
        pass  # here a Ctrl-C is raised that came in the file's last words
finally:
    micropython.kbd_intr(-1)
`);
    } catch (error) {
      if (error.name !== "PythonError") {
        throw error;
      }
      if (error.type === "SystemExit") {
        return false;
      }
      this.line.print(Buffer.from(error.message.replace(/ {2}File "<stdin>".*\n/, "")));
    } finally {
      this.running = false;
    }
    return true;
  }

  /** Show the prompt: the friendly one, or after a restart from the raw one the raw one. */
  prompt() {
    this.mp.runPython("for _ in ('micropython', 'os'): globals().pop(_)\ndel _");
    this.mute = this.raw ? Infinity : 0;
    this.mp.replInit();
    this.mute = 0;
    if (this.raw) {
      this.mute = "\r\n".length;
      this.process(CTRL_A);
    }
  }

  /** Feed the prompt from the line until the board must restart. */
  serve() {
    let held = []; // the beginning of a request for raw paste
    let fresh = true; // nothing has been typed since the prompt
    for (;;) {
      this.line.flush();
      const byte = this.line.take();
      if (byte === null) {
        return;
      }
      if (this.raw && fresh && byte === RAW_PASTE[held.length]) {
        held.push(byte);
        if (held.length < RAW_PASTE.length) {
          continue;
        }
        held = [];
        if (this.paste()) {
          return;
        }
        continue;
      }
      const bytes = [...held, byte];
      held = [];
      fresh = [CTRL_A, CTRL_B, CTRL_C, CTRL_D].includes(byte);
      if (bytes.some((one) => this.process(one))) {
        return;
      }
    }
  }

  /** Give the prompt one byte; return whether the board must restart. */
  process(byte) {
    this.running = true;
    const restart = this.mp._module._mp_js_repl_process_char(byte);
    this.running = false;
    if (byte === CTRL_A && this.said.endsWith(RAW_BANNER)) {
      this.raw = true;
    } else if (byte === CTRL_B) {
      this.raw = false;
    }
    return restart !== 0;
  }

  /** Take a program by raw paste and run it; return whether the board must restart. */
  paste() {
    this.line.write(Buffer.from([0x52, 1, this.window & 0xff, this.window >> 8, 1]));
    const program = [];
    for (let byte = this.line.take(); byte !== CTRL_D; byte = this.line.take()) {
      if (byte === null) {
        return true;
      }
      if (byte === CTRL_C) {
        this.line.write(Buffer.from("\x04\x04KeyboardInterrupt\r\n\x04>"));
        return false;
      }
      program.push(byte);
      if (program.length % this.window === 0) {
        this.line.write(Buffer.from([1]));
      }
    }
    this.line.write(Buffer.from([CTRL_D]));
    if (program.length === 0) {
      this.line.write(Buffer.from("\x04\x04>")); // no program is no soft reset here
      return false;
    }
    program.forEach((byte) => this.process(byte));
    this.mute = "OK".length;
    return this.process(CTRL_D);
  }
}

const { values: options } = parseArgs({
  options: {
    micropython: { type: "string" },
    root: { type: "string" },
    store: { type: "string" },
    capacity: { type: "string" },
    "input-buffer": { type: "string" },
    lifeline: { type: "string" },
    link: { type: "string" },
    port: { type: "string" },
  },
});
try {
  await new Board(options).run();
} catch (error) {
  // Not Node's own report: it would show the interpreter, which is one line of 100 KB.
  process.stderr.write(`${error.name === "PythonError" ? error.message : error.stack}\n`);
  process.exitCode = 1;
}
