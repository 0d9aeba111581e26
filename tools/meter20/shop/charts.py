"""A chart of the load of a day, as a small drawing without a script or a style."""

from datetime import datetime, timedelta

WIDTH, HEIGHT = 288, 80  # three units a quarter of an hour
_QUARTERS = 96


def bars(load: list[tuple[str, int]], now: datetime) -> list[tuple[int, int, int]]:
    """Return (x, y, height) of a bar for each quarter of the last day that has a report.

    load: (quarter, W). The highest bar is HEIGHT; a report of 0 W has none.
    """
    most = max((power for _, power in load), default=0)
    begin = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
    begin -= timedelta(minutes=15 * (_QUARTERS - 1))
    made = []
    for quarter, power in load:
        moment = datetime.fromisoformat(f"{quarter}:00+00:00")
        place = int((moment - begin).total_seconds()) // 900
        height = HEIGHT * power // most if most else 0
        if 0 <= place < _QUARTERS and height > 0:
            made.append((3 * place, HEIGHT - height, height))
    return made
