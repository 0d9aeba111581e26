"""The browser for tests notices what it is there to notice."""

import http.server
import threading

import pytest
from browser import chromium

RIGHT = """<!doctype html><html lang="en"><head><title>Right</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><main><h1>Right</h1></main></body></html>"""
BAD = RIGHT.replace(
    "</main>", '<img src="data:,"><p style="color: #ddd; background: #fff; width: 900px">Pale</p>'
    "</main>",
)  # fmt: skip
BROKEN = RIGHT.replace("</main>", "<script>throw new Error('broken')</script></main>")
AWAY = RIGHT.replace("</main>", '<img alt="" src="http://meter20.invalid/x.png"></main>')
STRICT = RIGHT.replace("</main>", "<script>document.title = 'Wrong'</script></main>")
PAGES = {"/right": RIGHT, "/bad": BAD, "/broken": BROKEN, "/away": AWAY, "/strict": STRICT}


class Pages(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        page = PAGES.get(self.path, "").encode()
        self.send_response(200 if page else 204)
        if self.path == "/strict":
            self.send_header("Content-Security-Policy", "default-src 'self'")
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.parametrize("size", [chromium.PHONE, chromium.DESKTOP], ids=["phone", "desktop"])
def test_a_right_page_passes_at_the_width_that_was_asked_for(site, visit, size):
    page = visit(size).page
    page.goto(f"{site}/right")
    assert page.evaluate("innerWidth") == size["viewport"]["width"]
    assert chromium.axe(page) == []
    assert chromium.wider_than_screen(page) == 0


def test_axe_finds_what_people_cannot_read_and_the_width_is_measured(site, desktop, phone):
    for page in (desktop, phone):
        page.goto(f"{site}/bad")
        found = " ".join(chromium.axe(page))
        assert "image" in found.lower() and "contrast" in found
    assert chromium.wider_than_screen(phone) > 500


@pytest.mark.parametrize(
    ("path", "noticed"),
    [("/broken", "broken"), ("/away", "another machine"), ("/strict", "Content Security Policy")],
)
def test_a_page_that_fails_or_asks_elsewhere_or_breaks_its_policy_is_noticed(
    site, browser, path, noticed
):
    visitor = chromium.Visit(browser, **chromium.DESKTOP)
    visitor.page.goto(f"{site}{path}")
    with pytest.raises(AssertionError, match=noticed):
        visitor.close()
