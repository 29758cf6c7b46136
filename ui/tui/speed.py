"""How fast the guest runs, and since when."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

_SPAN_S = 1.0  # instructions a second are counted over this long
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_TURNS_PER_S = 10


class Speed:
    """Ticks and times of a run, as the screen's timer reads them."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._started = now()
        self._seen: deque[tuple[float, int]] = deque()

    def begin(self, tick: int) -> None:
        """A run begins."""
        self._started = self._now()
        self._seen = deque([(self._started, tick)])

    def saw(self, tick: int) -> None:
        """It has come this far."""
        now = self._now()
        self._seen.append((now, tick))
        while len(self._seen) > 2 and now - self._seen[1][0] > _SPAN_S:
            self._seen.popleft()

    @property
    def elapsed_s(self) -> float:
        return self._now() - self._started

    @property
    def per_second(self) -> float:
        """Instructions a second, lately."""
        (first, before), (last, now) = self._seen[0], self._seen[-1]
        return (now - before) / (last - first) if last > first else 0.0

    @property
    def spinner(self) -> str:
        return _SPINNER[int(self.elapsed_s * _TURNS_PER_S) % len(_SPINNER)]

    @property
    def text(self) -> str:
        """`2.4 M/s, 12.3 s`."""
        return f"{_short(self.per_second)}/s, {_duration(self.elapsed_s)}"


def _short(number: float) -> str:
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return f"{number:.0f} "


def _duration(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{rest:.1f} s" if minutes < 1 else f"{minutes:.0f}:{rest:02.0f}"
