// What ties a meter in Node to the process that started it: a pipe whose other end only that
// process holds. However it ends, kill -9 too, the pipe ends with it; then the meter does.

import { Socket } from "node:net";
import { Worker } from "node:worker_threads";

const [FAILING, SAVED] = [0, 1]; // places in the memory that the two threads share

/** Call `cut` once the pipe behind the file descriptor `fd` ends; return the stream that waits. */
export function watch(fd, cut) {
  const pipe = new Socket({ fd: Number(fd), readable: true, writable: false });
  pipe.on("error", () => {});
  pipe.on("close", cut);
  pipe.resume();
  return pipe;
}

/**
 * The supply of a board, whose own thread waits for nobody.
 *
 * Once the lifeline ends the supply is failing; a second later, or as soon as `saved` was called,
 * the link is removed and this process is gone.
 *
 * @param {object} options
 * @param {string} [options.lifeline] the pipe's file descriptor; without one it never fails
 * @param {string} [options.link] symbolic link that goes along if it leads to `options.port`
 */
export class Supply {
  constructor({ lifeline, link, port }) {
    this.flags = new Int32Array(new SharedArrayBuffer(8));
    if (lifeline !== undefined) {
      new Worker(new URL("lifeline_end.mjs", import.meta.url), {
        workerData: { flags: this.flags, lifeline, link, port },
        // Joined to those of this process they would make the board's line block.
        stdout: true,
        stderr: true,
      }).unref();
    }
  }

  get failing() {
    return Atomics.load(this.flags, FAILING) === 1;
  }

  /** Say that nothing is left to be stored. */
  saved() {
    Atomics.store(this.flags, SAVED, 1);
    Atomics.notify(this.flags, SAVED);
  }

  /** Let the supply fail, and wait up to `timeout` ms until there is nothing left to be stored. */
  static fail(flags, timeout) {
    Atomics.store(flags, FAILING, 1);
    Atomics.wait(flags, SAVED, 0, timeout);
  }
}
