"""How the desk is: which panes are where, in front and with the keys; as data for files, read with mistrust."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from ui.tui.arrange import Layout, Place
from ui.tui.registry import BY_ID, default_layout

_MOST_SHARES = 64
_LEAST_SHARE, _MOST_SHARE = 0.05, 0.95


@dataclass(frozen=True, slots=True)
class Arrangement:
    """`shares` are of cuts that were dragged; `chosen` panes that were brought to the front, the last one most
    recently; `zoomed` is the one that is alone."""

    layout: Layout = field(default_factory=default_layout)
    shares: dict[str, float] = field(default_factory=dict)
    chosen: tuple[str, ...] = ()
    active: str = "code"
    zoomed: str | None = None

    def as_data(self) -> dict[str, object]:
        """What `arrangement_from` reads."""
        panes = [[id_, place.value] for id_, place in self.layout]
        return {"panes": panes, "shares": self.shares, "chosen": list(self.chosen), "active": self.active,
                "zoomed": self.zoomed}  # fmt: skip


def arrangement_from(found: object) -> Arrangement | None:
    """An arrangement from a file, which may be of another version, or damaged: what is not understood is left out.
    None when there is no pane in it."""
    if not isinstance(found, dict):
        return None
    layout = tuple(_panes(found.get("panes")))
    if not layout:
        return None
    there = [id_ for id_, _ in layout]
    chosen = tuple(dict.fromkeys(_known(found.get("chosen"), there)))
    active = next(_known([found.get("active")], there), there[0])
    zoomed = next(_known([found.get("zoomed")], there), None)
    return Arrangement(layout, _shares(found.get("shares")), chosen, active, zoomed)


def _panes(found: object) -> Iterator[tuple[str, Place]]:
    seen = set()
    for item in found if isinstance(found, list) else ():
        match item:
            case [str(id_), str(place)] if id_ in BY_ID and place in list(Place) and id_ not in seen:
                seen.add(id_)
                yield id_, Place(place)


def _known(found: object, there: list[str]) -> Iterator[str]:
    return (id_ for id_ in (found if isinstance(found, list) else ()) if isinstance(id_, str) and id_ in there)


def _shares(found: object) -> dict[str, float]:
    pairs = list(found.items())[:_MOST_SHARES] if isinstance(found, dict) else []
    return {str(name): min(max(float(v), _LEAST_SHARE), _MOST_SHARE) for name, v in pairs if _is_share(v)}


def _is_share(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return type(value) is int and value in (0, 1)
