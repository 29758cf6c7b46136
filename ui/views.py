"""What a session looks like now, as lines: records are pulled and rendered. Nothing here changes the session."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import PurePosixPath

from debugger.dwarf.info import said_elsewhere
from debugger.dwarf.lines import Line as LineAt
from debugger.events import Place, Reason, Stopped
from debugger.explain import explain_trap
from debugger.freed import Caller
from debugger.inspect import Frame
from debugger.session import Session
from debugger.source.tree import nodes
from debugger.watches import WatchValue
from ui.listings import Listings
from ui.render import code, frame, source, stops
from ui.render.frame import StackRow
from ui.render.line import Line, Role, heading, line, note
from vm.control import Record
from vm.instance import Instance

_RULE_WIDTH = 72
_STACK_ROWS = 8
_CONTEXT_LOCALS = 10


class Views:
    """Views of one session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.listings = Listings(session)
        self._watched: dict[int, WatchValue] = {}
        self._watched_at = -1  # stop id

    # -- places ----------------------------------------------------------------------------------

    def where(self, place: Place | None) -> str:
        """`$fib+0xc (0x136)`, or a host function's name."""
        if place is None:
            return ""
        instance = self.session.machine.instance_at(place.vmctx)
        if instance is None or place.offset is None:
            return f"host function {place.name}"
        return f"{place.name}+{self._within(instance, place.func, place.offset):#x} ({place.offset:#x})"

    def where_of(self, record: Record) -> str:
        """As `where`, for the instruction that a control record stands at."""
        instance = self.session.machine.instance_at(record.vmctx)
        if instance is None:
            return "host function" if record.is_host else ""
        instr = instance.facts(record.func).instrs[record.pc]
        name = self.session.inspect.func_name(instance, record.func)
        return self.where(Place(record.vmctx, record.func, record.pc, instr.offset, name))

    def caller(self, at: Caller) -> str:
        """`$main words.c:12`: the function of a frame, and its line where that is known."""
        instance = self.session.machine.instance_at(at.vmctx)
        if instance is None:
            return "the host"
        name = self.session.inspect.func_name(instance, at.func)
        lines, instrs = self.session.lines_of(instance), instance.facts(at.func).instrs
        found = None if lines is None else lines.find(instrs[at.pc].offset)
        return name if found is None else f"{name} {PurePosixPath(found.file).name}:{found.line}"

    def _within(self, instance: Instance, func: int, offset: int) -> int:
        return offset - instance.module.body(func).span.start

    # -- code ------------------------------------------------------------------------------------

    def marks(self, instance: Instance, func: int) -> code.Marks:
        """Breakpoints of a function, and the pc when the selected frame is in it."""
        glyphs = {
            resolved.site.pc: stops.glyph_of(breakpoint_)
            for breakpoint_ in self.session.breakpoints
            for resolved in breakpoint_.resolved
            if (resolved.site.vmctx, resolved.site.func) == (instance.addr, func)
        }
        selected = self.session.frame()
        inside = selected is not None and selected.instance is instance and selected.func == func
        heat = None if self.session.heat is None else self.session.heat.by_function.get((instance.addr, func), ())
        if selected is None or not inside:
            return code.Marks(breakpoints=glyphs, heat=heat)
        return code.Marks(selected.pc, selected.number > 0, glyphs, heat)

    def code(self, shown: Frame, before: int, after: int) -> list[Line]:
        """Disassembly around a frame's pc."""
        if shown.instance is None:
            return [note(f"  {shown.name} is a host function")]
        rows = self.listings.function(shown.instance, shown.func)
        return code.code_window(rows, self.marks(shown.instance, shown.func), before, after)

    def source(self, shown: Frame, before: int, after: int) -> list[Line]:
        """Source around a frame's line; empty when there is none."""
        place = self.listings.place(shown)
        if place is None:
            return []
        if place.text is None:
            return [note(f"  {place.file}:{place.line}: the file was not found")]
        first, last = place.line - before, place.line + after
        return code.source_window(place.text, place.line, first, last, is_caller=shown.number > 0)

    # -- frames ----------------------------------------------------------------------------------

    def frame_line(self, shown: Frame) -> Line:
        return frame.stack_line(self.stack_row(shown), shown.number == self.session.selected)

    def stack_row(self, shown: Frame) -> StackRow:
        """A frame with what the backtrace says of it."""
        args = self.session.inspect.locals(shown)
        if shown.instance is None or shown.offset is None:
            return StackRow(shown, "", args, "")
        count = len(shown.instance.module.func_type(shown.func).params)
        place = self.listings.place(shown)
        at = f"+{self._within(shown.instance, shown.func, shown.offset):#x}"
        inlined = [(name, _short(at)) for name, at in self.session.inlined(shown)]
        source_ = inlined[-1][1] if inlined else place.short if place else ""
        return StackRow(shown, at, args[:count], source_, tuple(inlined[:-1]))

    def backtrace(self, limit: int | None) -> list[Line]:
        """The call stack, innermost first."""
        depth = self.session.machine.control.depth
        shown = islice(self.session.inspect.frames(), limit)
        rows = [self.stack_row(f) for f in shown]
        return frame.backtrace(rows, self.session.selected, depth - len(rows))

    def locals(self, shown: Frame) -> list[Line]:
        """Variables of the source, if they are known, then the function's own locals."""
        variables, below = self.variables(shown), frame.variables(self.session.inspect.locals(shown))
        if not variables and (elsewhere := self.elsewhere(shown)):
            variables = [note(f"  {elsewhere}")]
        if not variables:
            return below
        return [*variables, heading("WebAssembly locals"), *below] if below else variables

    def elsewhere(self, shown: Frame) -> str:
        """Where a function's variables were put, when that is another file; empty when it is not."""
        if shown.instance is None:
            return ""
        return said_elsewhere(shown.instance.module, self.session.debug_info(shown.instance), shown.offset)

    def variables(self, shown: Frame) -> list[Line]:
        """Variables of the source."""
        found = self.session.source_frame(shown.number)
        return [] if found is None else source.variables(nodes(found, ()))

    def _context_locals(self, shown: Frame) -> list[Line]:
        """Variables in a context: of many, those that say something."""
        if variables := self.variables(shown):
            more = len(variables) - _CONTEXT_LOCALS
            return [*variables[:_CONTEXT_LOCALS], *([note(f"  ... {more} more: info locals")] if more > 0 else [])]
        items = self.session.inspect.locals(shown)
        if len(items) <= _CONTEXT_LOCALS:
            return frame.variables(items)
        telling = [v for v in items if v.slot or not v.name.isdigit()][:_CONTEXT_LOCALS]
        return [*frame.variables(telling), note(f"  ... {len(items) - len(telling)} more: info locals")]

    def operands(self, shown: Frame) -> list[Line]:
        return frame.operands(self.session.inspect.operands(shown))

    def labels(self, shown: Frame) -> list[Line]:
        return frame.labels(self.session.inspect.labels(shown))

    # -- watches ---------------------------------------------------------------------------------

    def watch_values(self) -> tuple[WatchValue, ...]:
        """Watches at this stop; what changed since the last stop stays marked until the next one."""
        session = self.session
        if self._watched_at != session.stop_id:
            self._watched, self._watched_at = {}, session.stop_id
        for value in session.watches.update(session.evaluator()):
            known = self._watched.get(value.id)
            if known is None or known.value != value.value:
                self._watched[value.id] = value
        return tuple(self._watched[w.id] for w in session.watches)

    def watches(self) -> list[Line]:
        return frame.watches(self.watch_values())

    # -- stops -----------------------------------------------------------------------------------

    def stop(self, stopped: Stopped, with_code: bool = True) -> list[Line]:
        """Why and where, and the instruction."""
        out = [stops.stop_line(stopped, self.where(stopped.at))]
        out += [note(f"  {text}") for text in stopped.detail.notes]
        out += self.why(stopped)
        out += self.here() if with_code and stopped.at is not None else []
        if stopped.reason is Reason.INPUT:
            out.append(note("  give it a line with: stdin TEXT (or stdin --eof), then continue"))
        return out

    def why(self, stopped: Stopped) -> list[Line]:
        """What led to a trap: the check, the values, the bound."""
        if stopped.detail.trap is None:
            return []
        session = self.session
        texts = explain_trap(
            session.machine, session.inspect, stopped.detail.trap, session.lines_at, session.variable_at
        )
        sentence = texts[0].removeprefix(f"{stopped.detail.trap.kind.value}: ")
        return [*(line("  ", text) for text in (sentence, *texts[1:])), *stops.causes(session.causes)]

    def here(self) -> list[Line]:
        """The source line and the instruction of the selected frame."""
        shown = self.session.frame()
        return [] if shown is None else [*self.source(shown, 0, 0), *self.code(shown, 0, 0)]

    def context(self, code_lines: int) -> Iterator[Line]:
        """Code, frame and stack of the selected frame, each under its heading."""
        shown = self.session.frame()
        if shown is None:
            yield note("no call is under way")
            return
        before = code_lines // 2
        yield from section(f"code: {shown.name}", self.code(shown, before, code_lines - before - 1))
        yield from section("source", self.source(shown, before, before))
        yield from section("locals", self._context_locals(shown))
        yield from section("operand stack", self.operands(shown))
        yield from section("stack", self.backtrace(_STACK_ROWS))


def _short(at: LineAt | None) -> str:
    """`fib.c:4`."""
    return "" if at is None else f"{PurePosixPath(at.file).name}:{at.line}"


def section(title: str, lines: Iterable[Line]) -> Iterator[Line]:
    """Lines under a rule with a title; nothing when there are none."""
    rendered = list(lines)
    if rendered:
        yield line(("── ", Role.RAIL), (title, Role.HEADING), (f" {'─' * (_RULE_WIDTH - len(title))}", Role.RAIL))
        yield from rendered
