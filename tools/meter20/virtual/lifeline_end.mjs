// The thread of lifeline.mjs that waits for the end, and brings it.

import { readlinkSync, unlinkSync } from "node:fs";
import { workerData } from "node:worker_threads";

import { Supply, watch } from "./lifeline.mjs";

const SAVE_MS = 1000; // so long a supply lasts that is failing

const { flags, lifeline, link, port } = workerData;

watch(lifeline, () => {
  Supply.fail(flags, SAVE_MS);
  try {
    if (link !== undefined && readlinkSync(link) === port) {
      unlinkSync(link);
    }
  } catch {
    // It is gone already.
  }
  process.kill(process.pid, "SIGKILL");
});
