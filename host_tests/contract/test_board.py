"""What ports.board promises, asked of every board in boards/. CPython only."""

import ast
import importlib
import sys
from pathlib import Path

import chips
import esp32
import pytest
from flash_chip import RamImage
from parts import SimBrownOut
from ports import NAMES, RECORDS, TABLES, Ports
from ports.board import Board
from ports.keypad import KEYS
from rigs.board_bench import METERS, Bench
from world import WORLD

from meter20 import DEVICE_ROOT
from meter20.board import boards
from meter20.host_crypto import HostCrypto

VIRTUAL = [board.name for board in boards.every() if not board.pins]

#: part: its port, where that is not the part's name. Values are no ports.
PORTS = {
    "store": "record_store",
    "notes": "record_store",
    "pulses": "pulse_source",
    "serial": "serial_line",
}
VALUES = {"phases", "records", "rows"}
ALWAYS = {"store", "pulses", "load_switch", "watchdog", "phases"}


class _Meter:
    """A board with pins, on its emulated chip."""

    def __init__(self, name, **options):
        self._bench = Bench(name, **options)
        self.board = self._bench.board

    def touched(self):
        return [signal for signal, pins in self.board.pins.items() if pins in WORLD.owners]

    def is_open(self, _switch):
        return self._bench.level("relay") == 0


class _Virtual:
    """The virtual board, which finds its host's parts under these names."""

    def __init__(self, name, **options):
        module = importlib.import_module("board")
        assert Path(module.__file__).parent == boards.find(name).folder
        WORLD.start(chips.of(METERS[0]))  # whose ticks are the time
        self.board = type("Board", (module.Board,), options)()

    def touched(self):
        return ["relay"]

    def is_open(self, switch):
        return not switch.closed


def network():
    from drivers.socket_network import SocketNetwork

    return SocketNetwork()


@pytest.fixture(autouse=True)
def chip(tmp_path, monkeypatch):
    monkeypatch.setattr(Bench, "folder", str(tmp_path))
    esp32.erase_all()
    for module, name, part in (
        ("host_crypto", "HostCrypto", HostCrypto),
        ("host_image", "HostImage", RamImage),
        ("host_network", "HostNetwork", network),
        ("host_supply", "HostSupply", SimBrownOut),
    ):
        stand_in = type(sys)(module)
        setattr(stand_in, name, part)
        monkeypatch.setitem(sys.modules, module, stand_in)


def made(name, **options):
    return (_Virtual if name in VIRTUAL else _Meter)(name, **options)


def built(board):
    """Return what the loop asks of `board`, in its order: load switch, display, ports."""
    switch = board.load_switch()
    display = board.display()
    return switch, display, board.ports(switch, display)


def class_of(part):
    """Return the class of the port module that `part` keeps."""
    module = importlib.import_module("ports." + PORTS.get(part, part))
    name = "".join(word.capitalize() for word in module.__name__.partition(".")[2].split("_"))
    return getattr(module, name)


def lacking(thing, contract):
    """Return the public names of the class `contract` that `thing` lacks."""
    return [name for name in vars(contract) if name[0] != "_" and not hasattr(thing, name)]


@pytest.mark.parametrize("name", METERS + VIRTUAL)
class TestBoard:
    def test_it_has_all_that_the_loop_asks_for(self, name):
        assert lacking(made(name).board, Board) == []

    def test_what_it_says_about_itself_is_of_the_right_kind(self, name):
        board = made(name).board
        for flag in ("service_open", "has_watchdog", "demo_load"):
            assert type(getattr(board, flag)) is bool
            setattr(board, flag, False)
        assert set(board.keys) <= set(KEYS)
        assert len(board.keys) == len(set(board.keys)) in (12, 16)

    def test_load_switch_is_open_and_all_that_is_touched(self, name):
        bench = made(name)
        switch = bench.board.load_switch()
        assert bench.is_open(switch)
        assert bench.touched() == ["relay"]
        assert not switch.faulty

    def test_ports_are_around_the_switch_and_the_display_made_before(self, name):
        switch, display, ports = built(made(name, demo_load=False).board)
        assert type(ports) is Ports
        assert ports.load_switch is switch
        assert ports.display is display

    @pytest.mark.parametrize("demo_load", [False, True])
    def test_each_part_keeps_its_port(self, name, demo_load):
        _switch, _display, ports = built(made(name, demo_load=demo_load).board)
        missing = {part for part in NAMES if getattr(ports, part) is None}
        assert not missing & ALWAYS
        for part in set(NAMES) - missing - VALUES:
            assert lacking(getattr(ports, part), class_of(part)) == [], part
        assert ports.phases in (1, 3)

    def test_a_network_comes_with_its_records_its_tables_and_a_cipher(self, name):
        _switch, _display, ports = built(made(name).board)
        if ports.network is not None:
            for record in RECORDS:
                assert lacking(ports.records(record), class_of("store")) == []
            for table in TABLES:
                assert lacking(ports.rows(table), class_of("row_store")) == []
            assert ports.crypto is not None


def test_port_of_the_board_costs_a_meter_nothing():
    folders = [DEVICE_ROOT / "firmware", DEVICE_ROOT / "boards"]
    importing = [
        path
        for folder in folders
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.ImportFrom) and node.module == "ports.board")
        or (isinstance(node, ast.Import) and "ports.board" in [one.name for one in node.names])
        or (
            isinstance(node, ast.ImportFrom)
            and node.module == "ports"
            and "board" in [one.name for one in node.names]
        )
    ]
    assert importing == []
