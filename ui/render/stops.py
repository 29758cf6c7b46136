"""Why the program stopped, in a line; breakpoints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import assert_never

from debugger.breakpoints import Breakpoint
from debugger.catchpoints import Catchpoint
from debugger.causes import Cause
from debugger.events import Reason, Stopped, Touched
from debugger.watchpoints import Watchpoint
from ui.render.code import GLYPHS
from ui.render.line import Line, Part, Role, columns, line

_MOST_CAUSES = 12


def stop_line(stopped: Stopped, where: str) -> Line:
    """`stopped: breakpoint 1 at $fib+0xc (0x136), tick 1,204`; `where` is `$fib+0xc (0x136)`."""
    word, what, role = _what(stopped)
    place: list[Part] = [" at ", (where, Role.NAME)] if where and not _is_over(stopped.reason) else []
    return line((word, role), what, *place, f", tick {stopped.tick:,}")


def causes(found: Sequence[Cause]) -> list[Line]:
    """The way of a trap's operand, the last step first; locals that it went through are left out."""
    shown = [cause for i, cause in enumerate(found) if not cause.is_way or i == len(found) - 1][:_MOST_CAUSES]
    if not shown:
        return []
    rows: list[list[Part]] = [
        ["   ", (cause.value, Role.NUMBER), (cause.instruction, Role.KEYWORD), f"at {cause.place}",
         (f"tick {cause.tick:,}", Role.DIM), (cause.note, Role.COMMENT)]
        for cause in shown
    ]  # fmt: skip
    return [line("    where it came from (`cause` goes to the last of them):"), *columns(rows)]


def touched_text(touched: Touched) -> str:
    """`watchpoint 2: $g 1 → 5`, or what else is to be said of it."""
    name = f"watchpoint {touched.id}: {touched.expression}"
    if touched.ended:
        return f"watchpoint {touched.id} has ended: the frame of {touched.expression} is gone"
    if touched.before != touched.after:
        return f"{name} {touched.before} → {touched.after}"
    return f"{name} {'written' if touched.wrote else 'read'}, it is {touched.after}"


def _is_over(reason: Reason) -> bool:
    return reason in (Reason.FINISHED, Reason.EXITED)


def _what(stopped: Stopped) -> tuple[str, str, Role]:
    detail = stopped.detail
    match stopped.reason:
        case Reason.BREAKPOINT:
            numbers = ", ".join(map(str, detail.breakpoints))
            return "stopped:", f" breakpoint{'s' if len(detail.breakpoints) > 1 else ''} {numbers}", Role.BREAKPOINT
        case Reason.WATCHPOINT:
            return "stopped:", " " + "; ".join(map(touched_text, detail.touched)), Role.BREAKPOINT
        case Reason.STEP:
            return "stopped:", " step", Role.PC
        case Reason.ENTRY:
            return "stopped:", " entry", Role.PC
        case Reason.PAUSE:
            return "stopped:", " paused", Role.WARNING
        case Reason.TICK:
            return "stopped:", " tick reached", Role.PC
        case Reason.INPUT:
            return "stopped:", " the program waits for standard input", Role.WARNING
        case Reason.TRAP:
            return "trap:", f" {detail.trap.kind.value if detail.trap else ''}", Role.ERROR
        case Reason.FINISHED:
            results = ", ".join(detail.results)
            return "finished", f": {results}" if results else "", Role.OK
        case Reason.EXITED:
            return "exited", f" with code {detail.exit_code}", Role.ERROR if detail.exit_code else Role.OK
        case _ as never:
            assert_never(never)


def glyph_of(breakpoint_: Breakpoint) -> str:
    """How a breakpoint looks in a margin."""
    if not breakpoint_.enabled:
        return GLYPHS.disabled
    if isinstance(breakpoint_, Watchpoint):
        return GLYPHS.watchpoint
    conditional = breakpoint_.condition or breakpoint_.hit_rule or breakpoint_.log or breakpoint_.ignore
    return GLYPHS.conditional if conditional else GLYPHS.plain


def breakpoints(items: Iterable[Breakpoint]) -> list[Line]:
    """One line a breakpoint: where, what it depends on, how often it was reached."""
    rows: list[list[Part]] = [
        [(str(b.id), Role.LABEL), (glyph_of(b), Role.BREAKPOINT), (_name(b), Role.NAME), sites_text(b),
         (conditions_text(b), Role.COMMENT), f"{b.hits} hit{'s' if b.hits != 1 else ''}"]
        for b in items
    ]  # fmt: skip
    return columns(rows, right=(0,))


def hits_text(breakpoint_: Breakpoint) -> str:
    """What stands beside a breakpoint's instruction: `hits 12 if n>3`; empty when there is nothing to say."""
    hits = f"hits {breakpoint_.hits:,}" if breakpoint_.hits else ""
    return "  ".join(filter(None, (hits, conditions_text(breakpoint_))))


def sites_text(breakpoint_: Breakpoint) -> str:
    """`at $fib+0xc`, or how many places it stands at."""
    if isinstance(breakpoint_, Watchpoint):
        return _target_text(breakpoint_)
    if isinstance(breakpoint_, Catchpoint) and not breakpoint_.location:
        return "wherever it happens"
    if breakpoint_.pending:
        return "pending: nothing is called that yet"
    first = breakpoint_.resolved[0]
    text = f"at {first.text}" + (f" ({first.note})" if first.note else "")
    more = len(breakpoint_.resolved) - 1
    return text + (f" and {more} more place{'s' if more > 1 else ''}" if more else "")


def _name(breakpoint_: Breakpoint) -> str:
    if isinstance(breakpoint_, Catchpoint):
        return f"catch {breakpoint_.kind.value} {breakpoint_.what}".rstrip()
    kind = f"{breakpoint_.kind.value} " if isinstance(breakpoint_, Watchpoint) else ""
    return kind + breakpoint_.location


def _target_text(watchpoint: Watchpoint) -> str:
    """`4 bytes, global $g`."""
    target = watchpoint.target
    if target is None:
        return "nothing is there"
    return f"{target.size:,} byte{'s' if target.size != 1 else ''}, {target.where}"


def conditions_text(breakpoint_: Breakpoint) -> str:
    """What else has to hold, and what it does."""
    parts = []
    if breakpoint_.temporary:
        parts.append("once")
    if breakpoint_.condition:
        parts.append(f"if {breakpoint_.condition}")
    if breakpoint_.hit_rule:
        parts.append(f"hits {breakpoint_.hit_rule}")
    if breakpoint_.ignore:
        parts.append(f"ignores {breakpoint_.ignore} more")
    if breakpoint_.log:
        parts.append(f"logs {breakpoint_.log!r}")
    return ", ".join(parts)


def breakpoint_set(breakpoint_: Breakpoint) -> Line:
    """What was set, when it was."""
    what = "watchpoint" if isinstance(breakpoint_, Watchpoint) else "breakpoint"
    if isinstance(breakpoint_, Catchpoint):
        what = "catchpoint"
    return line(
        (f"{what} {breakpoint_.id}", Role.BREAKPOINT), " ", (sites_text(breakpoint_), Role.NAME),
        *((", ", (conditions_text(breakpoint_), Role.COMMENT)) if conditions_text(breakpoint_) else ()),
    )  # fmt: skip
