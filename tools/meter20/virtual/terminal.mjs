// The serial line of the virtual board: bytes in and out of a pseudo-terminal, as UART or USB
// would carry them. Reading and writing wait in the way that a board's interpreter waits: nothing
// else runs meanwhile.

import { readSync, writeSync } from "node:fs";

const CTRL_C = 3;
const [LF, CR] = [10, 13];
const PAUSE_MS = 2;
const LONG_PAUSE_MS = 8; // where nothing comes for longer
const FLUSH_BYTES = 1024;

// Nobody reads the line: a board's USB gives up after half a second and drops what it had to say.
const WRITE_TIMEOUT_MS = 500;

const realNow = Date.now.bind(Date);
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Let `ms` milliseconds pass. */
export function pause(ms) {
  Atomics.wait(sleeper, 0, 0, ms);
}

/**
 * The line behind two file descriptors that do not block (they may be one and the same).
 *
 * It ends when nobody is at the other end, and when `supply`, see lifeline.mjs, is failing. Of
 * bytes that nobody takes only `room` wait: further ones are lost, as on a UART without flow control.
 */
export class Terminal {
  constructor(supply, room = Infinity, input = 0, output = 1) {
    this.supply = supply;
    this.room = room;
    this.input = input;
    this.output = output;
    this.ended = false;
    this.heard = true; // somebody takes what is written
    this.waiting = Buffer.alloc(0); // come in, not yet taken
    this.going = []; // to be written with the next flush
    this.lastByte = 0;
    this.readAt = 0; // milliseconds, of the clock
    this.chunk = Buffer.alloc(65536);
  }

  /**
   * Return how many bytes can be taken without waiting.
   *
   * The line is read once a millisecond: a program that waits asks much more often.
   */
  available() {
    const now = realNow();
    if (now === this.readAt) {
      return this.waiting.length;
    }
    this.readAt = now;
    this.ended ||= this.supply.failing;
    let count;
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0; // most often nothing has come, and nobody asks from where
    try {
      count = readSync(this.input, this.chunk, 0, this.chunk.length);
    } catch (error) {
      if (error.code !== "EAGAIN") {
        this.ended = true; // EIO, EOF: whoever held the other end is gone
      }
      return this.waiting.length;
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
    if (count === 0) {
      this.ended = true;
    }
    const kept = Math.min(count, this.room - this.waiting.length);
    this.waiting = Buffer.concat([this.waiting, this.chunk.subarray(0, kept)]);
    return this.waiting.length;
  }

  /** Return the next byte, however long it takes to come; null when there will be none. */
  take() {
    for (let ms = PAUSE_MS; this.waiting.length === 0; ms = Math.min(2 * ms, LONG_PAUSE_MS)) {
      this.flush();
      if (this.available() === 0) {
        if (this.ended) {
          return null;
        }
        pause(ms);
      }
    }
    const byte = this.waiting[0];
    this.waiting = this.waiting.subarray(1);
    return byte;
  }

  /** Forget all that is waiting up to a Ctrl-C; return whether there was one. */
  dropToInterrupt() {
    const at = this.waiting.lastIndexOf(CTRL_C);
    this.waiting = this.waiting.subarray(at + 1);
    return at >= 0;
  }

  /** Write bytes as they are. */
  write(bytes) {
    for (const byte of bytes) {
      this.going.push(byte);
    }
    this.lastByte = this.going.at(-1) ?? this.lastByte;
    if (this.going.length > FLUSH_BYTES) {
      this.flush();
    }
  }

  /** Write text: a line ends with CR LF, whatever the program said. */
  print(bytes) {
    for (const byte of bytes) {
      if (byte === LF && this.lastByte !== CR) {
        this.going.push(CR);
      }
      this.going.push(byte);
      this.lastByte = byte;
    }
    if (this.going.length > FLUSH_BYTES) {
      this.flush();
    }
  }

  /** Send what waits to be written. */
  flush() {
    const bytes = Buffer.from(this.going);
    this.going = [];
    const deadline = realNow() + (this.heard ? WRITE_TIMEOUT_MS : 0);
    for (let done = 0; done < bytes.length; ) {
      try {
        done += writeSync(this.output, bytes, done);
        this.heard = true;
      } catch (error) {
        if (error.code !== "EAGAIN") {
          this.ended = true;
          return;
        }
        this.heard = realNow() < deadline;
        if (!this.heard) {
          return;
        }
        pause(PAUSE_MS);
      }
    }
  }
}
