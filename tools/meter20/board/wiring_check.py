"""The wiring check: each part of a board in turn, tried by hand and eye."""

from dataclasses import dataclass
from typing import Protocol

from meter20.board.prompt import Prompt
from meter20.board.trouble import Code, Trouble

_KEY_S = 8
_PULSES_S = 8

_SET_UP = """
import time
from board import Board
board = Board()
switch = board.load_switch()
display = board.display()
p = board.ports(switch, display)
if p.watchdog is not None:
    p.watchdog.rest()
print(getattr(board, "keys", "123456789*0#"))
print(p.load_switch is not switch or getattr(board, "demo_load", False))
"""
_NEXT_KEY = f"""
until = time.ticks_add(time.ticks_ms(), {_KEY_S * 1000})
key = None
while key is None and time.ticks_diff(until, time.ticks_ms()) > 0:
    key = p.keypad.read()
    time.sleep_ms(5)
print(key or "")
"""
COUNT = f"""
if %s:
    p.load_switch.close()
time.sleep_ms({_PULSES_S * 1000})
print(p.pulses.take())
p.load_switch.open()
"""
_SHOW = """
for part in (display, getattr(p, "credit_display", None)):
    if part is not None and hasattr(part, "show"):
        part.show(["meter20 wiring", "check", "0123456789", "last line"][: part.rows])
    elif part is not None:
        part.show_wh(123456)
print(display is not None)
"""
_CLICK = """
for _ in range(2):
    switch.close()
    time.sleep_ms(400)
    switch.open()
    time.sleep_ms(400)
"""
_BEEP = """
if p.buzzer is not None:
    p.buzzer.tone(2000)
    time.sleep_ms(300)
    p.buzzer.tone(0)
print(p.buzzer is not None)
"""


class Tester(Protocol):
    """The person at the board."""

    def say(self, text: str) -> None:
        """Read what is to be done, or what came of it."""

    def sees(self, question: str) -> bool:
        """Answer a question about what can be seen or heard."""
        ...


@dataclass(frozen=True)
class Found:
    """What came of one part. good: None if the board has no such part."""

    part: str
    good: bool | None
    words: str


def check(prompt: Prompt, tester: Tester) -> list[Found]:
    """Try each part of the board; return what came of it. Raises Trouble."""
    try:
        keys, demo_load = prompt.run(_SET_UP).splitlines()[-2:]
    except Trouble as trouble:
        if trouble.exit_code != Code.FAILED:
            raise
        raise Trouble(
            Code.FAILED, f"{trouble}: is the meter on the board? (`meter20 board flash`)"
        ) from None
    return [
        _display(prompt, tester),
        *_keys(prompt, tester, keys),
        _relay(prompt, tester),
        _buzzer(prompt, tester),
        _pulses(prompt, tester, demo_load == "True"),
    ]


def _display(prompt, tester):
    try:
        if prompt.run(_SHOW).strip() != "True":
            return Found("display", None, "none")
    except Trouble as trouble:
        if trouble.exit_code != Code.FAILED:
            raise
        return Found("display", False, f"it does not answer ({trouble}): look at SDA and SCL")
    return _seen(tester, "display", "Does the display show 'meter20 wiring'?")


def _keys(prompt, tester, keys):
    for key in keys:
        tester.say(f"Press the key {key} (within {_KEY_S} s)")
        pressed = prompt.run(_NEXT_KEY).strip()
        words = {"": "nothing came", key: "seen"}.get(pressed, f"{pressed} came instead")
        yield Found(f"key {key}", pressed == key, words)


def _relay(prompt, tester):
    tester.say("The relay closes and opens twice")
    prompt.run(_CLICK)
    return _seen(tester, "relay", "Did it click four times?")


def _buzzer(prompt, tester):
    tester.say("The buzzer sounds")
    if prompt.run(_BEEP).strip() != "True":
        return Found("buzzer", None, "none")
    return _seen(tester, "buzzer", "Did you hear it?")


def _pulses(prompt, tester, demo_load):
    prompt.run("p.pulses.take()")
    if demo_load:
        tester.say(f"The relay closes, and the demo load makes pulses for {_PULSES_S} s")
    else:
        tester.say(f"Make test pulses for {_PULSES_S} s: touch the pulse input to ground")
    count = int(prompt.run(COUNT % demo_load))
    tester.say(f"{count} pulses were counted")
    return Found("pulses", count > 0, f"{count} counted")


def _seen(tester: Tester, part: str, question: str) -> Found:
    good = tester.sees(question)
    return Found(part, good, "seen" if good else "not seen")
