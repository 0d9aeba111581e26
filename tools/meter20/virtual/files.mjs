// The file system of the virtual board: a folder of the host, as inside_board/host_files.py asks
// for it. Every write is in the folder before Python goes on. A function returns a number or a
// text; a negative number is an errno, the same on Linux and on a board.

import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";

const BLOCK = 4096;
const { errno } = constants;

/** Return functions for `_host` over `folder`, in which files may have `capacity` bytes. */
export function hostFiles(folder, capacity) {
  const open = new Map(); // number of a file: {fd, at}
  let used;

  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = (name) => join(folder, name);
  const stat = (name) => statSync(path(name));
  const measure = () => {
    used = sizeOf(folder);
  };
  measure();

  const calls = {
    file_open(name, flags) {
      const fd = openSync(path(name), flags, 0o600);
      if (fstatSync(fd).isDirectory()) {
        closeSync(fd);
        return -errno.EISDIR;
      }
      if (flags.startsWith("w")) {
        measure();
      }
      open.set(fd, { fd, at: flags.startsWith("a") ? fstatSync(fd).size : 0 });
      return fd;
    },
    file_read(number, target) {
      const file = open.get(number);
      const count = readSync(file.fd, target, 0, target.length, file.at);
      file.at += count;
      return count;
    },
    file_write(number, source) {
      const file = open.get(number);
      const growth = Math.max(0, file.at + source.length - fstatSync(file.fd).size);
      if (used + growth > capacity) {
        return -errno.ENOSPC;
      }
      let done = 0;
      while (done < source.length) {
        done += writeSync(file.fd, source, done, source.length - done, file.at + done);
      }
      file.at += done;
      used += growth;
      return done;
    },
    file_seek(number, offset, whence) {
      const file = open.get(number);
      file.at = offset + [0, file.at, whence === 2 ? fstatSync(file.fd).size : 0][whence];
      return file.at;
    },
    file_truncate(number, size) {
      ftruncateSync(open.get(number).fd, size);
      measure();
      return 0;
    },
    file_close(number) {
      closeSync(number);
      open.delete(number);
      return 0;
    },
    stat(name) {
      const found = stat(name);
      return `${found.isDirectory() ? "d" : "f"} ${found.size} ${Math.trunc(found.mtimeMs / 1000)}`;
    },
    list(name) {
      const names = readdirSync(path(name)).sort();
      return JSON.stringify(
        names.map((entry) => {
          const found = stat(join(name, entry));
          return [entry, found.isDirectory(), found.size];
        }),
      );
    },
    mkdir(name) {
      mkdirSync(path(name), { mode: 0o700 });
      return 0;
    },
    rmdir(name) {
      rmdirSync(path(name));
      return 0;
    },
    remove(name) {
      unlinkSync(path(name));
      measure();
      return 0;
    },
    rename(from, to) {
      renameSync(path(from), path(to));
      measure();
      return 0;
    },
    blocks: () => Math.floor(capacity / BLOCK),
    blocks_free: () => Math.max(0, Math.floor((capacity - used) / BLOCK)),
  };
  return {
    calls: Object.fromEntries(
      Object.entries(calls).map(([name, call]) => [name, withErrno(call)]),
    ),
    /** The interpreter is gone, and with it its open files. */
    closeAll() {
      open.forEach(({ fd }) => closeSync(fd));
      open.clear();
    },
  };
}

function withErrno(call) {
  return (...parameters) => {
    try {
      return call(...parameters);
    } catch (error) {
      if (error.code in errno) {
        return -errno[error.code];
      }
      throw error;
    }
  };
}

function sizeOf(folder) {
  let sum = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) {
      sum += statSync(join(entry.parentPath, entry.name)).size;
    }
  }
  return sum;
}
