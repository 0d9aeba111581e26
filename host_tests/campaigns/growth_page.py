"""What `growth` measured, as tables and a picture of docs/performance.md."""

import json
from pathlib import Path

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "host_tests" / "data" / "growth.json"
PAGE = ROOT / "docs" / "performance.md"
PICTURE = ROOT / "docs" / "growth.svg"
BEGIN, END = "<!-- made by `make bench`, from here -->", "<!-- to here -->"
#: What the picture shows: a series, its figures, and what they are called there.
PANELS = (
    ("sales", {"sale_ms": "a durable sale", "bare_ms": "with bare sqlite3"}, "ms"),
    ("orders", {"mib": "memory of the process"}, "MiB"),
    ("decoding", {"mib": "memory of the process"}, "MiB"),
    ("meters", {"kib": "memory of a meter"}, "KiB"),
    ("days", {"day_ms": "the next day"}, "ms"),
    ("tids", {"us": "to find and keep one"}, "µs"),
)


def keep(found: dict[str, dict], order: list[str]) -> None:
    """Keep what was `found` of some series, and write the page and its picture anew.

    order: of all series, on the page.
    """
    kept = {**(json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}), **found}
    kept = {name: kept[name] for name in order if name in kept}
    KEPT.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(before + BEGIN + "\n\n" + tables(kept) + "\n" + END + after, encoding="utf-8")
    draw(kept)


def tables(kept: dict[str, dict]) -> str:
    """Return the tables, Markdown: a series each, with the command of each figure."""
    return "\n".join(_table(name, one) for name, one in kept.items())


def _table(name: str, one: dict) -> str:
    figures = one["figures"]
    lines = [
        f"| {one['of']} | {' | '.join(figures.values())} | command |",
        f"| ---: |{' ---: |' * len(figures)} --- |",
    ]
    for row in one["rows"]:
        told = " | ".join(_told(row[figure]) for figure in figures)
        size = row["size"]
        lines.append(f'| {_spaced(size)} | {told} | `make growth OF="{name} {size}"` |')
    return "\n".join([*lines, "", f"{one['machine']}.", ""])


def _told(value: float | None) -> str:
    if value is None:
        return "no C compiler"
    return _spaced(round(value)) if value >= 100 else f"{value:.3g}"


def _spaced(number: int) -> str:
    return f"{number:,}".replace(",", " ")


def draw(kept: dict[str, dict]) -> None:
    """Draw the picture, SVG: the same bytes for the same figures."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    with pyplot.rc_context({"svg.hashsalt": "meter20", "svg.fonttype": "none", "font.size": 9}):
        picture, places = pyplot.subplots(2, 3, figsize=(9.2, 5), layout="constrained")
        for place, (name, lines, unit) in zip(places.flat, PANELS, strict=True):
            if name in kept:
                _panel(place, kept[name], lines, unit)
        picture.savefig(PICTURE, metadata={"Date": None})
        pyplot.close(picture)


def _panel(place, one: dict, lines: dict[str, str], unit: str) -> None:
    sizes = [row["size"] for row in one["rows"]]
    for figure, words in lines.items():
        place.plot(sizes, [row[figure] for row in one["rows"]], marker="o", label=words)
    place.set_xscale("log")
    place.set_ylim(0, 1.5 * place.get_ylim()[1])  # room for what the lines are called
    place.set_xlabel(one["of"].replace("`", ""))
    place.set_ylabel(unit)
    place.minorticks_off()
    place.grid(alpha=0.3)
    place.legend(frameon=False, loc="upper left")
