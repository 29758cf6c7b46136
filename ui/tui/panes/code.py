"""The code pane: the disassembly of a module, function after function, with the pc, breakpoints and block rails."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.worker import get_current_worker

from debugger.operands import accessed, preview
from ui.function_lines import FunctionLines
from ui.render import code
from ui.render.line import Line, text_of
from ui.render.stops import glyph_of, hits_text
from ui.tui.context import Screen
from ui.tui.follow_code import follow
from ui.tui.literal import literal
from ui.tui.messages import AsBytes, AtAddress, AtCode, Goto, Target, Told
from ui.tui.module_listing import ModuleListing, Position, func_at
from ui.tui.pane import Hints
from ui.tui.panes.placing import PlacingPane
from vm.disasm import Line as Disassembled
from vm.errors import UserError
from vm.instance import Instance
from vm.machine import CodeKind
from vm.stop import Site
from vm.types import ExternKind


class CodePane(PlacingPane):
    """Follows the selected frame; shows other code when asked to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "xrefs", "who uses what the cursor is on", id="code.xrefs"),
        Binding("left_square_bracket", "function(-1)", "the function before", id="code.previous"),
        Binding("right_square_bracket", "function(1)", "the next function", id="code.next"),
    ]
    hints: ClassVar[Hints] = (
        ("list.choose", "follow"), ("go.back", "back"), ("code.search", "search"), ("code.xrefs", "uses"),
    )  # fmt: skip
    empty_text = "this module has no code of its own"

    class Uses(Message):
        """Cross references of an instruction, or of a function as a whole, are wanted."""

        def __init__(self, instance: Instance, func: int, row: Disassembled | None) -> None:
            super().__init__()
            self.instance, self.func, self.row = instance, func, row

    class Search(Message):
        """A text is wanted in the code, from a place on."""

        def __init__(self, listing: ModuleListing, text: str, start: Position, by: int) -> None:
            super().__init__()
            self.listing, self.text, self.start, self.by = listing, text, start, by

    class Moved(Message):
        """The cursor is on another instruction."""

        def __init__(self, instance: Instance, offset: int) -> None:
            super().__init__()
            self.instance, self.offset = instance, offset

    class Finished(Message):
        """A huge function is disassembled."""

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen, "code")
        self._listing: ModuleListing | None = None
        self._followed: tuple[object, int, int] | None = None  # machine, stop and frame last gone to
        self._marks: dict[int, code.Marks] = {}  # by function
        self._notes: dict[tuple[int, int], str] = {}  # beside an instruction, by function and index
        self._pc: tuple[int, int] | None = None  # function and index
        self._found = ""  # what was searched for

    # -- what is shown ---------------------------------------------------------------------------

    def read(self) -> None:
        """Goes to the selected frame once it is another; else only marks are drawn anew."""
        session = self.shared.session
        key = (session.machine, session.stop_id, session.selected)
        if key == self._followed:
            self.refresh_marks()
            return
        self._followed = key
        frame = session.frame() if self.shared.readable else None
        if frame is not None and frame.instance is None:
            frame = next((f for f in session.inspect.frames() if f.instance), None)
        if frame is not None and frame.instance is not None:
            self._open(frame.instance, frame.func, frame.pc)
        elif self._listing is None or self._listing.instance not in session.machine.instances:
            self._open_first()
        else:
            self.refresh_marks()

    def expect(self, instance: Instance, func: int) -> None:
        """The program will begin here; in a huge function it takes a while until it stands there."""
        if not instance.is_imported(func):
            self._listing = ModuleListing(instance, self.shared.views.listings)
            if self._listing.is_huge(func):
                self._open(instance, func, 0)

    def _open_first(self) -> None:
        """The first exported function, else the first one."""
        main = self.shared.session.main
        module = main.module
        exported = (e.index for e in module.exports if e.kind is ExternKind.FUNC)
        own = next((f for f in exported if f >= module.num_imported_funcs), module.num_imported_funcs)
        if module.bodies:
            self._open(main, own, 0)

    def _open(self, instance: Instance, func: int, pc: int) -> None:
        if self._listing is None or self._listing.instance is not instance:
            self._listing = ModuleListing(instance, self.shared.views.listings)
        self._update_marks()
        position = self._listing.position_of_pc(func, pc)
        self._go(Position(func, 0) if pc == 0 and position.line <= self._height // 2 else position, position)

    def _go(self, first: Position, cursor: Position) -> None:
        """Puts the cursor on a line, `first` in sight above it when there is room."""
        assert self._listing is not None
        height = self._height
        row = self._listing.row_of(first)
        self._listing.settle(max(0, row - height // 3), height)
        self.cursor = self._listing.row_of(cursor)
        self.show(self.cursor)
        self._finish_listing()
        self._name_function()

    @property
    def _height(self) -> int:
        return max(1, self.scrollable_content_region.height)

    def _update_marks(self) -> None:
        session, listing = self.shared.session, self._listing
        self._marks, self._notes, self._pc = {}, {}, None
        if listing is None:
            return
        glyphs: dict[int, dict[int, str]] = {}
        for breakpoint_ in session.breakpoints:
            for resolved in breakpoint_.resolved:
                site = resolved.site
                if site.vmctx == listing.instance.addr:
                    glyphs.setdefault(site.func, {})[site.pc] = glyph_of(breakpoint_)
                    self._notes[site.func, site.pc] = hits_text(breakpoint_)
        frame = session.frame() if self.shared.readable else None
        if frame is not None and frame.instance is listing.instance:
            self._pc = (frame.func, frame.pc)
            said = preview(session.inspect, frame) if frame.number == 0 else ""
            self._notes[self._pc] = "  ".join(filter(None, (said, self._notes.get(self._pc, ""))))
        for func in {*glyphs, *([self._pc[0]] if self._pc else [])}:
            pc = self._pc[1] if self._pc is not None and self._pc[0] == func else None
            self._marks[func] = code.Marks(pc, frame is not None and frame.number > 0, glyphs.get(func, {}))

    def refresh_marks(self) -> None:
        """Breakpoints or values changed."""
        self._update_marks()
        self.show()

    def row_count(self) -> int:
        return 0 if self._listing is None else len(self._listing)

    def row(self, index: int) -> Line:
        assert self._listing is not None
        position = self._listing.position(index)
        row = self._listing.line_at(position)
        if row is None:
            return ()
        note = "" if row.index is None else self._notes.get((position.func, row.index), "")
        marks = self._marks.get(position.func, _NO_MARKS)
        if (heat := self.shared.session.heat) is not None:
            marks = replace(marks, heat=heat.by_function.get((self._listing.instance.addr, position.func), ()))
        return code.code_line(row, marks, note)

    def marked(self) -> int | None:
        if self._pc is None or self._listing is None:
            return None
        return self._listing.row_of(self._listing.position_of_pc(*self._pc))

    # -- scrolling: rows that were estimated are counted before they are seen ------------------------

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._count_in_sight(round(new_value))

    def _count_in_sight(self, first: int) -> None:
        listing = self._listing
        if listing is None or not len(listing):
            return
        total, cursor = len(listing), listing.position(min(self.cursor, len(listing) - 1))
        top = listing.settle(first, self._height)
        if len(listing) != total:
            self.cursor = listing.row_of(cursor)
            self.show()
            if top != first:
                self.scroll_to(y=top, animate=False, immediate=True, force=True)
        self._finish_listing()

    def _finish_listing(self) -> None:
        """Makes the rest of huge functions on another thread; the rows are counted when it is done."""
        if self._listing is not None and self._listing.unfinished:
            (_, lines), self._listing.unfinished = self._listing.unfinished.popitem(), {}
            if not lines.whole:
                self.run_worker(lambda: self._finish(lines), thread=True, exclusive=True, group="disassembly")

    def _finish(self, lines: FunctionLines) -> None:
        worker = get_current_worker()
        while not lines.whole and not worker.is_cancelled:
            lines.advance()
        if not worker.is_cancelled:
            self.post_message(self.Finished())

    def on_code_pane_finished(self) -> None:
        self._count_in_sight(self.scroll_offset.y)

    def move_to(self, index: int) -> None:
        """A far row is counted first, so that the cursor stays where it was put."""
        if self._listing is not None and self.row_count():
            index = max(0, min(index, self.row_count() - 1))
            total = len(self._listing)
            index = self._listing.settle(index, self._height)
            if len(self._listing) != total:
                self.show()
        super().move_to(index)

    def action_edge(self, end: int) -> None:
        """To the start or the end; the last function is counted first."""
        if end and self._listing is not None and self.row_count():
            self._listing.settle(len(self._listing) - 1, self._height)
            self.show()
        super().action_edge(end)

    @property
    def here(self) -> tuple[Instance, int] | None:
        """The instance and the file offset of the row under the cursor."""
        row = self._row_at_cursor()
        return None if row is None or self._listing is None else (self._listing.instance, row.offset)

    def cursor_moved(self) -> None:
        self._name_function()
        if (here := self.here) is not None:
            self.post_message(self.Moved(*here))

    def on_resize(self) -> None:
        """More rows are in sight: they are counted, the cursor staying where it is."""
        self._count_in_sight(self.scroll_offset.y)
        super().on_resize()

    def _name_function(self) -> None:
        if self._listing is not None:
            func = self._listing.position(self.cursor).func
            name = self.shared.session.inspect.func_name(self._listing.instance, func)
            several = len(self.shared.session.machine.instances) > 1
            self.border_subtitle = literal(name + (f" of {self._listing.instance.name}" if several else ""))

    # -- going places ----------------------------------------------------------------------------

    def _site(self, target: Target) -> Site | None:
        """The instruction that a target is; of a code address, the first one of its function."""
        match target:
            case AtCode(site):
                return site
            case AtAddress(addr):
                found = self.shared.session.machine.code_at(addr)
                own = found is not None and found.kind not in (CodeKind.HOST, CodeKind.BUILTIN)
                return Site(found.vmctx, found.func, 0) if found is not None and own else None
            case _:
                return None

    def shows(self, target: Target) -> bool:
        return self._site(target) is not None

    def open(self, target: Target) -> None:
        """Shows a function, the cursor on an instruction."""
        site = self._site(target)
        instance = self.shared.session.machine.instance_at(site.vmctx) if site is not None else None
        if site is None or instance is None or instance.is_imported(site.func):
            raise UserError("that is a host function: it has no code to show")
        self.read_if_due()
        self._open(instance, site.func, site.pc)

    def point_at(self, instance: Instance, offset: int) -> None:
        """The cursor on the instruction at a file offset: the source pane's line."""
        func = func_at(instance, offset)
        pc = None if func is None else instance.facts(func).index_at(offset)
        if func is not None and pc is not None:
            self._open(instance, func, pc)

    def spot(self) -> object:
        return None if self._listing is None else (self._listing.instance, self._listing.position(self.cursor))

    def go_back(self, spot: object) -> None:
        match spot:
            case (Instance() as instance, Position() as position):
                self._open(instance, position.func, 0)
                self._go(position, position)

    def _row_at_cursor(self) -> Disassembled | None:
        if self._listing is None or not self.row_count():
            return None
        return self._listing.line_at(self._listing.position(self.cursor))

    def where(self, row: int) -> Site | str | None:
        """The instruction of a row, or the next one of its function."""
        if self._listing is None or not self.row_count():
            return None
        position = self._listing.position(row)
        lines = self._listing.lines(position.func)
        at = lines.row_of_next(position.line)
        index = None if at is None else lines[at].index
        return None if index is None else Site(self._listing.instance.addr, position.func, index)

    def action_choose(self) -> None:
        """Enter: where the instruction under the cursor leads; a call's function, a branch's target, an address."""
        row = self._row_at_cursor()
        if row is None or self._listing is None or self.shared.running:
            return
        position = self._listing.position(self.cursor)
        session, frame = self.shared.session, self.shared.session.frame() if self.shared.readable else None
        at_pc = row.index is not None and self._pc == (position.func, row.index) and frame is not None
        here = accessed(session.inspect, frame) if at_pc and frame is not None and frame.number == 0 else None
        if here is not None:
            instance, memory, offset = here
            self.post_message(Goto(AsBytes(instance.memories[memory].region.base + offset)))
            return
        now = frame if at_pc else None
        target = follow(session, self._listing.instance, self._listing.lines(position.func), position, now)
        self.post_message(Goto(target) if target else Told("Enter follows calls, branches and what they point to"))

    def action_function(self, by: int) -> None:
        """The next function, or the one before."""
        if self._listing is not None and self.row_count():
            first = self._listing.instance.module.num_imported_funcs
            last = first + len(self._listing.instance.module.bodies) - 1
            func = max(first, min(self._listing.position(self.cursor).func + by, last))
            self._go(Position(func, 0), Position(func, 0))

    def action_xrefs(self) -> None:
        if self._listing is not None and self.row_count():
            func = self._listing.position(self.cursor).func
            self.post_message(self.Uses(self._listing.instance, func, self._row_at_cursor()))

    # -- searching -------------------------------------------------------------------------------

    def action_search(self) -> None:
        self.ask("search code for", self._search, self._found)

    def _search(self, text: str) -> None:
        self._found = text
        self.action_again(1)

    def action_again(self, by: int) -> None:
        if self._listing is not None and self.row_count() and self._found:
            self.post_message(self.Search(self._listing, self._found, self._listing.position(self.cursor), by))

    def found(self, listing: ModuleListing, position: Position) -> None:
        """A match: the cursor goes there."""
        if listing is self._listing:
            self._go(position, position)

    def text_at_cursor(self) -> str:
        """The row under the cursor as text."""
        return text_of(self.row(self.cursor)) if self.row_count() else ""


_NO_MARKS = code.Marks()
