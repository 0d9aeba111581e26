// AES and random octets for a meter in Node, see inside/host_crypto.py.

import { createCipheriv, randomFillSync } from "node:crypto";

import { memory } from "./runtime.mjs";

const BLOCK = 16;

/**
 * Return the functions that inside/host_crypto.py needs. Data crosses as the address of a buffer.
 *
 * @param {() => object} interpreter returns the interpreter that calls
 */
export function crypto(interpreter) {
  const at = (address, size) => memory(interpreter(), address, size);
  return {
    aes: (key, block, out) => {
      const cipher = createCipheriv("aes-128-ecb", Buffer.from(at(key, BLOCK)), null);
      at(out, BLOCK).set(cipher.setAutoPadding(false).update(Buffer.from(at(block, BLOCK))));
    },
    random: (address, size) => void randomFillSync(at(address, size)),
  };
}
