"""The code pane: disassembly or source of a function, with the pc, breakpoints and block rails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from ui.highlight import SourceLine
from ui.listings import SourcePlace
from ui.render import code
from ui.render.line import Line, line
from ui.render.stops import glyph_of
from ui.tui.context import Screen
from ui.tui.literal import literal
from ui.tui.messages import AtAddress, AtCode, Goto, Target
from ui.tui.pane import Pane
from vm.disasm import Line as Disassembled
from vm.errors import UserError
from vm.instance import Instance
from vm.machine import CodeKind
from vm.stop import Site
from vm.types import ExternKind

_GUTTER_CELLS = 3  # a click here toggles a breakpoint


@dataclass(frozen=True, slots=True)
class Spot:
    """A function, and an instruction of it."""

    instance: Instance
    func: int
    pc: int


class CodePane(Pane):
    """Follows the selected frame; shows another function when asked to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "toggle_breakpoint", "set or delete a breakpoint", id="code.break"),
        Binding("t", "run_to_cursor", "run to the cursor", id="code.run_to"),
    ]
    empty_text = "this module has no code of its own"

    class Toggle(Message):
        """A breakpoint is to be set or taken away: at an instruction, or at a source line (`fib.c:4`)."""

        def __init__(self, where: Site | str) -> None:
            super().__init__()
            self.where = where

    class RunTo(Message):
        """Run until an instruction, or a source line, is reached."""

        def __init__(self, where: Site | str) -> None:
            super().__init__()
            self.where = where

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen, "code")
        self._source_wanted = True  # shown where the file is there
        self._spot: Spot | None = None
        self._followed: tuple[object, int, int] | None = None  # machine, stop and frame last gone to
        self._rows: list[Disassembled] = []
        self._text: tuple[SourceLine, ...] | None = None  # of the source file, when it is what is shown
        self._place: SourcePlace | None = None
        self._source_marks: dict[int, str] = {}  # glyphs by line
        self._marks = code.Marks()
        self._pc_row: int | None = None
        self._comment = ""  # beside the instruction at pc

    @property
    def in_source(self) -> bool:
        """Whether source lines are shown, and so what a step is."""
        return self._text is not None

    # -- what is shown ---------------------------------------------------------------------------

    def read(self) -> None:
        """Shows the selected frame once it is another; else what was shown before, or the first export."""
        session = self.shared.session
        frame_of = (session.machine, session.stop_id, session.selected)
        if frame_of == self._followed:
            self.refresh_marks()
            return
        self._followed = frame_of
        frame = session.frame() if self.shared.readable else None
        if frame is not None and frame.instance is None:
            frame = next((f for f in session.inspect.frames() if f.instance), None)
        if frame is not None and frame.instance is not None:
            self._open(Spot(frame.instance, frame.func, frame.pc))
        elif self._spot is not None and self._spot.instance in session.machine.instances:
            self._open(self._spot, self.cursor)
        elif (first := self._first()) is not None:
            self._open(first)

    def _first(self) -> Spot | None:
        """The first exported function, else the first one."""
        module = self.shared.session.main.module
        exported = (e.index for e in module.exports if e.kind is ExternKind.FUNC)
        own = next((f for f in exported if f >= module.num_imported_funcs), module.num_imported_funcs)
        return Spot(self.shared.session.main, own, 0) if module.bodies else None

    def _site(self, target: Target) -> Site | None:
        """The instruction that a target is; of a code address, the first one of its function."""
        match target:
            case AtCode(site):
                return site
            case AtAddress(addr):
                code = self.shared.session.machine.code_at(addr)
                own = code is not None and code.kind not in (CodeKind.HOST, CodeKind.BUILTIN)
                return Site(code.vmctx, code.func, 0) if code is not None and own else None
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
        self._open(Spot(instance, site.func, site.pc))

    def spot(self) -> object:
        return self._spot, self.cursor

    def go_back(self, spot: object) -> None:
        match spot:
            case Spot() as known, int(cursor):
                self._open(known, cursor)

    def _open(self, spot: Spot, cursor: int | None = None) -> None:
        views, self._spot = self.shared.views, spot
        self._rows = views.listings.function(spot.instance, spot.func)
        instrs = spot.instance.facts(spot.func).instrs
        self._place = views.listings.place_at(spot.instance, instrs[spot.pc].offset)
        self._text = self._place.text if self._place is not None and self._source_wanted else None
        self._update_marks()
        at_source = self._place.line - 1 if self._place is not None else 0
        own = at_source if self.in_source else code.position_of(self._rows, spot.pc)
        self.show(own if cursor is None else cursor)
        name = self.shared.session.inspect.func_name(spot.instance, spot.func)
        where = "" if self._place is None else self._place.short + "  "
        self.border_subtitle = literal(where + name)

    def _update_marks(self) -> None:
        if self._spot is None:
            return
        self._marks = self.shared.views.marks(self._spot.instance, self._spot.func)
        self._comment = self._operands() if self._marks.pc is not None and not self._marks.is_caller else ""
        self._source_marks = self._glyphs_by_line() if self.in_source else {}
        self._pc_row = self._row_of_pc()

    def refresh_marks(self) -> None:
        """Breakpoints changed."""
        self._update_marks()
        self.show()

    def _operands(self) -> str:
        """The top of the operand stack, which the instruction at pc is about to take from."""
        frame = self.shared.session.frame() if self.shared.readable else None
        operands = self.shared.session.inspect.operands(frame)[-3:] if frame is not None else ()
        return "  ".join(f"{o.type}:{o.text}" for o in operands)

    def _glyphs_by_line(self) -> dict[int, str]:
        assert self._spot is not None and self._place is not None
        instance, out = self._spot.instance, {}
        for breakpoint_ in self.shared.session.breakpoints:
            for resolved in breakpoint_.resolved:
                if resolved.site.vmctx == instance.addr:
                    offset = instance.facts(resolved.site.func).instrs[resolved.site.pc].offset
                    found = self.shared.views.listings.place_at(instance, offset)
                    if found is not None and found.file == self._place.file:
                        out[found.line] = glyph_of(breakpoint_)
        return out

    def _row_of_pc(self) -> int | None:
        """The row of the selected frame's instruction, or of its source line, when that is in sight."""
        if not self.in_source:
            return None if self._marks.pc is None else code.position_of(self._rows, self._marks.pc)
        frame = self.shared.session.frame() if self.shared.readable else None
        here = self.shared.views.listings.place(frame) if frame is not None else None
        same = here is not None and self._place is not None and here.file == self._place.file
        return here.line - 1 if here is not None and same else None

    def row_count(self) -> int:
        return len(self._rows) if self._text is None else len(self._text)

    def row(self, index: int) -> Line:
        if self._text is None:
            row = self._rows[index]
            at_pc = row.index is not None and row.index == self._marks.pc
            return code.code_line(row, self._marks, self._comment if at_pc else "")
        current = None if self._pc_row is None else self._pc_row + 1
        found = code.source_window(self._text, current, index + 1, index + 1, self._source_marks)
        return found[0] if found else line()

    def marked(self) -> int | None:
        return self._pc_row

    # -- keys ------------------------------------------------------------------------------------

    def _where(self, row: int) -> Site | str | None:
        """What a row is, as a place to stop at."""
        if self._spot is None:
            return None
        if self._text is not None and self._place is not None:
            return f"{self._place.file.rpartition('/')[2]}:{row + 1}"
        found = next((r.index for r in self._rows[row:] if r.index is not None), None)
        return None if found is None else Site(self._spot.instance.addr, self._spot.func, found)

    def action_toggle_breakpoint(self) -> None:
        if (where := self._where(self.cursor)) is not None:
            self.post_message(self.Toggle(where))

    def action_run_to_cursor(self) -> None:
        if (where := self._where(self.cursor)) is not None:
            self.post_message(self.RunTo(where))

    def clicked(self, row: int, cell: int, twice: bool) -> None:
        in_gutter = cell < _GUTTER_CELLS
        super().clicked(row, cell, twice and not in_gutter)
        if in_gutter:
            self.action_toggle_breakpoint()

    def switch(self) -> None:
        """Between source and disassembly."""
        self._source_wanted = not self._source_wanted
        if self._spot is not None:
            self._open(self._spot)

    @property
    def lacks_source(self) -> str:
        """Why there is no source to switch to; empty when there is."""
        if self._place is None:
            return "this function has no source lines: its module carries no DWARF for it"
        return "" if self._place.text is not None else f"{self._place.file} was not found"

    def action_choose(self) -> None:
        """Enter: into the function that the instruction under the cursor calls."""
        if self._spot is None or self.in_source or self.cursor >= len(self._rows):
            return
        row = self._rows[self.cursor]
        if row.index is None:
            return
        instance = self._spot.instance
        instr = instance.facts(self._spot.func).instrs[row.index]
        target = instr.imm[0] if instr.op.name in ("call", "return_call", "ref.func") else None
        if isinstance(target, int) and not instance.is_imported(target):
            self.post_message(Goto(AtCode(Site(instance.addr, target, 0))))
