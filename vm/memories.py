"""A linear memory behind its VMMemoryDefinition: what runtime builtins and host functions do with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from vm.errors import MemoryFault, Trap, TrapKind
from vm.layout import Layouts
from vm.memory import AddressSpace, Region
from vm.types import Addr, MemoryType

CHUNK_BYTES = 8 << 20  # a bulk operation looks for a pause request this often


class MemoryStyle(StrEnum):
    """How memories lie in the address space: wasmtime's `Memory::Static` and `Memory::Dynamic`."""

    AUTO = "auto"  # static
    STATIC = "static"  # room for all growth is reserved: the base never moves
    DYNAMIC = "dynamic"  # what has no room for a growth moves


class PausedInBulk(Exception):
    """A pause was asked for in the middle of a bulk operation; the machine notes how far it came."""


@dataclass(eq=False)
class LinearMemory:
    """A memory of the store. Its base and length are the definition's fields and nothing else."""

    space: AddressSpace
    layouts: Layouts
    definition: Addr
    type: MemoryType
    region: Region
    owner: Addr  # the vmctx that owns it
    index: int  # among the owner's own memories
    room: int | None = None  # bytes it may grow to where it lies; None: all that it may ever have

    def __post_init__(self) -> None:
        place = self.layouts.field("VMMemoryDefinition", "current_length")
        self.length_word = self.space.words(place.at(self.definition), 1, place.size)  # live: always the present bound

    @property
    def size_bytes(self) -> int:
        return self.length_word[0]

    @property
    def pages(self) -> int:
        return self.size_bytes >> self.type.page_log2

    @property
    def max_pages(self) -> int:
        """What the type allows, declared or by its address type."""
        declared = self.type.limits.max
        return self.type.max_pages if declared is None else min(declared, self.type.max_pages)

    def grow(self, delta_pages: int, budget_bytes: int) -> int | None:
        """Grows by `delta_pages`; the old size in pages, or None past a limit. `budget_bytes` is the store's."""
        old = self.pages
        size = (old + delta_pages) << self.type.page_log2
        if old + delta_pages > self.max_pages or delta_pages << self.type.page_log2 > budget_bytes:
            return None
        if size > self.region.reserved:
            return None
        if self.room is not None and size > self.room:
            self._move(size)
        self.space.grow(self.region, max(self.region.size, size))
        place = self.layouts.field("VMMemoryDefinition", "current_length")
        self.space.store(place.at(self.definition), place.size, size)
        return old

    def _move(self, size: int) -> None:
        """To where it has room for twice what it wants now; importers find it by the definition."""
        self.space.move(self.region)
        self.room = 2 * size
        self.publish_base()

    def publish_base(self) -> None:
        """Writes where the memory lies into its definition."""
        base = self.layouts.field("VMMemoryDefinition", "base")
        self.space.store(base.at(self.definition), base.size, self.region.base)

    def check(self, offset: int, size: int) -> None:
        """Raises the out-of-bounds trap unless [offset, offset + size) lies in the memory."""
        if offset + size > self.size_bytes:
            raise out_of_bounds(offset, size, self.size_bytes)

    def read(self, offset: int, size: int) -> bytes:
        """Copies bytes out. Raises MemoryFault."""
        if offset < 0 or size < 0 or offset + size > self.size_bytes:
            raise MemoryFault(offset, size, "outside the linear memory")
        return bytes(self.region.view[offset : offset + size])

    def write(self, offset: int, data: bytes) -> None:
        """Copies bytes in and marks cards. Raises MemoryFault."""
        if offset < 0 or offset + len(data) > self.size_bytes:
            raise MemoryFault(offset, len(data), "outside the linear memory")
        if data:
            self.space.write(Addr(self.region.base + offset), data)

    def fill(self, at: int, value: int, size: int, done: int, paused: Callable[[], bool]) -> None:
        """memory.fill, going on after `done` bytes. Raises Trap, PausedInBulk (args: bytes done)."""
        self.check(at, size)
        chunk = bytes((value & 0xFF,)) * min(size, CHUNK_BYTES)
        while done < size:
            n = min(CHUNK_BYTES, size - done)
            self.region.view[at + done : at + done + n] = chunk[:n]
            self.region.mark(at + done, n)
            done += n
            if done < size and paused():
                raise PausedInBulk(done)

    def copy(self, to: int, source: LinearMemory, frm: int, size: int, done: int, paused: Callable[[], bool]) -> None:
        """memory.copy as if through a buffer: the direction of the chunks is chosen so that overlaps are safe."""
        self.check(to, size)
        source.check(frm, size)
        downwards = self is source and to > frm
        while done < size:
            n = min(CHUNK_BYTES, size - done)
            skip = size - done - n if downwards else done
            self.region.view[to + skip : to + skip + n] = bytes(source.region.view[frm + skip : frm + skip + n])
            self.region.mark(to + skip, n)
            done += n
            if done < size and paused():
                raise PausedInBulk(done)

    def init(self, at: int, data: bytes, frm: int, size: int) -> None:
        """memory.init from a segment's bytes (empty when dropped)."""
        check_segment(frm, size, len(data))
        self.check(at, size)
        self.write(at, data[frm : frm + size])


def check_segment(start: int, size: int, bound: int) -> None:
    """Raises the out-of-bounds trap unless a data segment has bytes [start, start + size)."""
    if start + size > bound:
        raise Trap(
            TrapKind.OUT_OF_BOUNDS_MEMORY,
            f"bytes {start:#x} .. {start + size:#x} of a data segment of {bound} bytes",
            at=start, size=size, bound=bound,
        )  # fmt: skip


def out_of_bounds(offset: int, size: int, bound: int) -> Trap:
    """The trap of an access to `size` bytes at effective address `offset` with `bound` bytes there."""
    return Trap(
        TrapKind.OUT_OF_BOUNDS_MEMORY,
        f"{size} byte{'s' if size != 1 else ''} at {offset:#x}, but the memory ends at {bound:#x}",
        at=offset, size=size, bound=bound,
    )  # fmt: skip
