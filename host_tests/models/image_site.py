"""A stand-in for micropython.org: a page for each board, and images of one version.

CPython only.
"""

import contextlib
import struct
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from meter20.board import boards

#: image: its chip, as micropython.org has it; of further boards, as their about.py says.
_CHIPS = {board.image: board.image_chip for board in boards.every() if board.image} | {
    "RPI_PICO": 0xE48BFF56,
    "RPI_PICO_W": 0xE48BFF56,
    "RPI_PICO2": 0xE48BFF59,
    "ESP32_GENERIC": 0,
    "ESP32_GENERIC_S3": 9,
}
_ESP32_MOST = 0xFFFF  # families of a UF2 are larger


def image(kind: str, blocks: int = 3) -> bytes:
    """Return what a flash loader takes for an image of `kind`: all zeroes except its form."""
    chip = _CHIPS[kind]
    if chip <= _ESP32_MOST:
        return bytes([0xE9]).ljust(12, b"\0") + struct.pack("<H", chip) + bytes(1000)
    heads = [
        struct.pack("<8I", 0x0A324655, 0x9E5D5157, 0x2000, 0x10000000 + 256 * number, 256, number,
                    blocks, chip)
        for number in range(blocks)
    ]  # fmt: skip
    return b"".join(head + bytes(476) + struct.pack("<I", 0x0AB16F30) for head in heads)


def file(kind: str) -> str:
    """Return the name of the image of `kind`."""
    return f"{kind}-20260824-v1.29.0." + ("bin" if _CHIPS[kind] <= _ESP32_MOST else "uf2")


@contextlib.contextmanager
def served(pages: dict):
    """Serve `pages`, {path: content, or None for a line that breaks}; return the address.

    What is not among them is micropython.org's.
    """

    class Site(BaseHTTPRequestHandler):
        def do_GET(self):
            content = pages.get(self.path, _usual(self.path))
            self.send_response(404 if content == b"" else 200)
            if content is None:
                self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def _usual(path):
    for kind in _CHIPS:
        if path == f"/download/{kind}/":
            return f'<a href="/resources/firmware/{file(kind)}">'.encode()
        if path == f"/resources/firmware/{file(kind)}":
            return image(kind)
    return b""
