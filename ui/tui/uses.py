"""The list of who uses what: callers, callees, users of a global, table, memory or type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from debugger.inspect import Inspector
from debugger.xrefs import Use, Xrefs
from ui.render.line import Line, Role, line
from ui.tui.line_view import LineView
from ui.tui.literal import literal
from ui.tui.messages import AtCode, Target
from ui.tui.popup import Popup
from vm.disasm import Line as Disassembled
from vm.facts import Instr
from vm.instance import Instance
from vm.ops.row import Imm
from vm.stop import Site

_INDEXED = {
    Imm.FUNC: "function", Imm.GLOBAL: "global", Imm.TABLE: "table", Imm.MEMORY: "memory", Imm.TYPE: "type"
}  # fmt: skip
_NAME_CELLS = 32  # a longer place moves what is behind it


@dataclass(frozen=True, slots=True)
class Subject:
    """What users are looked for of: a function as a whole, or what an instruction names."""

    kind: str
    index: int
    text: str


def subject(inspect: Inspector, instance: Instance, func: int, row: Disassembled | None) -> Subject:
    """What the cursor is on: an instruction's own immediate, else the function around it."""
    if row is not None and row.index is not None:
        instr = instance.facts(func).instrs[row.index]
        if (found := _named(instr)) is not None:
            kind, index = found
            name = inspect.func_name(instance, index) if kind == "function" else f"{kind} {index}"
            return Subject(kind, index, name)
    return Subject("function", func, inspect.func_name(instance, func))


def _named(instr: Instr) -> tuple[str, int] | None:
    if instr.op.imm[:1] == (Imm.MEMARG,):
        first = instr.imm[0]
        return ("memory", first) if isinstance(first, int) else None
    for kind, value in zip(instr.op.imm, instr.imm, strict=False):
        if kind in _INDEXED and isinstance(value, int):
            return _INDEXED[kind], value
    return None


class Related(NamedTuple):
    """One row: a use of the subject, or what it calls."""

    is_call: bool
    use: Use


def related(xrefs: Xrefs, about: Subject) -> tuple[Related, ...]:
    """Users of a thing; of a function also what it calls."""
    users = {
        "function": xrefs.callers, "global": xrefs.global_users, "table": xrefs.table_users,
        "memory": xrefs.memory_users, "type": xrefs.type_users,
    }[about.kind](about.index)  # fmt: skip
    calls = xrefs.callees(about.index) if about.kind == "function" else ()
    return (*(Related(False, use) for use in users), *(Related(True, use) for use in calls))


class UsesView(LineView):
    """The rows, made when they come into sight."""

    empty_text = " nothing in the code names it"

    def __init__(self, inspect: Inspector, instance: Instance, rows: tuple[Related, ...]) -> None:
        super().__init__(id="uses-list")
        self._inspect, self._instance, self._rows = inspect, instance, rows

    def on_mount(self) -> None:
        self.show(0)
        self.focus()

    def row_count(self) -> int:
        return len(self._rows)

    def row(self, index: int) -> Line:
        is_call, use = self._rows[index]
        name = self._inspect.func_name(self._instance, use.func)
        within = "" if is_call else f"+{use.offset - self._instance.module.body(use.func).span.start:#x}"
        host = "  imported" if is_call and self._instance.is_imported(use.func) else ""
        return line(
            (" calls   " if is_call else " used by ", Role.DIM), (f"{use.offset:#010x}  ", Role.ADDRESS),
            (name, Role.NAME), (within.ljust(_NAME_CELLS - len(name)), Role.ADDRESS),
            ("  " + use.op, Role.KEYWORD), (host, Role.DIM),
        )  # fmt: skip

    def target(self, index: int) -> Target | None:
        """What Enter on a row leads to."""
        is_call, use = self._rows[index]
        if is_call:
            imported = self._instance.is_imported(use.func)
            return None if imported else AtCode(Site(self._instance.addr, use.func, 0))
        pc = self._instance.facts(use.func).index_at(use.offset)
        return None if pc is None else AtCode(Site(self._instance.addr, use.func, pc))


class UsesScreen(Popup[Target | None]):
    """Enter goes to a user; Escape goes nowhere."""

    DEFAULT_CSS = """
    UsesScreen { align: center middle; }
    #uses-list { width: 80%; max-width: 100; height: 70%; border: round $primary; background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,x", "close", "close")]

    def __init__(self, about: Subject, view: UsesView) -> None:
        super().__init__()
        self._about, self._view = about, view

    def compose(self) -> ComposeResult:
        self._view.border_title = literal(f"uses of {self._about.text}: {self._view.row_count():,}")
        self._view.border_subtitle = "Enter goes there, Escape closes"
        yield self._view

    def action_close(self) -> None:
        self.leave(None)

    def on_line_view_chosen(self, message: LineView.Chosen) -> None:
        if (target := self._view.target(message.row)) is not None:
            self.leave(target)
