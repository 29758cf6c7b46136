"""Names of the panes of a slot, as tabs in its border."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ui.tui.arrange import Slot

_BETWEEN, _CLOSE = " │ ", " "
_MORE = "…"
_BEFORE = _AFTER = 3  # cells of the border: its corner, a line and a blank


class Named(Protocol):
    """What a tab says of a pane."""

    @property
    def title(self) -> str: ...
    @property
    def short(self) -> str:
        """The same for little room."""
        ...

    @property
    def key(self) -> str:
        """What goes there; empty for none."""
        ...


@dataclass(frozen=True, slots=True)
class Tab:
    """A pane's name in a border: its first column within the slot, and its text."""

    id: str
    x: int
    text: str


def tabs(slot: Slot, shown: str, names: Mapping[str, Named]) -> tuple[Tab, ...]:
    """The tabs of a slot: full names, else short ones, else as many as there is room for around the shown one."""
    room = slot.rect.width - _AFTER
    for short, between in ((False, _BETWEEN), (True, _BETWEEN), (True, _CLOSE)):
        found = tuple(_placed(slot.panes, names, short, _BEFORE, between))
        if _end(found) <= room:
            return found
    return _around(slot.panes, shown, names, room)


def _end(found: Sequence[Tab]) -> int:
    return found[-1].x + len(found[-1].text)


def _around(panes: Sequence[str], shown: str, names: Mapping[str, Named], room: int) -> tuple[Tab, ...]:
    """Neighbours join the shown one, first behind it, as long as they fit; dots stand for the rest."""
    first = last = panes.index(shown)
    if _end(_window(panes, first, last, names)) > room:
        return tuple(_placed((shown,), names, short=True))
    while True:
        wider = [(a, b) for a, b in ((first, last + 1), (first - 1, last)) if a >= 0 and b < len(panes)]
        fitting = next((w for w in wider if _end(_window(panes, *w, names)) <= room), None)
        if fitting is None:
            return _window(panes, first, last, names)
        first, last = fitting


def _window(panes: Sequence[str], first: int, last: int, names: Mapping[str, Named]) -> tuple[Tab, ...]:
    found = list(_placed(panes[first : last + 1], names, True, _BEFORE + (len(_MORE + _BETWEEN) if first else 0)))
    if first:
        found.insert(0, Tab(panes[first - 1], _BEFORE, _MORE))
    if last < len(panes) - 1:
        found.append(Tab(panes[last + 1], _end(found) + len(_BETWEEN), _MORE))
    return tuple(found)


def _placed(
    panes: Sequence[str], names: Mapping[str, Named], short: bool, x: int = _BEFORE, between: str = _BETWEEN
) -> Iterator[Tab]:
    for id_ in panes:
        name = names[id_]
        text = f"{name.key} {name.short if short else name.title}".lstrip()
        yield Tab(id_, x, text)
        x += len(text) + len(between)


def joined(found: Sequence[Tab]) -> Iterator[tuple[str, str]]:
    """The texts of a border with the ids of the tabs they belong to; "" for what stands between."""
    for i, tab in enumerate(found):
        if i:
            gap = tab.x - found[i - 1].x - len(found[i - 1].text)
            yield "", _BETWEEN if gap == len(_BETWEEN) else _CLOSE
        yield tab.id, tab.text
