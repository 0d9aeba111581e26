"""A relay before a server that can cut connections in the middle of what they carry."""

import asyncio
import threading

_MOST = 4096


class Relay:
    """Listens on a port of its own of 127.0.0.1, in a thread. cuts: connections that were cut.

    target: the port behind it.
    """

    def __init__(self, target):
        self.port = self.cuts = 0
        self._target, self._doomed, self._lines = target, set(), set()
        self._loop = asyncio.new_event_loop()
        begun = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(begun,), daemon=True)
        self._thread.start()
        begun.wait()

    def cut(self):
        """Of what each connection carries next, let half through, and end it."""
        self._loop.call_soon_threadsafe(lambda: self._doomed.update(self._lines))

    def close(self):
        """Relay no more."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self, begun):
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._accepted, "127.0.0.1", 0)
        )
        self.port = server.sockets[0].getsockname()[1]
        begun.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _accepted(self, reader, writer):
        try:
            there = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        line = object()
        self._lines.add(line)
        ends = (writer, there[1])
        await asyncio.gather(
            self._pass(line, reader, there[1], ends), self._pass(line, there[0], writer, ends)
        )
        self._lines.discard(line)
        self._doomed.discard(line)

    async def _pass(self, line, reader, writer, ends):
        try:
            while data := await reader.read(_MOST):
                if line in self._doomed:
                    self._doomed.discard(line)
                    self.cuts += 1
                    writer.write(data[: len(data) // 2])
                    await writer.drain()
                    break
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        for end in ends:
            end.close()
