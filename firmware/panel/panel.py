"""Panel: decides which screen the display shows, and how long.

From highest to lowest: an entry under way, screens that were called up (a
result, a test, a short code), a page about the meter, the screen at rest.
A key press ends what was called up, except the Enter after a token.
"""

from micropython import const

from panel import screens

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from ports.display import Display

    from panel.contracts import Turn
    from panel.token_entry import TokenEntry

_SCREEN_MS = const(8000)
_PAGE_MS = const(4000)
_ABOUT_MS = const(10_000)
_REFRESH_MS = const(1000)
_FIGURES_MS = const(250)  # between two screens at rest that differ in figures alone
_REST_MS = const(10_000)
_TWO_ROWS = const(2)


class Panel:
    """The part display: drives `display`, a ports.display.Display or None.

    entry: the TokenEntry whose digits are shown. lines: what is shown now, a list
    of as many strings as the display has rows (four without a display).
    """

    name = "display"

    def __init__(self, display: "Display | None", entry: "TokenEntry"):
        self._display = display
        self._rows = display.rows if display is not None else 4
        self._entry = entry
        self._queue = []  # (lines, duration in ms) yet to be shown
        self._until_ms = 0
        self._about = None  # page number, or None
        self._seen, self._idle = None, ()  # a View, and its screen at rest in pages
        self._draw_ms = 0  # from then on a screen at rest is drawn that has other figures alone
        self._waits = False  # there is one, and it is not yet time
        self.lines = []

    def call_up(self, called, now_ms: int):
        """Show the screens `called`, one after the other, for some seconds each."""
        self._about = None
        self._queue = []
        for screen in called:
            pages = self._pages(screen)
            duration_ms = _PAGE_MS if len(pages) > 1 or len(called) > 1 else _SCREEN_MS
            self._queue += [(lines, duration_ms) for lines in pages]
        self._until_ms = now_ms + self._queue[0][1]

    @property
    def is_telling(self) -> bool:
        """Whether a screen that was called up is on show."""
        return bool(self._queue)

    def keep(self, now_ms: int):
        """Show the screen that is on show as long again, and then those that wait."""
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

    def step(self, turn: "Turn") -> int:
        """Bring the display up to date; return the milliseconds until it wants to be again."""
        self._expire(turn.now_ms)
        lines = self._current(turn.view(), turn.now_ms)
        if lines is not self.lines and lines != self.lines:
            self.lines = lines
            self._show(lines)
        return self._due_ms(turn.now_ms)

    def _due_ms(self, now_ms):
        """Return when something else is to be shown if no news comes."""
        if not self.lines:  # the display did not take them
            return _REFRESH_MS
        if self._called:
            return max(1, self._until_ms - now_ms)
        if self._entry.active:
            return _REST_MS
        if self._waits:
            return self._draw_ms - now_ms
        if self._seen.lockout_s:
            return _REFRESH_MS
        return _PAGE_MS - now_ms % _PAGE_MS if len(self._idle) > 1 else _REST_MS

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
            return self._queue[0][0]
        if self._about is not None:
            from panel import about  # a board reads it when somebody turns to it

            page = about.shown(view, self._about, self._rows)
            if page is not None:
                return self._filled(page)
            self._about = None
        return self._at_rest(view, now_ms)

    def _at_rest(self, view, now_ms):
        """Return the lines at rest, drawn again only if there is something new to show.

        Other figures alone wait for _FIGURES_MS: nobody reads more of them, and a board needs as
        long to draw them as to meter.
        """
        seen = self._seen
        if view is not seen:
            self._waits = (
                now_ms < self._draw_ms
                and view.relay_reason == seen.relay_reason
                and view.lockout_s == seen.lockout_s
            )
            if not self._waits:
                self._seen, self._idle = view, self._pages(screens.idle(view))
                self._draw_ms = now_ms + _FIGURES_MS
        return self._idle[now_ms // _PAGE_MS % len(self._idle)]  # a small display takes turns

    def _pages(self, screen):
        return [self._filled(page) for page in screens.pages(screen, self._rows)]

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
