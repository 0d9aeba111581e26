"""The virtual board: the meter's modules in real MicroPython, as WebAssembly, in Node.

| file | runs in | does |
| --- | --- | --- |
| `node.py` | CPython | finds Node and MicroPython; `VirtualBody`, the meter as a child process |
| `pty_board.py` | CPython | `PtyBoard`, a whole board with MicroPython's prompt on a serial port |
| `runtime.mjs` | Node | a fresh interpreter with the device's files, bare as a board |
| `calls.mjs` | Node, browser | calls that may raise, without a way through JavaScript |
| `serve.mjs` | Node | the service port on stdin and stdout |
| `board.mjs` | Node | that prompt: raw paste, restarts, `main.py`, Ctrl-C |
| `lifeline.mjs` `lifeline_end.mjs` | Node | end a meter with the program that started it |
| `terminal.mjs` `files.mjs` `image.mjs` | Node | its serial line, file system and flash chip |
| `tcp.mjs` `tcp_worker.mjs` | Node | TCP for a meter on a network, in a thread of its own |
| `serial.mjs` `crypto.mjs` | Node | a second serial line; AES and random octets |
| `inside/` | MicroPython | what the programs in Node need on the far side |
| `inside_board/` | MicroPython | what `board.mjs` alone needs there: files, `machine` |
"""
