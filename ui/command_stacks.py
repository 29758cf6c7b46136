"""Commands about what the program keeps in its memory: its own stack there, and the blocks of its allocator."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterable, Iterator

from debugger.allocations import Allocations, Block, Follower
from debugger.shadow_stack import shadow_stack
from ui.command import Command, Context, at_most_one
from ui.render.line import Line, Role, columns, line, note
from vm.errors import UserError

_FAMILY = "memory"
_MOST_ROWS = 40


def _shadow(context: Context, args: Namespace) -> Iterator[Line]:
    session = context.session
    found = shadow_stack(session.inspect, session.instance())
    if found is None:
        raise UserError(
            "this module has no stack in its memory that is known", "one has a global called __stack_pointer"
        )
    used, left = found.top - found.pointer, max(0, found.pointer - found.floor)
    yield line(f"{found.pointer:#x} to {found.top:#x}, {used:,} bytes in use, {left:,} left; "
               f"below {found.floor:#x}: {found.below}")  # fmt: skip
    if found.overflow:
        yield line((f"it has grown {found.overflow:,} bytes into {found.below}", Role.ERROR))
    yield from columns(
        [[(f"#{p.frame.number}", Role.LABEL), (f"{p.start:#x}", Role.ADDRESS), f"{p.size:,} bytes",
          (p.frame.name, Role.NAME)] for p in found.pieces[:_MOST_ROWS]], right=(2,)
    )  # fmt: skip
    if len(found.pieces) > _MOST_ROWS:
        yield note(f"... {len(found.pieces) - _MOST_ROWS:,} more frames")


def _allocations(context: Context, args: Namespace) -> Iterable[Line]:
    session = context.session
    follower = Follower(session.machine, session.inspect, session.history, session.main)
    if not follower.allocator:
        raise UserError(
            "no function of this module is called like one of an allocator", "malloc, free, __rust_alloc ..."
        )
    now = session.tick
    with session.history.excursion():
        found = follower.follow(session.history.first_tick, now, lambda done, of: not session.pause_wanted)
    return _shown(found, int(args.address, 0) if args.address else None)


def _shown(found: Allocations, address: int | None) -> Iterator[Line]:
    blocks = sorted(found.live.values(), key=lambda b: -b.size)
    if address is not None:
        blocks = [b for b in blocks if b.address <= address < b.address + max(b.size, 1)]
        if not blocks:
            raise UserError(f"{address:#x} is in no live block")
    for bad in found.bad_frees:
        what = "freed twice" if bad.before is not None else "freed, but never taken"
        yield line((f"{bad.address:#x} was {what}, at tick {bad.tick:,}: {_stack(bad.stack)}", Role.ERROR))
        if bad.before is not None:
            yield line(f"  taken at tick {bad.before.tick:,}: {_stack(bad.before.stack)}; freed at tick {bad.freed:,}")
    yield from columns([_cells(b) for b in blocks[:_MOST_ROWS]], right=(1, 2))
    if len(blocks) > _MOST_ROWS:
        yield note(f"... {len(blocks) - _MOST_ROWS:,} more blocks")
    live = sum(b.size for b in found.live.values())
    yield line(f"{len(found.live):,} live blocks, {live:,} bytes; {found.calls:,} calls, {found.total:,} bytes in all, "
               f"{found.peak:,} at most" + ("" if found.whole else "; it was stopped before the end"))  # fmt: skip


def _cells(block: Block) -> list[tuple[str, Role]]:
    return [(f"{block.address:#x}", Role.ADDRESS), (f"{block.size:,} bytes", Role.NUMBER),
            (f"tick {block.tick:,}", Role.LABEL), (_stack(block.stack), Role.NAME)]  # fmt: skip


def _stack(names: tuple[str, ...]) -> str:
    return " ← ".join(names[:4]) + (" ← …" if len(names) > 4 else "")


COMMANDS = (
    Command("info shadow-stack", _FAMILY, "the stack in linear memory: what frames have of it, what is left", _shadow,
            ("shadow",)),
    Command("info allocations", _FAMILY, "blocks that the program has taken and not given back, by the recording",
            _allocations, ("leaks",), at_most_one("ADDRESS", "address"),
            details="each with the calls that took it; blocks freed twice come first"),
)  # fmt: skip
