// The emulated flash chip's contents, in a file or in memory.

import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

import { memory } from "./runtime.mjs";

const ERASED = 0xff;
const EARLIER_SIZES = [8 * 4096, 14 * 4096]; // of chips of a meter without network, or tables

/** Return what `file` holds; a chip that had fewer sectors gets more, which are erased. */
function grown(file, size) {
  const stored = readFileSync(file);
  if (!EARLIER_SIZES.includes(stored.length) || stored.length > size) {
    return stored;
  }
  const bytes = Buffer.concat([stored, Buffer.alloc(size - stored.length, ERASED)]);
  appendFileSync(file, bytes.subarray(stored.length));
  return bytes;
}

export class Image {
  constructor(folder, size) {
    this.bytes = Buffer.alloc(size, ERASED);
    if (folder === undefined) {
      return;
    }
    const file = join(folder, "flash.bin");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Empty: whoever made it was cut short, and there is nothing to lose.
    if (!existsSync(file) || statSync(file).size === 0) {
      writeFileSync(file, this.bytes, { mode: 0o600 }); // it holds a key
    }
    const stored = grown(file, size);
    if (stored.length !== size) {
      throw new Error(`${file} holds ${stored.length} bytes, this meter's flash has ${size}`);
    }
    this.bytes = stored;
    this.file = openSync(file, "r+");
  }

  write(offset, data) {
    this.bytes.set(data, offset);
    for (let done = 0; this.file !== undefined && done < data.length; ) {
      done += writeSync(this.file, data, done, data.length - done, offset + done);
    }
  }

  close() {
    if (this.file !== undefined) {
      closeSync(this.file);
      this.file = undefined;
    }
  }
}

/**
 * Return the functions that inside/host_image.py needs, and `close`.
 *
 * Addresses, not values, cross the border: a proxy for each byte would cost far more.
 *
 * @param {string} [folder] where the file lies; in memory without
 * @param {() => object} interpreter returns the interpreter that calls
 */
export function hostImage(folder, interpreter) {
  let image;
  return {
    calls: {
      image_open(size) {
        image ??= new Image(folder, size);
      },
      image_read: (offset, address, size) =>
        memory(interpreter(), address, size).set(image.bytes.subarray(offset, offset + size)),
      image_write: (offset, address, size) =>
        image.write(offset, memory(interpreter(), address, size)),
    },
    close: () => image?.close(),
  };
}
