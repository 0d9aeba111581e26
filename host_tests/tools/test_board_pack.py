"""`meter20 board flash --mpy`: the meter in one file, against a virtual board."""

import hashlib
import itertools

import pytest
from rigs.board_command import board_command, meter20, where

from meter20.board import boards, flashing, options, pack, wiring
from meter20.board.prompt import Prompt
from meter20.board.trouble import Code, Trouble
from meter20.virtual.pty_board import PtyBoard


def packs(board):
    return [path.name for path in board.files.iterdir() if flashing.is_pack(path.name)]


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """A board with the meter in a pack."""
    with PtyBoard(tmp_path_factory.mktemp("board")) as board:
        assert board_command("flash", board, "--mpy")[0] == 0
        yield board


def test_the_meter_is_one_file_and_its_modules_come_from_it(board):
    (name,) = packs(board)
    assert {path.name for path in board.files.iterdir() if path.is_file()} == {"main.py", name}
    assert not (board.files / "sts").exists()
    assert (
        f"\nimport {name.removesuffix('.mpy')}\nimport loop\n"
        in (board.files / "main.py").read_text()
    )
    assert where(board, "sts.tid") == "/pack/sts/tid.mpy"


def test_a_module_of_ones_own_is_found_and_a_name_that_is_nowhere_is_not(board):
    (board.files / "mine.py").write_text("answer = 42\n")
    with Prompt(board.port) as prompt:
        assert prompt.run("import mine\nprint(mine.answer)").strip() == "42"
        assert not prompt.has_module("nowhere")
        assert not prompt.has_module("sts.nowhere")
        assert "mine.py" in prompt.hashes()
        prompt.restart()
    (board.files / "mine.py").unlink()


def test_an_update_sends_the_modules_that_differ_and_leaves_one_pack(board):
    (before,) = packs(board)
    content = (board.files / before).read_bytes()
    for size in (0, 1281, 1500, 60_000):  # left of updates that were cut
        (board.files / f"meter_{size:08}.mpy").write_bytes(content[:size])
    code, report = board_command("flash", board, "--mpy", "--set", "demo_load=True")
    assert (code, report["copied"], report["removed"]) == (0, 3, 5)  # board, options, main
    assert report["same"] > 100
    (after,) = packs(board)
    assert after != before
    assert where(board) == "/pack/loop.mpy"
    code, report = board_command("flash", board, "--mpy", "--forget")
    assert (code, packs(board)) == (0, [before])
    code, report = board_command("flash", board, "--mpy")
    assert (code, report["copied"], report["removed"]) == (0, 0, 0)


def test_a_spoiled_pack_is_written_again(board):
    (name,) = packs(board)
    content = (board.files / name).read_bytes()
    (board.files / name).write_bytes(content[:-7] + b"spoiled")
    code, report = board_command("flash", board, "--mpy")
    assert (code, report["copied"] > 100) == (0, True)
    assert (board.files / name).read_bytes() == content


def test_files_of_another_way_go_and_the_meter_goes_on(board):
    """Last with `board`: sources in its place, and a pack in theirs."""
    assert board_command("flash", board)[0] == 0
    assert (packs(board), where(board, "sts.tid")) == ([], "sts/tid.py")
    (board.files / "notes.txt").write_text("mine")
    code, said = meter20("board", "flash", "--port", board.port, "--mpy")
    assert (code, "remove sts/tid.py" in said) == (0, True)
    assert where(board, "sts.tid") == "/pack/sts/tid.mpy"
    assert not (board.files / "sts").exists()
    assert (board.files / "notes.txt").read_text() == "mine"


class Board:
    """Files of a board behind the calls of a Prompt. It loses its power at the `ends_at`th."""

    def __init__(self, files, ends_at=None):
        self.files, self.ends_at, self.calls = dict(files), ends_at, 0

    def _changes(self):
        self.calls += 1
        if self.calls == self.ends_at:
            raise Trouble(Code.UNPLUGGED, "unplugged")

    def put(self, path, content):
        self._changes()
        self.files[path] = content

    def remove(self, path):
        self._changes()
        del self.files[path]

    def rename(self, path, to):
        self._changes()
        self.files[to] = self.files.pop(path)

    def remove_if_empty(self, folder):
        pass

    def hashes(self):
        return {path: hashlib.sha256(content).hexdigest() for path, content in self.files.items()}

    @property
    def meter(self):
        """What would start: the pack that main.py names, whole."""
        start = self.files["main.py"].decode()
        (name,) = [line.split()[1] for line in start.splitlines() if "import meter_" in line]
        content = self.files[f"{name}.mpy"]
        assert name == f"meter_{hashlib.sha256(content).hexdigest()[:8]}"
        return name


def half_first(prompt, made, _others, _told):
    """Stand in for the programs that bring a pack piece by piece."""
    prompt.put(made.name, made.content[:5000])
    prompt.put(made.name, made.content)
    return 1


def test_power_that_fails_at_any_step_of_an_update_leaves_the_old_meter_or_the_new_one(
    monkeypatch,
):
    monkeypatch.setattr(pack, "_write", half_first)
    files, libraries = flashing.to_hold("sim", "")
    old = pack.made(files, "")
    changed = dict(files, **{"options.txt": b"x=1\n", "sts/tid.mpy": files["sts/tid.mpy"] + b"1"})
    new = pack.made(changed, "")
    before = {**old.files, "loop.mpy": b"older still", "notes.txt": b"mine"}
    seen, board = set(), None

    def update():
        steps = flashing.plan(new.files, libraries, board.hashes(), elsewhere=changed)
        pack.carry_out(board, new, steps, lambda _text: None)

    for ends_at in itertools.count(1):
        board = Board(before, ends_at)
        try:
            update()
            break
        except Trouble:
            seen.add(board.meter)
        board.ends_at = None
        update()
        assert board.files == {**new.files, "notes.txt": b"mine"}
    assert board.files == {**new.files, "notes.txt": b"mine"}
    assert seen == {old.name.removesuffix(".mpy"), new.name.removesuffix(".mpy")}


def test_every_board_has_room_for_the_front_and_no_two_names_alike():
    for board in boards.meters():
        files, _ = flashing.to_hold(board.name, board.architecture)
        made = pack.made(files, board.architecture)
        assert {*made.places, "main.py"} == set(files)
        assert all(made.module(path) == files[path] for path in made.places)


def test_two_names_that_the_index_cannot_tell_apart_are_refused(monkeypatch):
    files, _ = flashing.to_hold("sim", "")
    monkeypatch.setattr(pack, "_hash", len)
    with pytest.raises(ValueError, match="same hash"):
        pack.made(files, "")


def test_in_production_no_prompt_comes_before_the_pack_is_read():
    files, _ = flashing.to_hold("rp2_pico", "armv6m", production=True)
    made = pack.made(files, "armv6m")
    said = f"try:\n    import {made.name.removesuffix('.mpy')}\n    import loop\n"
    assert "micropython.kbd_intr(-1)\n" + said in made.files["main.py"].decode()


@pytest.mark.parametrize("name", [board.name for board in boards.meters()])
def test_main_opens_a_plain_relay_before_it_reads_a_file_and_leaves_others_to_their_driver(name):
    active, latching = "relay_active=0", "relay=latching"
    pin = wiring.load(name).Board.pins["relay"]
    for chosen, level in (((), 0), ((active,), 1)):
        opening = flashing.opening(name, chosen)
        assert f"machine.Pin({pin}, machine.Pin.OUT, value={level})\n" in opening
        assert opening.index("sys.path[:] = sys.path[:], ()") < opening.index("import machine")
    assert not flashing.opening(name, (latching,))
    assert not flashing.opening("sim")


def test_pins_of_a_board_of_ones_own_are_read_as_the_guide_writes_them():
    plain = {"x_meter.py": b"PINS = {'relay': 10, 'rows': (1, 2)}\nclass X:\n    pins = PINS\n"}
    said = b"class Board(X):\n    pins = dict(PINS, relay=27)\n"
    assert options.pins({**plain, "board.py": b""}, "board.py") == {"relay": 10}
    assert options.pins({**plain, "board.py": said}, "board.py") == {"relay": 27}
    unread = b"class Board(X):\n    pins = made()\n"
    assert options.pins({**plain, "board.py": unread}, "board.py") == {}
