"""How long the rest of some work takes."""

import math


def time_text(seconds: float) -> str:
    """Hours, minutes and seconds, rounded up.

    >>> time_text(43.2), time_text(3723.0)
    ('0:44', '1:02:03')
    """
    minutes, rest = divmod(math.ceil(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Pace:
    """An estimate of the remaining time, from the mean over the finished units.

    The first piece may compile, so it counts only while there is no other.

    >>> pace = Pace()
    >>> pace.add(9.0)
    >>> pace.left(10)
    90.0
    >>> pace.add(2.0)
    >>> pace.add(4.0)
    >>> pace.left(10)
    30.0
    """

    def __init__(self) -> None:
        self._first: float | None = None
        self._seconds, self._units = 0.0, 0

    def add(self, seconds: float, units: int = 1) -> None:
        """So many more units took so long [s]."""
        if self._first is None:
            self._first = seconds / units
        else:
            self._seconds, self._units = self._seconds + seconds, self._units + units

    def left(self, units: int) -> float:
        """What so many units take [s]."""
        return units * (self._seconds / self._units if self._units else self._first or 0.0)
