"""`meter20 board flash --romfs`, against a virtual board with a ROM partition."""

import pytest
from rigs.board_command import board_command, meter20, where
from rigs.rom_board import BLOCK_BYTES, rom_board

from meter20.board import flashing, romfs
from meter20.board.prompt import Prompt
from meter20.board.trouble import Code
from meter20.virtual.pty_board import PtyBoard

_BLOCKS = 32  # 128 KiB


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    """A board with the meter in its ROM partition, and with an option."""
    with rom_board(tmp_path_factory.mktemp("board"), _BLOCKS) as board:
        words = ("--set", "demo_load=True")
        assert board_command("flash", board, "--mpy", *words)[0] == 0
        assert where(board) == "/pack/loop.mpy"
        code, report = board_command("flash", board, "--romfs")
        assert (code, report["copied"], report["same"]) == (0, 1, 1)
        assert 0 < report["rom"]["bytes"] <= report["rom"]["partition_bytes"] == 131_072
        yield board


def test_meter_runs_from_rom_and_only_main_and_options_stay_writable(board):
    assert where(board) == "/rom/loop.mpy"
    files = {path.name for path in board.files.iterdir()}
    assert {"boot.py", "rom.bin", "main.py", "options.txt"} >= {
        path.name for path in board.files.rglob("*.*")
    }
    assert not files & {"sts", "meter", "drivers"}  # an empty folder would be a package


def test_second_flash_writes_no_block_and_one_block_that_differs_is_found(board):
    code, report = board_command("flash", board, "--romfs")
    assert (code, report["copied"], report["rom"]["blocks_written"]) == (0, 0, 0)
    kept = bytearray((board.files / "rom.bin").read_bytes())
    kept[5 * BLOCK_BYTES] ^= 1
    (board.files / "rom.bin").write_bytes(kept)
    with Prompt(board.port) as prompt:
        prompt.stop("main.py")  # it starts with the spoiled block
    code, report = board_command("flash", board, "--romfs")
    assert (code, report["rom"]["blocks_written"]) == (0, 2)  # that, and the first
    assert where(board) == "/rom/loop.mpy"


def test_spoilt_on_the_way_or_unplugged_half_way_starts_no_meter_and_a_second_run_repairs_it(
    tmp_path, monkeypatch
):
    run, sent = Prompt.run, []

    def unplug(prompt, program):
        sent.extend([program] if "writeblocks" in program else [])
        if len(sent) == 7:
            board.close()
        return run(prompt, program)

    board = rom_board(tmp_path, _BLOCKS)
    monkeypatch.setattr(Prompt, "run", unplug)
    assert board_command("flash", board, "--romfs")[1]["error"] == "unplugged"
    monkeypatch.undo()
    with rom_board(tmp_path, _BLOCKS) as board:
        assert not (board.files / "main.py").exists()
        with Prompt(board.port) as prompt:
            assert romfs.partition(prompt) == romfs.Partition(_BLOCKS, BLOCK_BYTES, False)
        code, report = board_command("flash", board, "--romfs")
        blocks = -(-report["rom"]["bytes"] // BLOCK_BYTES)
        assert (code, report["rom"]["blocks_written"]) == (0, blocks - 6)
        assert where(board) == "/rom/loop.mpy"


def test_image_without_a_partition_and_one_that_is_too_small_are_told_and_nothing_changes(
    tmp_path,
):
    with PtyBoard() as board:
        code, reply = board_command("flash", board, "--romfs")
        assert (code, reply["error"]) == (Code.NO_ROMFS, "no_romfs")
        assert "no ROM partition" in reply["message"]
        assert not list(board.files.iterdir())
    with rom_board(tmp_path, 16) as board:
        code, reply = board_command("flash", board, "--romfs")
        assert (code, reply["error"]) == (Code.NO_ROMFS, "no_romfs")
        assert "has 65536" in reply["message"]
        assert not (board.files / "main.py").exists()


def test_flash_of_files_leaves_no_meter_in_rom(board):
    """The last test of `board`: it ends without the partition."""
    code, said = meter20("board", "flash", "--port", board.port, "--mpy")
    assert (code, "no meter is left in /rom" in said) == (0, True)
    assert where(board) == "/pack/loop.mpy"
    with Prompt(board.port) as prompt:
        assert prompt.run("import os\nprint('rom' in os.listdir('/'))").strip() == "False"
    code, report = board_command("flash", board, "--mpy")
    assert (code, report["copied"], report["rom"]) == (0, 0, None)


def test_main_looks_into_rom_first_and_in_production_no_sooner_than_it_is_safe():
    start = {}
    for production in (False, True):
        files, _ = flashing.to_hold("rp2_pico", "armv6m", production=production)
        kept, made = romfs.split(files)
        assert list(kept) == ["main.py"]
        assert len(made) <= _BLOCKS * BLOCK_BYTES
        start[production] = kept["main.py"].decode()
    said = 'import sys\n\nsys.path.insert(0, "/rom")\nimport loop\n\nloop.run()\n'
    assert start[False].endswith(said)
    guarded = said.replace("run()", "run(production=True)")
    indented = "".join(f"    {line}\n" if line else "\n" for line in guarded.splitlines())
    assert "micropython.kbd_intr(-1)\ntry:\n" + indented in start[True]
