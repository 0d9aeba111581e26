"""Panel: which screen is up, for how long, and what the beeper says to it.

From highest to lowest: an entry under way, screens that were called up (a
result, a test, a short code), a page about the meter, the screen at rest.
A key press ends what was called up.
"""

from micropython import const

from meter import screens

_SCREEN_MS = const(8000)
_PAGE_MS = const(4000)
_ABOUT_MS = const(10_000)
_REFRESH_MS = const(1000)
_TWO_ROWS = const(2)


class Panel:
    """Drives `display`, a ports.display.Display or None.

    entry: the TokenEntry whose digits are shown. lines: what is shown now, a list
    of as many strings as the display has rows (four without a display).
    """

    def __init__(self, display, entry):
        self._display = display
        self._rows = display.rows if display is not None else 4
        self._entry = entry
        self._queue = []  # (lines, duration in ms) yet to be shown
        self._until_ms = 0
        self._about = None  # page number, or None
        self.lines = []

    def call_up(self, called, now_ms: int):
        """Show the screens `called`, one after the other, for some seconds each."""
        self._about = None
        self._queue = []
        for screen in called:
            pages = screens.pages(screen, self._rows)
            duration_ms = _PAGE_MS if len(pages) > 1 or len(called) > 1 else _SCREEN_MS
            self._queue += [(lines, duration_ms) for lines in pages]
        self._until_ms = now_ms + self._queue[0][1]

    def dismiss(self):
        """End what was called up."""
        self._queue = []
        self._about = None

    def turn_page(self, now_ms: int):
        """Go from the screen at rest to the next page about the meter."""
        self._queue = []
        self._about = 0 if self._about is None else self._about + 1
        self._until_ms = now_ms + _ABOUT_MS

    def step(self, view, now_ms: int) -> int:
        """Bring the display up to date with `view`; return ms until it wants to be again."""
        self._expire(now_ms)
        lines = self._current(view, now_ms)
        if lines != self.lines:
            self.lines = lines
            self._show(lines)
        return min(_REFRESH_MS, max(1, self._until_ms - now_ms)) if self._called else _REFRESH_MS

    @property
    def _called(self):
        return bool(self._queue) or self._about is not None

    def _expire(self, now_ms):
        while self._called and now_ms >= self._until_ms:
            self._queue = self._queue[1:]
            self._about = None
            if self._queue:
                self._until_ms += self._queue[0][1]

    def _current(self, view, now_ms):
        entry = self._entry
        if entry.active:
            draw = screens.entry if self._rows > _TWO_ROWS else screens.entry_small
            return self._filled(draw(entry.digits, entry.is_code))
        if self._queue:
            return self._filled(self._queue[0][0])
        if self._about is not None:
            page = screens.about(view, self._about, self._rows)
            if page is not None:
                return self._filled(page)
            self._about = None
        pages = screens.pages(screens.idle(view), self._rows)  # a small display takes turns
        return self._filled(pages[now_ms // _PAGE_MS % len(pages)])

    def _filled(self, lines):
        return lines[: self._rows] + [""] * (self._rows - len(lines))

    def _show(self, lines):
        if self._display is None:
            return
        try:
            self._display.show(lines)
        except OSError:
            # A display that came loose is no reason not to meter; ask again with the next change.
            self.lines = []
