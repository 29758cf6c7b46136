"""Where panes go at any size of the screen."""

from __future__ import annotations

from itertools import pairwise

import pytest

from ui.tui.arrange import LEAST_COLUMNS, LEAST_ROWS, Rect, Slot, arrange
from ui.tui.registry import BY_ID, PANES, default_layout
from ui.tui.tabs import tabs

ALL = sorted(p.id for p in PANES)
LAYOUT = default_layout()
WIDTHS = (LEAST_COLUMNS, 49, 50, 80, 99, 100, 120, 159, 160, 191, 192, 200, 400)
SIZES = [(width, height) for width in WIDTHS for height in (LEAST_ROWS, 11, 12, 22, 38, 48, 90)]


def cells(slot: Slot) -> set[tuple[int, int]]:
    rect = slot.rect
    return {(x, y) for x in range(rect.x, rect.x + rect.width) for y in range(rect.y, rect.y + rect.height)}


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("zoomed", [None, "memory"])
def test_slots_cover_the_desk_once(width: int, height: int, zoomed: str | None) -> None:
    covered: set[tuple[int, int]] = set()
    for slot in arrange(width, height, LAYOUT, zoomed).slots:
        assert not covered & cells(slot)
        covered |= cells(slot)
    assert covered == {(x, y) for x in range(width) for y in range(height)}


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_every_pane_has_one_place(width: int, height: int) -> None:
    assert sorted(pane for slot in arrange(width, height, LAYOUT).slots for pane in slot.panes) == ALL


@pytest.mark.parametrize(("width", "height"), [(0, 0), (18, 8), (LEAST_COLUMNS - 1, 50), (200, LEAST_ROWS - 1)])
def test_nothing_is_shown_where_nothing_fits(width: int, height: int) -> None:
    assert arrange(width, height, LAYOUT).slots == ()


def test_the_pane_chosen_last_is_shown() -> None:
    slot = next(s for s in arrange(120, 38, LAYOUT).slots if "vmctx" in s.panes)
    assert slot.shown([]) == "vmctx"
    assert slot.shown(["map", "memory", "code"]) == "memory"


def test_a_zoomed_pane_has_it_all() -> None:
    (slot,) = arrange(120, 38, LAYOUT, "stack").slots
    assert slot.shown(["frame", "stack"]) == "stack"


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_tabs_stay_inside_their_border(width: int, height: int) -> None:
    for slot in arrange(width, height, LAYOUT).slots:
        found = tabs(slot, slot.panes[-1], BY_ID)
        assert slot.panes[-1] in [tab.id for tab in found]
        assert all(tab.x + len(tab.text) <= slot.rect.width for tab in found)
        assert all(a.x + len(a.text) < b.x for a, b in pairwise(found))


@pytest.mark.parametrize("width", range(16, 120, 5))
@pytest.mark.parametrize("shown", [p.id for p in PANES])
def test_the_shown_tab_is_there_and_dots_lead_to_its_neighbours(width: int, shown: str) -> None:
    panes = tuple(p.id for p in PANES)
    found = tabs(Slot(Rect(0, 0, width, 10), panes), shown, BY_ID)
    texts = {tab.id: tab.text for tab in found}
    assert texts[shown].endswith((BY_ID[shown].title, BY_ID[shown].short))
    at = [panes.index(tab.id) for tab in found]
    assert at == list(range(at[0], at[-1] + 1))


def test_pane_ids_and_keys_are_given_once() -> None:
    assert len(BY_ID) == len(PANES)
    keys = [p.key for p in PANES if p.key]
    assert len(set(keys)) == len(keys)
