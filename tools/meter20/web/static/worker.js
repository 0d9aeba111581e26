// The page's worker: MicroPython with the meter in it, and the page's time.
//
// Its own realm, because two interpreters in one would share their variables, and so that the page
// stays smooth. All crosses to Python as text, but for milliseconds: integers are cut to 32 bits.
//
// In:  {start: {bare}}  {id, ask: JSON}  {id, port: octets in hexadecimal}  {speed}
// Out: {ready: JSON}  {id, reply}  {frame: JSON, pace}  {failed: words}

import { loadMicroPython } from "./micropython.js";

const HOME = "/home";
const HEAP_BYTES = 8 * 1024 * 1024;

const TURN_MS = 15; // so long Python runs before the page's messages have their turn
const REST_MS = 10;
const FRAME_MS = 50;
const BEHIND_MS = 500; // of a page that stood still, so much is caught up with
const CALM_MS = 4000; // after a key time runs at its own pace, so that one can type and read

// How time is cut, by how fast it runs. Shorter at 1x than any tone of the buzzer.
// A cut costs a pass through the whole meter; until the next one the load does not see an open switch.
const QUANTUM_MS = { 1: 20, 60: 250, 3600: 10000 };

let python = null; // {start, ask, port, resume, run, frame}
let speed = 0; // 0 stops the page's time: then it passes by requests of the service port only
let calmUntil = 0;
let last = 0;
let owed = 0; // milliseconds of the meter's time that have not passed yet
let framed = 0;
let shown = "";
let shownPace = 0;
let passed = 0; // of the meter's time since `measured`
let measured = 0;
let pace = 0;
let isTurning = false;

async function load() {
  const [mp, { path, files }] = await Promise.all([
    loadMicroPython({
      heapsize: HEAP_BYTES,
      url: new URL("micropython.wasm", import.meta.url).href,
      stdout: (line) => console.log(line),
      stderr: (line) => console.error(line),
    }),
    fetch(new URL("modules.json", import.meta.url)).then((answer) => answer.json()),
  ]);
  for (const [name, source] of Object.entries(files)) {
    const file = `${HOME}/${name}`;
    mp.FS.mkdirTree(file.slice(0, file.lastIndexOf("/")));
    mp.FS.writeFile(file, source);
  }
  // hmac is frozen into this port; the frozen extras would hide what a board lacks.
  mp.runPython(`
import hmac, sys
sys.path[:] = ${JSON.stringify(path.map((folder) => `${HOME}/${folder}`))}
import page
`);
  const page = mp.globals.get("page");
  const names = ["start", "ask", "port", "resume", "run", "frame"];
  return Object.fromEntries(names.map((name) => [name, page[name]]));
}

const pause = () => new Promise((go) => setTimeout(go));

/** Let the service port answer; each return to here lets MicroPython collect its garbage. */
async function answered(octets) {
  let reply = python.port(octets);
  while (reply === null) {
    await pause();
    reply = python.resume();
  }
  return reply;
}

/** Return how fast time runs now. */
const running = () => (speed && performance.now() < calmUntil ? 1 : speed);

/** Let the time that is owed pass, but no longer than a turn; then show what came of it. */
function turn() {
  const now = performance.now();
  const rate = running();
  const quantum = QUANTUM_MS[rate];
  owed = Math.min(owed + (now - last) * rate, BEHIND_MS * rate);
  last = now;
  while (rate && owed >= quantum && performance.now() - now < TURN_MS) {
    python.run(quantum);
    owed -= quantum;
    passed += quantum;
  }
  if (now - measured >= 1000) {
    pace = passed / (now - measured);
    [passed, measured] = [0, now];
  }
  if (now - framed >= FRAME_MS) {
    show();
  }
  if (owed >= quantum) {
    again.port2.postMessage(null);
  } else {
    setTimeout(guarded(turn), REST_MS);
  }
}

// A message to itself: a timer of 0 ms waits for 4, and the page's messages come between all the same.
const again = new MessageChannel();
again.port1.onmessage = () => guarded(turn)();

function show() {
  framed = performance.now();
  const frame = python.frame();
  if (frame !== shown || Math.round(pace) !== shownPace) {
    [shown, shownPace] = [frame, Math.round(pace)];
    postMessage({ frame, pace });
  }
}

const guarded = (work) => async (...given) => {
  try {
    await work(...given);
  } catch (error) {
    postMessage({ failed: error.message });
    throw error;
  }
};

async function take({ data }) {
  const { id, start, ask, port } = data;
  python ??= await loading;
  if (start) {
    postMessage({ ready: python.start(start.bare) });
    last = measured = performance.now();
    if (!isTurning) {
      isTurning = true;
      turn();
    }
  } else if (ask !== undefined) {
    if (ask.includes('"key"')) {
      calmUntil = performance.now() + CALM_MS;
      owed = 0;
    }
    postMessage({ id, reply: python.ask(ask) });
    show();
  } else if (port !== undefined) {
    postMessage({ id, reply: await answered(port) });
    show();
  } else {
    speed = data.speed;
    calmUntil = 0;
    owed = 0;
  }
}

const loading = load();
loading.catch((error) => postMessage({ failed: error.message }));
let before = Promise.resolve();
// One after the other: an answer that takes long must not be overtaken.
onmessage = (event) => {
  before = before.then(() => guarded(take)(event)).catch(() => {});
};
