"""The frame pane: locals, operand stack, labels and globals of the selected frame; values are edited in place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType

from debugger.expression.types import Pointer
from debugger.inspect import Frame, LabelInfo, Variable
from debugger.operands import roles
from debugger.source.tree import Node, nodes
from ui.render import frame as rendered
from ui.render import source as rendered_source
from ui.render.line import Line, Part, Role, line, note
from ui.tui.context import Screen
from ui.tui.messages import AsBytes, Changed, Goto, Told
from ui.tui.pane import Hints, Pane
from ui.tui.wrap import broken
from vm.types import SLOT_BYTES, NumType, RefType

_WIDTHS = {NumType.I32: 4, NumType.F32: 4}  # bytes of a value that matter, where they are not a slot's
_MOST_NAME_CELLS = 24
_MEASURED = 200  # names of a section that its columns are made for


@dataclass(frozen=True, slots=True)
class _Section:
    """Rows under a title. `row` makes one; `variable` is what is on one, if it is a value, and how it is called.

    `node`: what is on a row, where that is a variable of the source. `is_note`: its rows say why there is nothing.
    """

    title: str
    count: int
    row: Callable[[int], Line]
    variable: Callable[[int], tuple[str, Variable]] | None = None
    empty: str = "none"
    node: Callable[[int], Node] | None = None
    is_note: bool = False


class FramePane(Pane):
    """What the selected frame holds, with what changed since the stop before."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "edit", "change the value under the cursor", id="frame.edit"),
        Binding("b", "watch_changes", "stop when the value changes", id="frame.break"),
        Binding("W", "last_write", "back to what last wrote the value", id="frame.wrote"),
        Binding("m", "memory", "the memory that a value points to", id="frame.memory"),
        Binding("space", "fold", "fold a section, or open it", id="frame.fold"),
    ]
    hints: ClassVar[Hints] = (("Enter", "change"), ("b", "stop at change"), ("m", "memory at it"), ("Space", "fold"))
    empty_text = "no frame: nothing is being run (r runs it)"

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen, "frame")
        self._sections: list[_Section] = []
        self._folded: set[str] = set()
        self._opened: set[str] = set()  # expressions of the source whose parts are shown
        self._texts: tuple[object, dict[str, str], dict[str, str]] = (None, {}, {})  # a stop, values then and before
        self._lanes: list[Line] = []  # of the v128 under the cursor
        self._known = False  # the frame stood here at the stop before, so that values can be compared

    # -- what is shown ---------------------------------------------------------------------------

    def read(self) -> None:
        frame = self.shared.session.frame() if self.shared.readable else None
        self._sections = [] if frame is None else [self._locals(frame), self._operands(frame), self._labels(frame)]
        if frame is not None and (variables := self._variables_of(frame)) is not None:
            self._sections.insert(0, variables)
        self._sections.append(self._globals())
        self._known = frame is not None and self.shared.before.same_frame(frame.number)
        self.border_subtitle = "" if frame is None else f"#{frame.number}"
        self.show()
        self._measure()

    def _variables_of(self, frame: Frame) -> _Section | None:
        """Variables of the source; None when they are not known."""
        found, elsewhere = self.shared.session.source_frame(frame.number), self.shared.views.elsewhere(frame)
        if elsewhere:
            rows = list(broken(note(elsewhere), self.text_width, words=True))
            return _Section("variables", len(rows), rows.__getitem__, is_note=True)
        if found is None or found.scope is None:
            return None
        items = list(nodes(found, self._opened))
        before = self._texts_before(frame, items)
        width = max((2 * i.depth + 2 + len(i.name) for i in items[:_MEASURED]), default=0)

        def row(index: int) -> Line:
            item = items[index]
            was = before.get(item.expression)
            return rendered_source.row(item, min(width, _MOST_NAME_CELLS), was if was != item.text else None)

        return _Section("variables", len(items), row, node=items.__getitem__)

    def _texts_before(self, frame: Frame, items: list[Node]) -> dict[str, str]:
        """What the same frame's variables were at the stop before."""
        session = self.shared.session
        key = (session.stop_id, frame.number, frame.func, frame.record.base)
        now = {i.expression: i.text for i in items}
        if key != self._texts[0]:
            same = isinstance(self._texts[0], tuple) and self._texts[0][1:] == key[1:]
            self._texts = key, now, self._texts[1] if same else {}
        else:
            self._texts = key, {**self._texts[1], **now}, self._texts[2]
        return self._texts[2]

    def _locals(self, frame: Frame) -> _Section:
        items = self.shared.session.inspect.locals(frame)
        width = max((len(rendered.name_of(v)) for v in items[:_MEASURED]), default=0)

        def row(index: int) -> Line:
            item = items[index]
            return self._line(rendered.name_of(item), width, item, self._known)

        return _Section("locals", len(items), row, lambda i: (f"local[{i}]", items[i]))

    def _operands(self, frame: Frame) -> _Section:
        inspect = self.shared.session.inspect
        items = tuple(reversed(inspect.operands(frame)))
        taken = tuple(reversed(roles(inspect, frame))) if frame.number == 0 else ()
        instr = inspect.instr(frame).op.name if frame.instance is not None else ""

        def row(index: int) -> Line:
            role = f"← {taken[index]} of {instr}" if index < len(taken) else ""
            return self._line(f"[{index}]", 4, items[index], False, role)

        return _Section("operand stack", len(items), row, lambda i: (f"stack[{i}]", items[i]), "empty")

    def _labels(self, frame: Frame) -> _Section:
        items: tuple[LabelInfo, ...] = self.shared.session.inspect.labels(frame)
        return _Section("labels", len(items), lambda i: rendered.labels(items[i : i + 1])[0])

    def _globals(self) -> _Section:
        session = self.shared.session
        instance, inspect = session.instance(), session.inspect
        count = len(instance.globals)
        symbols = inspect.symbols(instance)
        width = max((len(symbols.global_(i)) for i in range(min(count, _MEASURED))), default=0)

        def variable(index: int) -> tuple[str, Variable]:
            return f"global[{index}]", inspect.global_(instance, index)

        def row(index: int) -> Line:
            item = variable(index)[1]
            return self._line(item.name if not item.name.isdigit() else f"global[{index}]", width, item, True)

        return _Section("globals", count, row, variable)

    def _line(self, name: str, width: int, item: Variable, known: bool, after: str = "") -> Line:
        """`  $n   i32  7  Δ was 8`."""
        was = self._previous(item) if known else None
        role = rendered.value_role(item) if was is None else Role.CHANGED
        parts: list[Part] = [
            "  ", (f"{name:<{min(width, _MOST_NAME_CELLS)}}", Role.NAME), "  ", (f"{item.type!s}  ", Role.TYPE),
            (item.text, role),
        ]  # fmt: skip
        if was is not None:
            parts.append((f"  Δ was {was}", Role.CHANGED))
        return line(*parts, (f"  {after}" if after else "", Role.DIM))

    def _previous(self, item: Variable) -> str | None:
        width = _WIDTHS.get(item.type, SLOT_BYTES) if isinstance(item.type, NumType) else SLOT_BYTES
        was = self.shared.before.previous(item.addr, width)
        return None if was is None else self.shared.session.inspect.format(int.from_bytes(was, "little"), item.type)

    # -- rows: of each section its heading, then its own, or one that says there are none ------------

    def _rows_of(self, section: _Section) -> int:
        return 1 if section.title in self._folded else 1 + max(1, section.count)

    def row_count(self) -> int:
        return sum(self._rows_of(s) for s in self._sections)

    def _at(self, index: int) -> tuple[_Section, int] | None:
        """The section of a row, and the row's number in it; -1 for the heading."""
        for section in self._sections:
            if index < self._rows_of(section):
                return section, index - 1
            index -= self._rows_of(section)
        return None

    def row(self, index: int) -> Line:
        if (found := self._at(index)) is None or self.shared.running:
            return ()
        section, within = found
        if within < 0:
            sign = "▶" if section.title in self._folded else "▼"
            count = 0 if section.is_note else section.count
            return line((f"{sign} {section.title}  ", Role.HEADING), (f"{count:,}", Role.DIM))
        return section.row(within) if section.count else note(f"  {section.empty}")

    def cursor_moved(self) -> None:
        self._measure()

    def _measure(self) -> None:
        """A v128 under the cursor is shown in every shape of lanes, below the rows."""
        found = self._variable()
        vector = found is not None and found[1].type is NumType.V128
        lanes = rendered.lanes(found[1].slot, self.text_width) if found is not None and vector else []
        if lanes != self._lanes:
            self._lanes = lanes
            self.show()

    def foot_height(self) -> int:
        return 0 if self.shared.running else min(len(self._lanes), self.inner.height // 2)

    def foot(self, index: int) -> Line:
        return self._lanes[index]

    # -- keys ------------------------------------------------------------------------------------

    def _variable(self) -> tuple[str, Variable] | None:
        """The value under the cursor, and what expressions call it."""
        found = self._at(self.cursor)
        if found is None or self.shared.running:
            return None
        section, within = found
        return section.variable(within) if section.variable is not None and 0 <= within < section.count else None

    def _node(self) -> Node | None:
        """The variable of the source under the cursor."""
        found = self._at(self.cursor)
        if found is None or self.shared.running or found[0].node is None or not 0 <= found[1] < found[0].count:
            return None
        return found[0].node(found[1])

    def action_choose(self) -> None:
        """Enter: changes a value; folds under a heading, and opens a variable that has parts."""
        found, node = self._at(self.cursor), self._node()
        if (found is not None and found[1] < 0) or (node is not None and node.opens):
            self.action_fold()
        else:
            self.action_edit()

    def action_edit(self) -> None:
        """Asks for another value of what is under the cursor."""
        if (node := self._node()) is not None:
            self._edit_node(node)
            return
        if (found := self._variable()) is None:
            self.post_message(Told("locals, operands and globals can be changed: put the cursor on one"))
            return
        target, item = found
        self.ask(f"{rendered.name_of(item)} ({item.type}) =", lambda text: self._assign(target, text), _editable(item))

    def _edit_node(self, node: Node) -> None:
        if node.value is None:
            self.post_message(Told(f"{node.name}: {node.text.strip('<>')}"))
            return
        text = node.text.partition(" ")[0] if "→" in node.text or "'" in node.text else node.text
        self.ask(f"{node.expression} ({node.type}) =", lambda given: self._assign(node.expression, given), text)

    def _assign(self, target: str, text: str) -> None:
        said = self.shared.session.evaluator().assign(target, text)
        self.post_message(Changed())
        self.post_message(Told(said, Role.OK))

    def action_watch_changes(self) -> None:
        """A watchpoint on the value under the cursor, or none any more."""
        if (name := self._expression()) is not None:
            self.shared.placing.watch_changes(name)

    def _expression(self) -> str | None:
        """What expressions call the value under the cursor."""
        if (node := self._node()) is not None:
            return node.expression
        return found[0] if (found := self._variable()) is not None else None

    def action_last_write(self) -> None:
        """Back to what last wrote the value under the cursor."""
        if (name := self._expression()) is not None:
            self.shared.placing.last_write(name)

    def action_fold(self) -> None:
        """Hides the rows of a section, or shows them again."""
        if (node := self._node()) is not None:
            self._opened ^= {node.expression} if node.opens else set()
            self.read()
        elif (found := self._at(self.cursor)) is not None:
            self._folded ^= {found[0].title}
            self.show(self.cursor - found[1] - 1)

    def action_memory(self) -> None:
        """The bytes that the value under the cursor points to: in memory 0, or the object of a reference."""
        if (node := self._node()) is not None:
            self._bytes_of(node)
            return
        if (found := self._variable()) is None:
            return
        item, instance = found[1], self.shared.session.instance()
        if isinstance(item.type, RefType):
            self.post_message(Goto(AsBytes(item.slot)))
        elif item.type in (NumType.I32, NumType.I64) and instance.memories:
            self.post_message(Goto(AsBytes(instance.memories[0].region.base + item.slot)))
        else:
            self.post_message(Told(f"{item.name} is no address"))

    def _bytes_of(self, node: Node) -> None:
        """The bytes of a variable of the source, or those that a pointer leads to."""
        memories = self.shared.session.instance().memories
        value = node.value
        if value is not None and isinstance(value.type, Pointer) and memories and value.integer:
            self.post_message(Goto(AsBytes(memories[0].region.base + value.integer)))
        elif value is not None and value.addr is not None:
            self.post_message(Goto(AsBytes(value.addr)))
        else:
            self.post_message(Told(f"{node.name} lies nowhere in memory"))


def _editable(item: Variable) -> str:
    """A value as an expression that gives it."""
    return f"{item.slot:#x}" if not isinstance(item.type, NumType) else item.text
