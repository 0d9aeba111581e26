"""`meter20 vend` in this process, on one database."""

import json

from typer.testing import CliRunner

from meter20.cli.main import app
from rigs.stations import DRN, PASSPHRASE


class Vend:
    """Runs `meter20 vend` on one database."""

    def __init__(self, folder, monkeypatch):
        self.folder = folder
        self.where = str(folder / "station.sqlite")
        for name in ("DB", "KEY_FILE", "EA07_TABLES", "VENDING_KEY"):
            monkeypatch.delenv(f"METER20_{name}", raising=False)
        monkeypatch.setenv("METER20_PASSPHRASE", PASSPHRASE)
        monkeypatch.setenv("METER20_OPERATOR", "thandi")

    def run(self, *args, stdin=None):
        return CliRunner().invoke(
            app, ["vend", "--db", self.where, *[str(arg) for arg in args]], input=stdin
        )

    def ok(self, *args, stdin=None):
        done = self.run(*args, stdin=stdin)
        assert done.exit_code == 0, done.output
        return done.stdout

    def data(self, *args, stdin=None):
        return json.loads(self.ok(*args, "--json", stdin=stdin))

    def refused(self, *args, code=1):
        done = self.run(*args)
        assert done.exit_code == code, done.output
        assert not done.stdout
        return done.stderr


def sold_in(where):
    """Sell 1 kWh to the meter DRN, in the database `where`; return the digits."""
    done = CliRunner().invoke(app, ["vend", "--db", where, "credit", DRN, "--kwh", "1", "--json"])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)["tokens"][0]["digits"]
