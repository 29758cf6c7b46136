"""A frame: its variables, operands and labels, and the stack of frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from debugger.inspect import Frame, LabelInfo, Variable
from debugger.values import vector_shapes
from debugger.watches import WatchValue
from ui.render.line import Line, Part, Role, columns, line, note

_SHAPE_CELLS = 7  # `i8x16  `


def variables(items: Sequence[Variable], changed: frozenset[str] = frozenset()) -> list[Line]:
    """`name  type  value`; those named in `changed` are marked."""
    return columns([_variable(item, item.name in changed) for item in items], indent="  ")


def _variable(item: Variable, changed: bool) -> list[Part]:
    value: Part = (item.text, Role.CHANGED if changed else value_role(item))
    cells: list[Part] = [(name_of(item), Role.NAME), (item.type_name, Role.TYPE), value]
    return [*cells, ("Δ", Role.CHANGED)] if changed else cells


def name_of(item: Variable) -> str:
    """A local's name; `$var3` for one without, as expressions know it."""
    return f"$var{item.index}" if item.name.isdigit() else item.name


def lanes(value: int, width: int) -> list[Line]:
    """A v128 in every shape of lanes, rows no wider than `width` where lanes allow that."""
    made: list[Line] = []
    for shape, texts in vector_shapes(value):
        rows: list[str] = []
        for text in texts:
            if rows and len(rows[-1]) + 1 + len(text) <= width - _SHAPE_CELLS:
                rows[-1] += f" {text}"
            else:
                rows.append(text)
        for number, row in enumerate(rows):
            made.append(line((f"{'' if number else shape:<{_SHAPE_CELLS}}", Role.TYPE), (row, Role.NUMBER)))
    return made


def value_role(item: Variable) -> Role:
    """Zeros stand back, pointers stand out."""
    if item.slot == 0:
        return Role.ZERO
    return Role.POINTER if "→" in item.text else Role.NUMBER


def operands(items: Sequence[Variable]) -> list[Line]:
    """The operand stack, top first; [0] is the top."""
    rows = []
    for from_top, item in enumerate(reversed(items)):
        cells: list[Part] = [(f"[{from_top}]", Role.LABEL), (item.type_name, Role.TYPE), (item.text, value_role(item))]
        if from_top == 0:
            cells.append(("← top", Role.DIM))
        rows.append(cells)
    return columns(rows, indent="  ")


def labels(items: Sequence[LabelInfo]) -> list[Line]:
    """Blocks around the instruction, innermost first, numbered as `br` counts them."""
    rows: list[list[Part]] = [
        [(f"br {item.depth}", Role.LABEL), (item.kind, Role.KEYWORD), (f"{item.offset:#x}", Role.ADDRESS),
         f"takes {item.arity}"]
        for item in items
    ]  # fmt: skip
    return columns(rows, indent="  ")


def watches(items: Sequence[WatchValue]) -> list[Line]:
    """`1: n + 1 = 8  Δ was 7`."""
    return [_watch(item) for item in items]


def _watch(item: WatchValue) -> Line:
    role = Role.ERROR if item.is_error else Role.CHANGED if item.changed else Role.NUMBER
    parts: list[Part] = [(f"{item.id}:", Role.LABEL), " ", (item.text, Role.NAME), " = ", (item.value, role)]
    if item.changed and item.previous is not None:
        parts.append((f"  Δ was {item.previous}", Role.CHANGED))
    return line(*parts)


@dataclass(frozen=True, slots=True)
class StackRow:
    """A frame as the backtrace shows it. `at` is `+0xc`, `source` is `fib.c:4`; empty when not known."""

    frame: Frame
    at: str
    args: tuple[Variable, ...]
    source: str
    inlined: tuple[tuple[str, str], ...] = ()  # (name, source) of functions inlined there, the innermost first


def backtrace(rows: Sequence[StackRow], selected: int, hidden: int = 0) -> list[Line]:
    """One line a frame; `hidden` frames follow that are not in `rows`."""
    out = [each for row in rows for each in _stack_lines(row, row.frame.number == selected)]
    if hidden:
        out.append(note(f"   ... {hidden:,} more frame{'s' if hidden != 1 else ''}; bt -a shows all"))
    return out


def _stack_lines(row: StackRow, selected: bool) -> list[Line]:
    """A frame, and before it a line for every function inlined where it stands."""
    above = [
        line(("▶" if selected and not i else " ", Role.PC), " ", (f"#{row.frame.number}" if not i else "", Role.LABEL),
             "  " if not i else " " * (2 + len(str(row.frame.number)) + 1), (name, Role.NAME), ("  inlined", Role.DIM),
             "  ", (source, Role.STRING))
        for i, (name, source) in enumerate(row.inlined)
    ]  # fmt: skip
    return [*above, stack_line(row, selected, bool(above))]


def _inlined_text(row: StackRow, is_below: bool) -> str:
    """What stands before a frame's function where others are inlined in it."""
    return "in " if is_below else f"{row.inlined[0][0]} inlined in " if row.inlined else ""


def stack_line(row: StackRow, selected: bool, is_below: bool = False) -> Line:
    """A frame in one line; `is_below`: lines about the same frame stand above it."""
    args = ", ".join(f"{name_of(a)}={a.text}" for a in row.args)
    parts: list[Part] = [
        ("▶" if selected and not is_below else " ", Role.PC), " ",
        (" " * (1 + len(str(row.frame.number))) if is_below else f"#{row.frame.number}", Role.LABEL), "  ",
        (_inlined_text(row, is_below), Role.DIM), (row.frame.name, Role.NAME), row.at, "(", (args, Role.NUMBER), ")",
    ]  # fmt: skip
    if row.frame.offset is not None:
        parts += ["  ", (f"{row.frame.offset:#x}", Role.ADDRESS)]
    if row.frame.is_host:
        parts.append(("  host function", Role.DIM))
    if row.source:
        parts += ["  ", (row.source, Role.STRING)]
    return line(*parts)
