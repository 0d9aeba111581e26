"""`python -m meter20.cli`: the `meter20` command of the Python that runs it."""

from meter20.cli.main import app

app(prog_name="meter20")
