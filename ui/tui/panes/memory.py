"""The memory pane: any region in hex. Searching, editing, following pointers, bookmarks, copying."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from debugger.search import Pattern, parse_pattern
from ui.examine import place_of
from ui.render.line import Line, Role, line
from ui.tui import hex_copy
from ui.tui.choose import ChooseScreen
from ui.tui.context import Screen
from ui.tui.hex_edit import Editing, Written
from ui.tui.hex_search import Search
from ui.tui.hex_view import HexView
from ui.tui.messages import AsBytes, Ask, AtAddress, Changed, Goto, Target, Told
from ui.tui.pane import Hints
from vm.errors import UserError, WasmscopeError
from vm.memory import Region

_PROGRESS_PER_SECOND = 15
_MOST_UNDONE = 1000
_MOST_SAID = 60  # cells of what was copied


class MemoryPane(HexView):
    """A region, and what can be done with its bytes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("g", "goto", "go to an address", id="memory.goto"),
        Binding("slash", "search", "search bytes, text or a value", id="memory.search"),
        Binding("full_stop", "again(False)", "next match", id="memory.next_match"),
        Binding("comma", "again(True)", "match before", id="memory.previous_match"),
        Binding("e", "edit", "edit bytes in place", id="memory.edit"),
        Binding("b", "watch_changes", "stop when the selected bytes change", id="memory.break"),
        Binding("W", "last_write", "back to what last wrote the selected bytes", id="memory.wrote"),
        Binding("ctrl+z", "undo", "undo the last edit", id="memory.undo"),
        Binding("y", "copy", "copy the selection", id="memory.copy"),
        Binding("m", "bookmark", "set a bookmark", id="memory.bookmark"),
        Binding("apostrophe", "bookmarks", "bookmarks", id="memory.bookmarks"),
        Binding("p", "values", "values: little-endian, big-endian, none", id="memory.values"),
        Binding("left_square_bracket", "region(-1)", "region before", id="memory.previous"),
        Binding("right_square_bracket", "region(1)", "next region", id="memory.next"),
        Binding("escape", "leave", show=False),
    ]
    empty_text = "this module has no memory: the map pane lists all regions, ] goes through them"

    hints: ClassVar[Hints] = (
        ("g", "go to"), ("/", "search"), ("e", "edit"), ("y", "copy"), ("m '", "bookmarks"),
        ("p", "values"), ("[ ]", "region"), ("Enter", "follow"), ("⌫", "back"), ("b", "stop at change"),
    )  # fmt: skip

    class Ended(Message):
        """A search is over."""

        def __init__(self, search: Search) -> None:
            super().__init__()
            self.search = search

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen, "memory")
        self._editing: Editing | None = None
        self._undo: list[Written] = []
        self._pattern: Pattern | None = None
        self._search: Search | None = None
        self.search_gate = lambda: not screen.running  # asked before each piece: the guest comes first

    def on_mount(self) -> None:
        self._ticking = self.set_interval(1 / _PROGRESS_PER_SECOND, self.redraw_foot, pause=True)

    def _show_region(self, region: Region | None) -> None:
        if self._editing is not None and self._editing.machine is not self.shared.session.machine:
            self._editing = None
        super()._show_region(region)

    def read(self) -> None:
        regions = list(self.shared.session.machine.space.regions())
        if self._region not in regions:  # another machine
            self._undo.clear()
        super().read()

    def typed_bytes(self) -> Mapping[int, int]:
        return self._editing.typed if self._editing is not None else {}

    def _state_line(self) -> Line:
        """What is being done, else what the cursor is on."""
        if self._search is not None and not self._search.ended:
            share = f"searching {self._search.pattern.text}  {self._search.fraction:.0%}"
            return line((share, Role.WARNING), "  Esc ends it")
        if self._editing is not None:
            column = "characters" if self._editing.in_text else "hex digits"
            waiting = f"  {len(self._editing.typed)} typed, Enter writes" if self._editing.typed else ""
            keys = ("  Tab: the others  ^Z: undo  Esc: done", Role.DIM)
            return line((f"editing: {column}", Role.EDITED), (waiting, Role.WARNING), keys)
        return super()._state_line()

    def clicked(self, row: int, cell: int, twice: bool) -> None:
        if self._editing is not None:
            self._editing.in_text = not self._shape.in_hex(cell)
            self.redraw_foot()
        else:
            super().clicked(row, cell, twice)

    def cursor_moved(self) -> None:
        if self._editing is not None:
            self._editing.high = None
        super().cursor_moved()

    # -- going places ----------------------------------------------------------------------------

    def _region_of(self, target: Target) -> Region | None:
        if not isinstance(target, AtAddress | AsBytes):
            return None
        return self.shared.session.machine.space.region_at(target.addr)

    def shows(self, target: Target) -> bool:
        return self._region_of(target) is not None

    def open(self, target: Target) -> None:
        """Shows a native address."""
        if isinstance(target, AtAddress | AsBytes) and (region := self._region_of(target)) is not None:
            self._go(region, target.addr - region.base)

    def spot(self) -> object:
        return self._region, self.place

    def go_back(self, spot: object) -> None:
        match spot:
            case Region() as region, int(offset):
                self._go(region, offset)

    def _go(self, region: Region, offset: int) -> None:
        self._show_region(region)
        self._fit()
        row, self._byte = divmod(offset, self._shape.per_row)
        self.show(row)
        self.cursor_moved()

    def action_choose(self) -> None:
        """Enter: to where the word under the cursor leads."""
        if self.shared.running or self._region is None:
            return
        at = self.place - self.place % self._word
        target = self._target(int.from_bytes(self._bytes(at, self._word), "little"))
        if target is None:
            self._say("no address is here that leads anywhere", Role.DIM)
        else:
            self.post_message(Goto(AsBytes(target) if self._memory is not None else AtAddress(target)))

    def action_region(self, by: int) -> None:
        """The next region, or the one before."""
        if self.shared.running:
            return
        regions = [r for r in self.shared.session.machine.space.regions() if r.size]
        at = regions.index(self._region) if self._region in regions else 0
        self._go(regions[(at + by) % len(regions)], 0)

    def action_goto(self) -> None:
        self.post_message(Ask("memory at (expression)", self._goto))

    def _goto(self, text: str) -> None:
        place = place_of(self.shared.session, text)
        base = place.memory.region.base if place.memory is not None else 0
        if self.shared.session.machine.space.region_at(base + place.at) is None:
            raise UserError(f"nothing is mapped at {base + place.at:#x}")
        self.post_message(Goto(AsBytes(base + place.at)))

    def _say(self, text: str, role: Role = Role.WARNING) -> None:
        self.post_message(Told(text, role))

    def action_values(self) -> None:
        """Little-endian, big-endian, hidden."""
        self._big, self._values_shown = self._values_shown and not self._big, not self._big or not self._values_shown
        self.show(self.cursor)

    def action_leave(self) -> None:
        """Ends what is under way: a search, editing, the selection."""
        if self._search is not None and not self._search.ended:
            self._search.cancelled = True
        elif self._editing is not None:
            self._end_editing()
        else:
            self._drop_selection()
            self.redraw_foot()

    # -- bookmarks and copying -------------------------------------------------------------------

    def action_bookmark(self) -> None:
        if self._region is not None:
            self.post_message(Ask(f"bookmark {self.address_of(self.place):#x} as", self._set_bookmark))

    def _set_bookmark(self, name: str) -> None:
        if self._region is not None:
            self.shared.session.bookmarks.set(name, self._region, self.place)
            self.show()

    def action_bookmarks(self) -> None:
        """A list to choose from."""
        marks = list(self.shared.session.bookmarks)
        rows = [line((b.name, Role.NAME), f"  {b.region} ", (f"+{b.offset:#x}", Role.ADDRESS)) for b in marks]

        def chosen(number: int | None) -> None:
            if number is not None:
                addr = marks[number].address(self.shared.session.machine.space)
                if addr is None:
                    self._say(f"{marks[number].name} is not there any more")
                else:
                    self.post_message(Goto(AsBytes(addr)))

        def delete(number: int) -> None:
            self.shared.session.bookmarks.delete(marks.pop(number).name)
            self.show()

        screen = ChooseScreen("bookmarks", rows, "no bookmark: m in the memory pane sets one", delete)
        self.app.push_screen(screen, chosen)

    def action_copy(self) -> None:
        if self._region is None or self.shared.running:
            return
        first, last = self._selection()
        self.post_message(Ask(f"{last - first + 1:,} bytes: {hex_copy.QUESTION}", self._copy, "hex"))

    def _copy(self, answer: str) -> None:
        first, last = self._selection()
        count = last - first + 1
        if count > hex_copy.MOST_FILE_BYTES:
            raise UserError(f"{count:,} bytes are too many to copy")
        data, file = self._bytes(first, count), hex_copy.file_of(answer)
        if file is not None:
            hex_copy.write_file(file, data)
            self._say(f"{count:,} bytes written to {file}", Role.OK)
            return
        text = hex_copy.as_text(answer, data, f"{self._native_or_offset(first):#x}")
        self.app.copy_to_clipboard(text)
        self._say("copied: " + (text if len(text) <= _MOST_SAID else text[:_MOST_SAID] + "…"), Role.OK)

    def action_watch_changes(self) -> None:
        """A watchpoint on what is selected, or none any more."""
        if (expression := self._selected()) is not None:
            self.shared.placing.watch_changes(expression)

    def action_last_write(self) -> None:
        """Back to what last wrote what is selected."""
        if (expression := self._selected()) is not None:
            self.shared.placing.last_write(expression)

    def _selected(self) -> str | None:
        """What expressions call the selected bytes."""
        if self._region is None or self.shared.running:
            return None
        first, last = self._selection()
        size, at = last - first + 1, f"{self._native_or_offset(first):#x}"
        return f"u{8 * size}@{at}" if size in (1, 2, 4, 8) else f"u8[{size}]@{at}"

    def _native_or_offset(self, offset: int) -> int:
        """What an expression calls a byte: an offset only in the memory that offsets are about."""
        assert self._region is not None
        memories = self.shared.session.instance().memories
        return offset if memories and memories[0].region is self._region else self._region.base + offset

    # -- editing ---------------------------------------------------------------------------------

    def action_edit(self) -> None:
        if self._region is not None and not self.shared.running:
            self._editing = Editing(self.shared.session.machine)
            self._drop_selection()
            self.redraw_foot()
            if not self.foot_height():
                self._say("editing: hex digits  Tab: characters  Esc: done", Role.EDITED)

    def on_key(self, event: events.Key) -> None:
        """While bytes are edited, what is typed is theirs."""
        editing = self._editing
        if editing is None or self.shared.running:
            return
        if event.key == "tab":
            editing.in_text, editing.high = not editing.in_text, None
        elif event.key == "enter":
            self._trying(self._write)
        elif event.key == "backspace":
            self._untype()
        elif event.is_printable and event.character is not None:
            self._trying(lambda: self._type(event.character or ""))
        else:
            return
        event.stop()
        event.prevent_default()
        self.redraw_foot()

    def _trying(self, work: Callable[[], object]) -> None:
        """Does something quick; what goes wrong is said in one line."""
        try:
            work()
        except WasmscopeError as error:
            self._say(str(error), Role.ERROR)
        self.redraw(self.cursor)

    def _type(self, character: str) -> None:
        assert self._region is not None and self._editing is not None
        addr = self._region.base + self.place
        if self._editing.type(addr, character):
            if self._editing.writes_at_once(addr):
                self._write()
            self.action_byte(1)

    def _untype(self) -> None:
        """Takes back the last byte typed."""
        assert self._region is not None and self._editing is not None
        self.action_byte(-1)
        addr = self._region.base + self.place
        if addr in self._editing.typed:
            del self._editing.typed[addr]
            self.redraw(self.cursor)
        else:
            self.action_undo()

    def _write(self) -> None:
        assert self._editing is not None
        if self._editing.typed:
            self._undo = [*self._undo, *self._editing.write()][-_MOST_UNDONE:]
            self.post_message(Changed())

    def action_undo(self) -> None:
        """Puts back what the last edit changed."""
        if self.shared.running or not self._undo:
            self._say("nothing was edited here", Role.DIM)
            return
        last = self._undo.pop()
        editing = self._editing or Editing(self.shared.session.machine)
        self._trying(lambda: editing.undo(last))
        self.post_message(Changed())

    def _end_editing(self) -> None:
        editing, self._editing = self._editing, None
        if editing is not None and editing.typed:
            self._say(f"{len(editing.typed)} typed and not written: Enter would have")
        self.show()

    # -- searching -------------------------------------------------------------------------------

    def action_search(self) -> None:
        given = self._pattern.text if self._pattern is not None else ""
        self.post_message(Ask('search 41 42 ?? 43, "text", u32 0x1234', self._search_for, given))

    def _search_for(self, text: str) -> None:
        self._pattern = parse_pattern(text)
        self.action_again(False)

    def action_again(self, backwards: bool) -> None:
        """The next match, or the one before, found on a thread."""
        if self._pattern is None:
            self.action_search()
        elif self._region is not None and not self.shared.running:
            if self._search is not None:
                self._search.cancelled = True
            space, start = self.shared.session.machine.space, self._region.base + self._selection()[0]
            search = Search(space, self._region, self._pattern, start, backwards, self.search_gate)
            self._search = search
            self._ticking.resume()
            self.run_worker(lambda: self._hunt(search), thread=True, group="search", name="search")

    def _hunt(self, search: Search) -> None:
        search.run()
        self.post_message(self.Ended(search))

    def on_memory_pane_ended(self, message: Ended) -> None:
        search = message.search
        if search is not self._search:
            return
        self._ticking.pause()
        text = search.pattern.text
        if search.found is not None and search.region is self._region:
            self.select(search.found - search.region.base, search.pattern.size)
            self._say(f"found {text}{search.way}", Role.OK)
        elif search.cancelled:
            self._say("the search was ended")
        else:
            self._say(f"{text} is not in {search.region.name}")
        self.redraw_foot()
