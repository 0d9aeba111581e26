// A serial line for a meter in Node: a file descriptor that does not block. For inside/host_serial.py.

import { readSync, writeSync } from "node:fs";

import { memory } from "./runtime.mjs";

/** Return what `call` returns, 0 when nothing has come, nobody is there, or there is no room. */
function octets(call) {
  try {
    return call();
  } catch (error) {
    if (error.code === "EAGAIN" || error.code === "EIO") {
      return 0;
    }
    throw error;
  }
}

/**
 * Return the functions that inside/host_serial.py needs. Data crosses as the address of a buffer.
 *
 * @param {number} fd the line
 * @param {() => object} interpreter returns the interpreter that calls
 */
export function serial(fd, interpreter) {
  const at = (address, size) => memory(interpreter(), address, size);
  return {
    serial_receive: (address, size) => octets(() => readSync(fd, at(address, size))),
    serial_send: (address, size) => octets(() => writeSync(fd, at(address, size))),
  };
}
