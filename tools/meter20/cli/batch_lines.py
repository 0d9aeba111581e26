"""How `token` and `key` answer: one request by arguments, or many by `--batch`.

A request is a dict, and an answer is one too. Both ways go through the same function, so their
answers cannot differ.
"""

import json
import re
from collections.abc import Callable
from typing import NoReturn

import typer

from meter20 import failure, given_text, terminal
from meter20.cli.request_fields import Missing
from meter20.exit_codes import Code
from meter20.vending import refusal
from meter20.vending.refusal import Refusal

Job = Callable[[dict], dict]


def answer_one(job: Job, request: dict) -> dict:
    """Return what `job` answers to `request`; raises BadParameter or Refusal."""
    try:
        return job({name: value for name, value in request.items() if value is not None})
    except Missing as error:
        raise typer.BadParameter(_as_typed(error)) from None
    except ValueError as error:
        raise Refusal(refusal.VALUE, _as_typed(error)) from None


def _as_typed(error: ValueError) -> str:
    """Return what is wrong with a request; its field has the name of the option that gave it."""
    return re.sub(r"^'([a-z_]+)'", lambda found: "--" + found[1].replace("_", "-"), str(error))


def answer_lines(job: Job, defaults: dict, good: Callable[[dict], bool] = bool) -> NoReturn:
    """Answer each line of standard input with a line of JSON, in order, until it ends.

    defaults: what holds for lines that do not say otherwise; None is nothing.
    A line that is refused is answered {"ok": false, ...} and the run goes on. Ends
    the command with exit code 1 if any was, or if an answer is not `good`.
    """
    defaults = {name: value for name, value in defaults.items() if value is not None}
    failed = False
    for bunch in given_text.bunches(terminal.octets_in()):
        answers = []
        for line in bunch:
            try:
                answer = job({**defaults, **_request(line)})
                failed = failed or not good(answer)
            except ValueError as error:
                answer = failure.answer(refusal.VALUE, str(error))
                failed = True
            answers.append(_in_json(answer))
        if answers:  # written before more is waited for: their reader may be who sends more
            terminal.write("\n".join(answers) + "\n")
    raise typer.Exit(Code.REFUSED if failed else Code.DONE)


def _encoder() -> Callable[[dict], str]:
    """Return what `json.dumps` does, made once; json makes it again for each answer."""
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:  # a Python without json's part in C
        return json.dumps
    quoted = json.encoder.encode_basestring_ascii
    chunks = make(None, json.JSONEncoder().default, quoted, None, ": ", ", ", False, False, True)
    return lambda answer: "".join(chunks(answer, 0))


_in_json = _encoder()


def _request(line: str | given_text.Unreadable) -> dict:
    """Return the object in a line; raises ValueError."""
    if isinstance(line, given_text.Unreadable):
        raise line
    try:
        request = given_text.json_value(line)
    except given_text.Unreadable as why:
        raise ValueError(f"the line {why}") from None
    if not isinstance(request, dict):
        raise ValueError("the line is not a JSON object")
    return request
