"""The pane of blocks: what the program's own allocator has given it, uses after free, blocks freed twice; each with who
did it. The recording is gone through when that is asked for; what is done later is in it once it is asked again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType

from debugger.allocations import Allocations, BadFree, Misuse
from debugger.freed import Block
from ui.render import blocks
from ui.render.line import Line, Role, heading, line
from ui.tui.context import Screen
from ui.tui.messages import AsBytes, Commanded, Goto
from ui.tui.pane import Hints, Pane
from vm.types import Tick


@dataclass(frozen=True, slots=True)
class _Row:
    """A row, the moment that it leads to, and the address that it is about."""

    shown: Line
    tick: Tick | None = None
    address: int | None = None


class BlocksPane(Pane):
    """What went wrong is above, the live blocks are below, the largest first. Enter goes to the moment of a row."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "ask", "follow the allocator, up to now", id="blocks.list"),
        Binding("m", "bytes", "the bytes of the block", id="blocks.bytes"),
        Binding("W", "last_write", "back to what last wrote the block's first byte", id="blocks.wrote"),
    ]
    hints: ClassVar[Hints] = (("a", "up to now"), ("Enter", "go there"), ("m", "bytes"), ("W", "last write"))
    empty_text = "a follows the program's allocator (malloc, free …) through the recording, up to now"

    def __init__(self, screen: Screen) -> None:
        super().__init__(screen, "blocks")
        self._found: Allocations | None = None
        self._above: list[_Row] = []  # what went wrong, and headings
        self._live: list[Block] = []

    # -- reading ---------------------------------------------------------------------------------

    def read(self) -> None:
        found = self.shared.session.listings.blocks
        if found is not self._found:
            self._found = found
            self._above = [] if found is None else self._rows_above(found)
            self._live = [] if found is None else found.by_size
            self.cursor = 0
        self.border_subtitle = "" if found is None else f"up to tick {found.upto:,}"
        self.show()

    def _rows_above(self, found: Allocations) -> list[_Row]:
        rows = [_Row(heading(f"misuses  {len(found.misuses):,}"))]
        for number, each in enumerate(found.misuses[: blocks.MOST_ROWS], 1):
            lines = blocks.misuse(each, self.shared.views.caller, number)
            rows += [_Row(shown, tick, each.address) for shown, tick in zip(lines, _moments(each), strict=False)]
        live = sum(block.size for block in found.live.values())
        return [*rows, _Row(heading(f"live blocks  {len(found.live):,}, {live:,} bytes"))]

    # -- rows ------------------------------------------------------------------------------------

    def row_count(self) -> int:
        return len(self._above) + len(self._live)

    def _at(self, index: int) -> _Row:
        if index < len(self._above):
            return self._above[index]
        block = self._live[index - len(self._above)]
        return _Row(blocks.block_line(block, self.shared.views.caller), block.tick, block.address)

    def row(self, index: int) -> Line:
        return () if self.shared.running else self._at(index).shown

    def foot_height(self) -> int:
        return 0 if self._found is None else 1

    def foot(self, index: int) -> Line:
        assert self._found is not None
        parts = blocks.total(self._found)
        return line(*((text, Role.DIM) for text, _ in parts))

    # -- keys ------------------------------------------------------------------------------------

    def action_ask(self) -> None:
        self.post_message(Commanded("info allocations --quiet"))

    def action_choose(self) -> None:
        """Enter: to the moment of the row."""
        if self.shared.running:
            return
        if not self.row_count():
            self.action_ask()
        elif (tick := self._at(self.cursor).tick) is not None:
            self.shared.placing.go_to_tick(tick)

    def _place(self) -> int | None:
        """Where the bytes are that the row is about, in the address space."""
        if self.shared.running or not self.row_count():
            return None
        address, memories = self._at(self.cursor).address, self.shared.session.main.memories
        if address is None or not memories or address >= memories[0].size_bytes:
            return None
        return memories[0].region.base + address

    def action_bytes(self) -> None:
        if (place := self._place()) is not None:
            self.post_message(Goto(AsBytes(place)))

    def action_last_write(self) -> None:
        """Back to what last wrote the block under the cursor."""
        if (place := self._place()) is not None:
            self.shared.placing.last_write(f"u8@{place:#x}")


def _moments(found: Misuse) -> tuple[Tick, ...]:
    """When it was done, when the block was freed, when it was taken."""
    freed = found.before if isinstance(found, BadFree) else found.freed
    return (found.tick,) if freed is None else (found.tick, freed.tick, freed.block.tick)
