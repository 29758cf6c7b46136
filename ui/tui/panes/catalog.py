"""Panes that list what a module declares: tables and funcrefs; imports, exports, types, segments; WASI descriptors.

A list may have a hundred thousand items: rows are made when they come into sight. `/` filters by what is typed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from debugger.session import Session
from ui import catalogs
from ui.catalogs import Item, Section, Shown
from ui.render.catalog import item_line, text_of_cells, widths_of
from ui.render.line import Line, Role, heading, line
from ui.tui.context import Screen
from ui.tui.messages import AsBytes, AtAddress, AtCode, Goto, Told
from ui.tui.pane import Hints, Pane
from vm.stop import Site

_SAMPLED = 100  # items that decide on the columns

Sections = Callable[[Session], Iterator[Section]]


class CatalogPane(Pane):
    """Sections of items; Enter goes to what an item is about."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "filter by typing", id="catalog.filter"),
        Binding("escape", "leave", show=False),
        Binding("W", "last_write", "back to what last wrote the element or field", id="catalog.wrote"),
    ]
    hints: ClassVar[Hints] = (("Enter", "open"), ("/", "filter"), ("⌫", "back"))

    def __init__(self, screen: Screen, id: str, sections: Sections, empty: str) -> None:
        super().__init__(screen, id)
        self.empty_text = empty
        self._make, self._nothing = sections, empty
        self._sections: list[Section] = []
        self._widths: list[tuple[int, ...]] = []
        self._kept: list[list[int] | None] = []  # by section: the items that the filter lets through; None: all
        self._starts: list[int] = []  # rows of the headings
        self._count = 0
        self._texts: dict[int, list[str]] = {}  # by section, for the filter
        self._filter = ""
        self._typing = False

    # -- reading ---------------------------------------------------------------------------------

    def read(self) -> None:
        self._sections = [section for section in self._make(self.shared.session) if section.count]
        self._widths = [widths_of(s.item(i).cells for i in range(min(s.count, _SAMPLED))) for s in self._sections]
        self._texts = {}
        self._apply()
        self.show()

    def _apply(self) -> None:
        """Lays out what the filter lets through."""
        wanted = self._filter.casefold()
        self._kept = [self._matching(n, wanted) if wanted else None for n in range(len(self._sections))]
        self._starts, self._count = [], 0
        for number in range(len(self._sections)):
            self._starts.append(self._count)
            if shown := self._shown(number):
                self._count += 1 + shown
        self.empty_text = f"nothing matches {self._filter!r}: Esc shows all" if self._filter else self._nothing

    def _matching(self, number: int, wanted: str) -> list[int]:
        if number not in self._texts:
            section = self._sections[number]
            self._texts[number] = [text_of_cells(section.item(i).cells) for i in range(section.count)]
        return [i for i, text in enumerate(self._texts[number]) if wanted in text]

    def _shown(self, number: int) -> int:
        kept = self._kept[number]
        return self._sections[number].count if kept is None else len(kept)

    def _at(self, index: int) -> tuple[int, Item | None]:
        """The section of a row, and its item; None for the heading."""
        number = bisect_right(self._starts, index) - 1
        within = index - self._starts[number] - 1
        if within < 0:
            return number, None
        kept = self._kept[number]
        return number, self._sections[number].item(within if kept is None else kept[within])

    # -- rows ------------------------------------------------------------------------------------

    def row_count(self) -> int:
        return self._count

    def row(self, index: int) -> Line:
        if self.shared.running:
            return ()
        number, item = self._at(index)
        return heading(self._sections[number].title) if item is None else item_line(item.cells, self._widths[number])

    def foot_height(self) -> int:
        return 1 if self._typing or self._filter else 0

    def foot(self, index: int) -> Line:
        typed = self._filter + ("▏" if self._typing else "")
        found = sum(self._shown(n) for n in range(len(self._sections)))
        return line(("/", Role.HEADING), typed, (f"  {found:,} found  Esc: all", Role.DIM))

    # -- keys ------------------------------------------------------------------------------------

    def action_choose(self) -> None:
        if self.shared.running or not self._count:
            return
        _, item = self._at(self.cursor)
        if item is None:
            return
        if item.about is None:
            self.post_message(Told("there is nothing to go to: it lies nowhere in the machine", Role.DIM))
            return
        where = item.about.where
        match item.about.how:
            case Shown.CODE if isinstance(where, Site):
                self.post_message(Goto(AtCode(where)))
            case Shown.BYTES if isinstance(where, int):
                self.post_message(Goto(AsBytes(where)))
            case Shown.FIELD if isinstance(where, int):
                self.post_message(Goto(AtAddress(where)))

    def action_last_write(self) -> None:
        """Back to what last wrote the element, or the field, under the cursor."""
        if self.shared.running or not self._count:
            return
        _, item = self._at(self.cursor)
        if item is None or item.about is None or not isinstance(item.about.where, int):
            self.post_message(Told("nothing is there that could have been written", Role.DIM))
        else:
            self.shared.placing.last_write(f"u8@{item.about.where:#x}")

    def action_filter(self) -> None:
        self._typing = True
        self.show()

    def action_leave(self) -> None:
        """All items again."""
        self._typing = False
        self._set_filter("")

    def _set_filter(self, text: str) -> None:
        self._filter = text
        self._apply()
        self.show(min(1, max(0, self._count - 1)))

    def on_key(self, event: events.Key) -> None:
        """While the filter is typed, letters are its text."""
        if not self._typing or self.shared.running:
            return
        if event.key == "enter":
            self._typing = False
            self.show()
        elif event.key == "backspace":
            self._set_filter(self._filter[:-1])
        elif event.is_printable and event.character is not None:
            self._set_filter(self._filter + event.character)
        else:
            return
        event.stop()
        event.prevent_default()


def tables_pane(screen: Screen) -> CatalogPane:
    """Tables of the selected frame's instance, and its funcrefs."""
    empty = "this module has no table and takes no function reference"
    return CatalogPane(screen, "tables", catalogs.tables, empty)


def module_pane(screen: Screen) -> CatalogPane:
    """What the module declares."""
    return CatalogPane(screen, "module", catalogs.module, "this module imports, exports and declares nothing")


def files_pane(screen: Screen) -> CatalogPane:
    """The open WASI descriptors."""
    empty = "no descriptor is open: --dir HOST::GUEST gives the program a directory"
    return CatalogPane(screen, "files", catalogs.files, empty)
