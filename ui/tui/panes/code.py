"""The code pane: disassembly or source of a function, with the pc, breakpoints and block rails."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from ui.listings import SourcePlace
from ui.render import code
from ui.render.line import Line
from ui.tui.context import Screen
from ui.tui.line_view import LineView
from ui.tui.literal import literal
from vm.disasm import Line as Disassembled
from vm.instance import Instance
from vm.stop import Site


class CodePane(LineView):
    """Follows the selected frame; shows another function when asked to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "toggle_breakpoint", "Break", id="break.toggle"),
        Binding("t", "run_to_cursor", "To cursor", id="run.cursor"),
        Binding("v", "switch", "Source", id="code.switch"),
    ]
    empty_text = "no code: nothing is being run (r starts the program)"

    class Toggle(Message):
        """A breakpoint is to be set or taken away; `location` as the user would write it."""

        def __init__(self, location: str, site: Site | None) -> None:
            super().__init__()
            self.location, self.site = location, site

    class RunTo(Message):
        """Run until a site, or a source line."""

        def __init__(self, location: str) -> None:
            super().__init__()
            self.location = location

    def __init__(self, screen: Screen) -> None:
        super().__init__(id="code")
        self.shared = screen
        self.source_wanted = True  # shown where the file is there
        self._instance: Instance | None = None
        self._func = 0
        self._rows: list[Disassembled] = []
        self._place: SourcePlace | None = None
        self._marks = code.Marks()
        self._history: list[tuple[Instance, int, int]] = []

    @property
    def in_source(self) -> bool:
        """Whether source lines are shown, and so what a step is."""
        return self._place is not None and self._place.text is not None and self.source_wanted

    # -- what is shown ---------------------------------------------------------------------------

    def follow(self) -> None:
        """Shows the selected frame."""
        frame = self.shared.session.frame() if self.shared.readable else None
        if frame is None or frame.instance is None:
            frame = next((f for f in self.shared.session.inspect.frames() if f.instance), None)
        if frame is None or frame.instance is None:
            self._instance, self._rows, self._place = None, [], None
            self.show()
            return
        self._history.clear()
        self._place = self.shared.views.listings.place(frame)
        self.open(frame.instance, frame.func, frame.pc)

    def open(self, instance: Instance, func: int, pc: int | None) -> None:
        """Shows a function, the cursor on an instruction."""
        self._instance, self._func = instance, func
        self._rows = self.shared.views.listings.function(instance, func)
        self._update_marks()
        if self.in_source and self._place is not None:
            self.show(self._place.line - 1)
        else:
            self.show(code.position_of(self._rows, pc) if pc is not None else 0)
        name = self.shared.session.inspect.func_name(instance, func)
        where = f"{self._place.short}  " if self.in_source and self._place is not None else ""
        self.border_subtitle = literal(where + name)

    def _update_marks(self) -> None:
        if self._instance is not None:
            self._marks = self.shared.views.marks(self._instance, self._func)

    def refresh_marks(self) -> None:
        """Breakpoints changed."""
        self._update_marks()
        self.show()

    def row_count(self) -> int:
        if self._instance is None:
            return 0
        if self.in_source and self._place is not None and self._place.text is not None:
            return len(self._place.text)
        return len(self._rows)

    def row(self, index: int) -> Line:
        if self.in_source and self._place is not None and self._place.text is not None:
            number = index + 1
            found = code.source_window(self._place.text, self._place.line, number, number, self._source_marks())
            return found[0] if found else ()
        row = self._rows[index]
        return code.code_line(row, self._marks, self._preview(row))

    def _preview(self, row: Disassembled) -> str:
        """The operands that the instruction at pc is about to take."""
        if not self.shared.readable or row.index is None or row.index != self._marks.pc or self._marks.is_caller:
            return ""
        frame = self.shared.session.frame()
        if frame is None or frame.is_host:
            return ""
        operands = self.shared.session.inspect.operands(frame)[-3:]
        return "  ".join(f"{o.type}:{o.text}" for o in operands)

    def _source_marks(self) -> dict[int, str]:
        """Glyphs of breakpoints by line of the file shown."""
        out: dict[int, str] = {}
        table = self.shared.session.lines_of(self._instance) if self._instance else None
        if table is None or self._place is None or self._instance is None:
            return out
        for breakpoint_ in self.shared.session.breakpoints:
            for resolved in breakpoint_.resolved:
                if resolved.site.vmctx == self._instance.addr:
                    facts = self._instance.facts(resolved.site.func)
                    found = table.find(facts.instrs[resolved.site.pc].offset)
                    if found and found.file == self._place.file:
                        out[found.line] = code.GLYPHS.plain if breakpoint_.enabled else code.GLYPHS.disabled
        return out

    def marked(self) -> int | None:
        if self.in_source and self._place is not None:
            return self._place.line - 1
        if self._marks.pc is None:
            return None
        return code.position_of(self._rows, self._marks.pc)

    # -- keys ------------------------------------------------------------------------------------

    def _location(self) -> tuple[str, Site | None] | None:
        """What the cursor is on, as a location."""
        if self._instance is None:
            return None
        if self.in_source and self._place is not None:
            return f"{self._place.file.rpartition('/')[2]}:{self.cursor + 1}", None
        rows = self._rows[self.cursor :]
        found = next((r for r in rows if r.index is not None), None)
        if found is None or found.index is None:
            return None
        return f"@{found.offset:#x}", Site(self._instance.addr, self._func, found.index)

    def action_toggle_breakpoint(self) -> None:
        if (location := self._location()) is not None:
            self.post_message(self.Toggle(*location))

    def action_run_to_cursor(self) -> None:
        if (location := self._location()) is not None:
            self.post_message(self.RunTo(location[0]))

    def action_switch(self) -> None:
        """Between source and disassembly."""
        self.source_wanted = not self.source_wanted
        self.follow()

    def action_choose(self) -> None:
        """Enter: into the function that the instruction under the cursor calls."""
        if self._instance is None or self.in_source or not self._rows:
            return
        row = self._rows[self.cursor]
        if row.index is None:
            return
        instr = self._instance.facts(self._func).instrs[row.index]
        target = instr.imm[0] if instr.op.name in ("call", "return_call", "ref.func") else None
        if isinstance(target, int) and not self._instance.is_imported(target):
            self._history.append((self._instance, self._func, row.index))
            self.open(self._instance, target, None)

    def action_back(self) -> None:
        """Backspace: back to where Enter was pressed."""
        if self._history:
            self.open(*self._history.pop())
