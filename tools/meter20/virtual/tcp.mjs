// TCP for a meter in Node whose own thread waits for nobody: a worker thread holds the sockets,
// and what they bring is fetched by polling. For inside/host_network.py.

import { readFileSync } from "node:fs";
import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";

import { memory } from "./runtime.mjs";
import { pause } from "./terminal.mjs";

const WORKER = new URL("tcp_worker.mjs", import.meta.url);

// Octets under way in each direction of a connection; then the other side has to wait.
export const WINDOW = 16384;

const LISTEN_MS = 5000; // the worker has to start, too
const [OPENING, OPEN, CLOSED] = [0, 1, -1];
const NEVER = -1;

class Sockets {
  constructor() {
    this.known = new Map();
    this.last = 0;
  }

  /** Start the worker with the first socket: a meter without a network has none. */
  start() {
    if (this.port === undefined) {
      const { port1, port2 } = new MessageChannel();
      this.port = port1;
      this.port.unref();
      new Worker(WORKER, { workerData: { port: port2 }, transferList: [port2] }).unref();
    }
  }

  add(state) {
    this.known.set(++this.last, { state, received: [], under_way: 0, waiting: [], port: 0 });
    return this.last;
  }

  tell(message) {
    this.start();
    this.port.postMessage(message);
  }

  /** Take what the worker has said since. */
  pump() {
    let said;
    while ((said = this.port && receiveMessageOnPort(this.port))) {
      const { id, event, data } = said.message;
      const socket = this.known.get(id);
      if (socket === undefined) {
        continue; // closed meanwhile
      }
      if (event === "open") {
        socket.state = OPEN;
      } else if (event === "closed") {
        socket.ended = true;
        socket.why ||= data;
      } else if (event === "data") {
        socket.received.push(Buffer.from(data));
      } else if (event === "sent") {
        socket.under_way -= data;
      } else if (event === "listening") {
        socket.port = data;
      } else if (event === "accepted") {
        socket.waiting.push(this.add(OPEN));
        this.tell({ call: "take", id: this.last, number: data });
      }
    }
  }

  state(id) {
    this.pump();
    const socket = this.known.get(id);
    if (socket?.ended) {
      return socket.received.length ? OPEN : CLOSED; // what came before the end is still there
    }
    return socket?.state ?? CLOSED;
  }

  open(host, port, authority) {
    const id = this.add(OPENING);
    this.tell({ call: "open", id, host, port, authority });
    return id;
  }

  send(id, data) {
    if (this.state(id) !== OPEN) {
      return 0;
    }
    const socket = this.known.get(id);
    const taken = data.subarray(0, WINDOW - socket.under_way);
    if (taken.length) {
      socket.under_way += taken.length;
      this.tell({ call: "send", id, data: Buffer.from(taken) });
    }
    return taken.length;
  }

  receive(id, most) {
    if (this.state(id) !== OPEN) {
      return Buffer.alloc(0);
    }
    const { received } = this.known.get(id);
    const data = received[0]?.subarray(0, most) ?? Buffer.alloc(0);
    if (data.length) {
      received[0] = received[0].subarray(data.length);
      if (!received[0].length) {
        received.shift();
      }
      this.tell({ call: "taken", id, size: data.length });
    }
    return data;
  }

  /** Return a number whose `port` stays 0 if it cannot be listened on. Waits for the worker. */
  listen(port) {
    const id = this.add(OPENING);
    this.tell({ call: "listen", id, port });
    const socket = this.known.get(id);
    for (let waited = 0; !socket.port && !socket.ended && waited < LISTEN_MS; waited++) {
      pause(1);
      this.pump();
    }
    return id;
  }

  accept(id) {
    this.pump();
    return this.known.get(id)?.waiting.shift() ?? 0;
  }

  close(id) {
    if (this.known.delete(id)) {
      this.tell({ call: "close", id });
    }
  }

  closeAll() {
    [...this.known.keys()].forEach((id) => this.close(id));
  }
}

/**
 * Return the functions that inside/host_network.py needs, and `closeAll`.
 *
 * Data crosses as the address of a buffer, connections as numbers.
 *
 * @param {() => object} interpreter returns the interpreter that calls
 * @param {string} [file] the certificate, in DER, of the authority that TLS is to believe
 */
export function tcp(interpreter, file) {
  const authority = file === undefined ? Buffer.alloc(0) : readFileSync(file);
  const sockets = new Sockets();
  const at = (address, size) => memory(interpreter(), address, size);
  return {
    calls: {
      tcp_open: (host, port, address, size) =>
        sockets.open(host, port, size ? Buffer.from(at(address, size)) : null),
      tcp_authority: (address, size) => {
        at(address, size).set(authority.subarray(0, size));
        return authority.length;
      },
      tcp_state: (id) => sockets.state(id),
      tcp_why: (id) => sockets.known.get(id)?.why || "",
      tcp_send: (id, address, size) => sockets.send(id, at(address, size)),
      tcp_receive: (id, address, size) => {
        const data = sockets.receive(id, size);
        at(address, data.length).set(data);
        return data.length;
      },
      tcp_listen: (port) => sockets.listen(port),
      tcp_port: (id) => sockets.known.get(id)?.port || NEVER,
      tcp_accept: (id) => sockets.accept(id),
      tcp_close: (id) => sockets.close(id),
    },
    closeAll: () => sockets.closeAll(),
  };
}
