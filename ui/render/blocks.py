"""Blocks of the program's own allocator: those that are live, and what was done to ones that were not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from debugger.allocations import Allocations, BadFree, Misuse
from debugger.freed import Block, Caller, Stack
from ui.render.catalog import item_line
from ui.render.line import Line, Part, Role, columns, line, note
from vm.types import Tick

MOST_ROWS = 40
_MOST_CALLERS = 4
_WIDTHS = (10, 14, 14, 0)  # cells of a block's columns but the last

NameCaller = Callable[[Caller], str]


def allocations(found: Allocations, blocks: Sequence[Block], name: NameCaller) -> Iterator[Line]:
    """What went wrong, then some blocks, then how much it is in all."""
    for number, each in enumerate(found.misuses[:MOST_ROWS], 1):
        yield from misuse(each, name, number)
    if len(found.misuses) > MOST_ROWS:
        yield note(f"... {len(found.misuses) - MOST_ROWS:,} more misuses")
    yield from columns([_cells(block, name) for block in blocks[:MOST_ROWS]], right=(1, 2))
    if len(blocks) > MOST_ROWS:
        yield note(f"... {len(blocks) - MOST_ROWS:,} more blocks")
    yield total(found)
    if found.unwatched:
        yield note(f"uses of {_blocks(found.unwatched)} freed long ago were not looked for")


def total(found: Allocations) -> Line:
    """How much it is in all."""
    live = sum(block.size for block in found.live.values())
    whole = "" if found.whole else "; it was stopped before the end"
    return line(f"{_blocks(len(found.live))} live, {live:,} bytes; {found.calls:,} calls, "
                f"{found.total:,} bytes in all, {found.peak:,} at most{whole}")  # fmt: skip


def block_line(block: Block, name: NameCaller) -> Line:
    """A live block by itself."""
    return item_line(_cells(block, name), _WIDTHS)


def misuse(found: Misuse, name: NameCaller, number: int = 0) -> Iterator[Line]:
    """What was done, the first line alone in short; then who freed the block, and who took it."""
    which = f"{number}  " if number else ""
    yield line((which, Role.LABEL), (_what(found), Role.ERROR), *_done(found.tick, found.stack, name))
    freed = found.before if isinstance(found, BadFree) else found.freed
    if freed is not None:
        indent, block = " " * max(2, len(which)), freed.block
        yield line(indent, ("freed", Role.DIM), *_done(freed.tick, freed.stack, name))
        yield line(indent, ("taken", Role.DIM), *_done(block.tick, block.stack, name, _within(found, block)))


def _done(tick: Tick, stack: Stack, name: NameCaller, about: str = "") -> tuple[Part, ...]:
    """When something was done, and by whom."""
    return (f"  tick {tick:,}  ", Role.LABEL), (about, Role.NUMBER), (_stack(stack, name), Role.NAME)


def _what(found: Misuse) -> str:
    if isinstance(found, BadFree):
        return f"freed {found.address:#x}, never taken" if found.before is None else f"freed {found.address:#x} twice"
    often = f" ×{found.times:,}" if found.times > 1 else ""
    return f"{'wrote' if found.writes else 'read'} {found.address:#x} after free{often}"


def _within(found: Misuse, block: Block) -> str:
    within = found.address - block.address
    return f"{f'{within:,} into ' if within > 0 else ''}{block.size:,} bytes  "


def _blocks(count: int) -> str:
    return f"{count:,} block" + ("" if count == 1 else "s")


def _cells(block: Block, name: NameCaller) -> list[Part]:
    return [(f"{block.address:#x}", Role.ADDRESS), (f"{block.size:,} bytes", Role.NUMBER),
            (f"tick {block.tick:,}", Role.LABEL), (_stack(block.stack, name), Role.NAME)]  # fmt: skip


def _stack(callers: Stack, name: NameCaller) -> str:
    more = " ← …" if len(callers) > _MOST_CALLERS else ""
    return " ← ".join(name(caller) for caller in callers[:_MOST_CALLERS]) + more
