// The way to the worker in which the meter lives.
//
// The worker begins when this module is read, which index.html asks for before all others: it takes
// the longest.

const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });

export class Link {
  /**
   * @param {(frame: object, pace: number) => void} onFrame takes what is to be drawn
   * @param {(words: string) => void} onFailure hears that the worker cannot go on
   */
  constructor(onFrame, onFailure) {
    this.onFrame = onFrame;
    this.onFailure = onFailure;
    this.waiting = new Map();
    this.number = 0;
    worker.onmessage = ({ data }) => this.take(data);
    worker.onerror = (event) => onFailure(event.message ?? "");
  }

  take(data) {
    if (data.failed !== undefined) {
      this.onFailure(data.failed);
    } else if (data.ready !== undefined) {
      this.known = JSON.parse(data.ready);
      this.started(this.known);
    } else if (data.frame !== undefined) {
      this.onFrame(JSON.parse(data.frame), data.pace);
    } else {
      this.waiting.get(data.id)(data.reply);
      this.waiting.delete(data.id);
    }
  }

  /** Begin with a new meter; bare: one that nobody registered. Returns what the page has to know. */
  start(bare = false) {
    return new Promise((go) => {
      this.started = go;
      worker.postMessage({ start: { bare } });
    });
  }

  send(message) {
    const id = ++this.number;
    return new Promise((go) => {
      this.waiting.set(id, go);
      worker.postMessage({ id, ...message });
    });
  }

  /** Return the reply to a request of the page, see inside/page.py. */
  async ask(request) {
    return JSON.parse(await this.send({ ask: JSON.stringify(request) }));
  }

  /** Return the replies of the service port, as text, to `octets`, bytes or text. */
  port(octets) {
    const bytes = typeof octets === "string" ? new TextEncoder().encode(octets) : octets;
    const digits = Array.from(bytes, (octet) => octet.toString(16).padStart(2, "0"));
    return this.send({ port: digits.join("") });
  }

  /** Return the session so far, see kept.js. */
  keep() {
    return this.send({ keep: true });
  }

  /** Let time run `speed` times as fast; 0 stops it. */
  speed(speed) {
    worker.postMessage({ speed });
  }
}
