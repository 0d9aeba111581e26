// The page's worker: MicroPython with the meter in it, and the page's time.
//
// Its own realm, because two interpreters in one would share their variables, and so that the page
// stays smooth. All crosses to Python as text, except milliseconds: integers are cut to 32 bits.
//
// In:  {start: {bare}}  {id, ask: JSON}  {id, port: octets in hexadecimal}  {id, keep}  {speed}
// Out: {ready: JSON}  {id, reply}  {frame: JSON, pace}  {failed: words}

import { Kept } from "./kept.js";
import { loadMicroPython } from "./micropython.js";
import { keepCallsInside } from "./calls.js";

const HOME = "/home";
const HEAP_BYTES = 8 * 1024 * 1024;

const TURN_MS = 15; // so long Python runs before the page's messages have their turn
const BEAT_MS = 10; // from the beginning of one turn to that of the next
const FRAME_MS = 50;
const FRAME_BYTES = 4096; // a frame is shorter
const BEHIND_MS = 500; // of a page that stood still, so much is caught up with
const CALM_MS = 4000; // after a key time runs at its own pace, so that one can type and read

// How time is cut, by how fast it runs. Shorter at 1x than any tone of the buzzer.
// A cut costs a pass through the whole meter; until the next one the load does not see an open switch.
const QUANTUM_MS = { 1: 20, 60: 250, 3600: 10000 };

let python = null; // {start, ask, port, resume, run, frame, kept}
let kept = null; // the session
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
let beat = null; // the timer of the turns

// What a TextDecoder returns lies outside JavaScript's memory, too, and MicroPython has each frame
// decoded by one. Frames are ASCII: of that JavaScript makes a text of its own.
class Decoder extends TextDecoder {
  decode(octets, ...options) {
    const isShort = octets?.length <= FRAME_BYTES;
    return isShort && octets.every((octet) => octet < 128)
      ? String.fromCharCode(...octets)
      : super.decode(octets, ...options);
  }
}
self.TextDecoder = Decoder;
keepCallsInside();

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
  const names = ["start", "ask", "port", "resume", "run", "frame", "kept"];
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
}

/**
 * Let the turns begin, all by one timer; one that is late comes at once, after the page's messages.
 *
 * A timer or a message for each turn would leave an object behind, outside JavaScript's memory. The
 * browser collects those with JavaScript's own garbage, of which the worker makes next to none: the
 * memory grew by 2 MB a minute.
 */
function begin() {
  beat = setInterval(() => {
    try {
      turn();
    } catch (error) {
      clearInterval(beat);
      fail(error);
      throw error;
    }
  }, BEAT_MS);
}

function show() {
  framed = performance.now();
  kept.add(python.kept(false));
  const frame = python.frame();
  if (frame !== shown || Math.round(pace) !== shownPace) {
    [shown, shownPace] = [frame, Math.round(pace)];
    postMessage({ frame, pace });
  }
}

const fail = (error) => postMessage({ failed: error.message });

async function take({ data }) {
  const { id, start, ask, port, keep } = data;
  python ??= await loading;
  if (start) {
    postMessage({ ready: python.start(start.bare) });
    kept = new Kept();
    last = measured = performance.now();
    if (beat === null) {
      begin();
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
  } else if (keep) {
    kept.add(python.kept(true));
    postMessage({ id, reply: { session: kept.text, whole: kept.whole } });
  } else {
    speed = data.speed;
    calmUntil = 0;
    owed = 0;
  }
}

const loading = load();
loading.catch(fail);
let before = Promise.resolve();
// One after the other: an answer that takes long must not be overtaken.
onmessage = (event) => {
  before = before.then(() => take(event)).catch(fail);
};
