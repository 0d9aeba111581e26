// The thread that holds the sockets of tcp.mjs: does what it gets, and says what happens.

import { connect, createServer, isIP } from "node:net";
import { connect as connectSecurely } from "node:tls";
import { workerData } from "node:worker_threads";

const WINDOW = 16384; // octets that may wait to be taken, as in tcp.mjs
const BACKLOG = 2;

const { port } = workerData;
const sockets = new Map();
const accepted = new Map(); // by a number of their own until they are taken
let lastAccepted = 0;

const tell = (id, event, data) => port.postMessage({ id, event, data });

/** Return `authority`, a certificate in DER, as PEM. */
function pem(authority) {
  const lines = Buffer.from(authority).toString("base64").match(/.{1,64}/g);
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

/** Return the word of ports.network for an `error` of TLS, "" for one of the line. */
function why(socket, error) {
  if (!socket.encrypted || error.syscall) {
    return "";
  }
  if (error.code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return "other_name";
  }
  return socket.authorizationError ? "untrusted" : "tls";
}

/** Tell of `socket` what happens to it, under the number `id`. */
function watch(id, socket, opened) {
  sockets.set(id, socket);
  socket.waiting = 0;
  socket.setNoDelay?.(true);
  socket.on("error", (error) => tell(id, "closed", why(socket, error)));
  socket.on(opened, () => tell(id, "open"));
  socket.on("data", (data) => {
    tell(id, "data", data);
    socket.waiting += data.length;
    if (socket.waiting >= WINDOW) {
      socket.pause();
    }
  });
  socket.on("end", () => tell(id, "closed"));
  socket.on("close", () => tell(id, "closed"));
}

const calls = {
  open({ id, host, port: number, authority }) {
    try {
      if (authority === null) {
        watch(id, connect({ host, port: number }), "connect");
      } else {
        const servername = isIP(host) ? "" : host; // an address is looked for all the same
        const options = { host, port: number, ca: pem(authority), servername };
        watch(id, connectSecurely(options), "secureConnect");
      }
    } catch {
      tell(id, "closed"); // a port or a name that can be none
    }
  },
  send({ id, data }) {
    sockets.get(id)?.write(data, () => tell(id, "sent", data.length));
  },
  taken({ id, size }) {
    const socket = sockets.get(id);
    if (socket) {
      socket.waiting -= size;
      if (socket.waiting < WINDOW) {
        socket.resume();
      }
    }
  },
  listen({ id, port: number }) {
    const server = createServer({ allowHalfOpen: false, pauseOnConnect: true }, (socket) => {
      socket.on("error", () => {});
      accepted.set(++lastAccepted, socket);
      tell(id, "accepted", lastAccepted);
    });
    sockets.set(id, server);
    server.on("error", () => tell(id, "closed"));
    // This machine alone: the meters are simulated, and their keys are test keys.
    server.listen({ host: "127.0.0.1", port: number, backlog: BACKLOG }, () =>
      tell(id, "listening", server.address().port),
    );
  },
  take({ id, number }) {
    const socket = accepted.get(number);
    accepted.delete(number);
    watch(id, socket, "connect");
    if (socket.destroyed) {
      tell(id, "closed");
    }
    socket.resume();
  },
  close({ id }) {
    const socket = sockets.get(id);
    sockets.delete(id);
    if (socket?.destroy) {
      socket.destroy();
    } else {
      socket?.close();
    }
  },
};

port.on("message", (message) => calls[message.call](message));
