"""The address space: native memory in named regions, the machine's whole state.

Regions lie in one arena at a fixed hint, so that addresses are the same from run to run where the system
allows. An address is never reused within an AddressSpace. A region reserves its greatest size at once and makes
pages accessible as it grows, so its base never moves.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import sys
import weakref
from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

from vm.errors import MemoryFault, WasmscopeError
from vm.types import Addr

CARD_BYTES = 4096
# What a card says. Whoever writes puts FRESH; that is taken back by views at a stop, and by the copy of a checkpoint.
NEVER, FRESH, SEEN, COPIED, OLD = 0, 1, 2, 3, 4  # SEEN: by views, COPIED: by a checkpoint, OLD: by both
_ARENA_HINT = 0x2000_0000_0000
ARENA = range(_ARENA_HINT, _ARENA_HINT + (1 << 44))  # where regions lie, if the system allows
_GAP_BYTES = 1 << 16  # between regions, never accessible

_PROT_NONE, _PROT_RW = 0, mmap.PROT_READ | mmap.PROT_WRITE
_MAP_NORESERVE = 0x4000 if sys.platform == "linux" else 0x40
_MAP_FIXED = 0x10
_MAP_FIXED_NOREPLACE = 0x100000 if sys.platform == "linux" else 0
_MAP_FAILED = ctypes.c_void_p(-1).value


class RegionKind(Enum):
    """What a region holds; the value is its name in maps."""

    MACHINE = "machine"
    THREAD = "thread"
    CONTROL = "control stack"
    VALUES = "value stack"
    ENGINE = "engine"
    HOST = "host"
    CODE = "code"
    STORE = "store context"
    BUILTINS = "builtins"
    TYPE_IDS = "type ids"
    VMCTX = "vmctx"
    HOST_CONTEXT = "host context"
    TABLE = "table elements"
    MEMORY = "linear memory"
    DATA = "module data"
    GC_HEAP = "gc heap"
    ELEMS = "element segment"
    GC_OBJECTS = "gc objects"
    FUNC_REF_IDS = "funcref ids"


_HOLD_POINTERS = (RegionKind.VMCTX, RegionKind.TABLE, RegionKind.HOST_CONTEXT, RegionKind.FUNC_REF_IDS)
_POINTER_BYTES = 8


class Write(NamedTuple):
    """A write as it was recorded; `pointee` is the region number and offset that a pointer leads to."""

    region: int
    offset: int
    data: bytes
    pointee: tuple[int, int] | None = None


class OutOfAddressSpace(WasmscopeError):
    """The system refused a reservation."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__(size_bytes)
        self.size_bytes = size_bytes

    def __str__(self) -> str:
        return f"the system refused to reserve {self.size_bytes:,} bytes of address space"


@dataclass(eq=False)
class Region:
    """Bytes [base, base + size) of the address space; `reserved` is how far it may grow."""

    number: int  # regions are numbered as they are mapped
    kind: RegionKind
    name: str
    base: Addr
    size: int
    reserved: int
    writable: bool
    owner: Addr | None
    view: memoryview = field(repr=False)  # over all that is reserved: touch only what is accessible
    cards: memoryview | None = field(repr=False)  # one byte per CARD_BYTES; None: not tracked
    shared: bool = False  # its pages may be mapped a second time, so that it can move
    # where it lay before it moved: the same bytes, as who read them there may go on to do so
    earlier: list[tuple[Addr, memoryview]] = field(default_factory=list, repr=False)

    @property
    def end(self) -> Addr:
        return Addr(self.base + self.size)

    def is_for(self, kind: RegionKind, name: str, reserved: int, writable: bool) -> bool:
        """Whether it is what somebody wants to map."""
        wanted = (kind, name, reserved, writable)
        return not self.earlier and (self.kind, self.name, self.reserved, self.writable) == wanted

    def mark(self, offset: int, size: int) -> None:
        """Notes that bytes [offset, offset + size) were written."""
        if self.cards is not None and size:
            first, last = offset // CARD_BYTES, (offset + size - 1) // CARD_BYTES
            self.cards[first : last + 1] = bytes((FRESH,)) * (last + 1 - first)


class LiveWord:
    """One number of a record, read and written in place; writing marks its card. For what is asked for all the time."""

    __slots__ = ("_card", "_cards", "view")

    def __init__(self, view: memoryview, cards: memoryview, card: int) -> None:
        self.view, self._cards, self._card = view, cards, card  # view[0]: for whoever only reads, and that often

    @property
    def value(self) -> int:
        found: int = self.view[0]
        return found

    @value.setter
    def value(self, value: int) -> None:
        self.view[0] = value
        self._cards[self._card] = FRESH


class AddressSpace:
    """Native memory in named regions. Not thread-safe."""

    def __init__(self) -> None:
        self._next = _ARENA_HINT
        self._bases: list[int] = []
        self._regions: dict[int, Region] = {}
        self._mapped = 0
        self._moved: list[Region] = []
        self._parked: dict[int, Region] = {}  # of a later time than the one gone back to, by number
        self.moves = 0  # how often a region moved
        self.recorder: list[Write] | None = None  # gets what is written

    def map(
        self,
        kind: RegionKind,
        name: str,
        size: int,
        *,
        reserve: int = 0,
        owner: Addr | None = None,
        writable: bool = True,
        tracked: bool = True,
        movable: bool = False,
    ) -> Region:
        """A new zeroed region of `size` accessible bytes that may grow to `reserve`. Raises OutOfAddressSpace.

        `movable`: it may be given to `move`.
        """
        reserved = _round_up(max(size, reserve, 1), mmap.PAGESIZE)
        parked = self._parked.pop(self._mapped, None)
        if parked is not None and parked.is_for(kind, name, reserved, writable):
            return self._again(parked, size, owner)
        base = Addr(_reserve(self._next, reserved, shared=movable))
        cards = memoryview(mmap.mmap(-1, reserved // CARD_BYTES + 1)) if tracked and writable else None
        view = self._viewed(base, reserved)
        region = Region(self._mapped, kind, name, base, 0, reserved, writable, owner, view, cards, movable)
        self._mapped += 1
        self.grow(region, size)
        insort(self._bases, base)
        self._regions[base] = region
        return region

    def _again(self, region: Region, size: int, owner: Addr | None) -> Region:
        """A region as it was first mapped, at the address where it was in a time that was gone back from."""
        if region.cards is not None:  # else a stack: nobody reads there before writing
            region.view[: region.size] = bytes(region.size)
            region.cards[:] = bytes(len(region.cards))
        region.size, region.owner = 0, owner
        self._mapped += 1
        self.grow(region, size)
        insort(self._bases, region.base)
        self._regions[region.base] = region
        return region

    @property
    def mapped(self) -> int:
        """How many regions have been mapped: the number that the next one gets."""
        return self._mapped

    def return_to(self, regions: Iterable[Region], mapped: int) -> None:
        """Goes back, or on, to a time at which these were the regions. The others wait to be mapped again."""
        wanted: dict[int, Region] = {region.base: region for region in regions}
        for base, region in self._regions.items():
            if base not in wanted:
                self._parked[region.number] = region
        for region in wanted.values():
            if self._parked.get(region.number) is region:
                del self._parked[region.number]
        self._regions, self._bases, self._mapped = wanted, sorted(wanted), mapped

    def _viewed(self, base: Addr, reserved: int) -> memoryview:
        """A view of a reservation, which is given back once the last view is gone."""
        self._next = _round_up(base + reserved + _GAP_BYTES, _GAP_BYTES)
        array = (ctypes.c_ubyte * reserved).from_address(base)
        weakref.finalize(array, _LIBC.munmap, base, reserved)
        return memoryview(array).cast("B")

    def grow(self, region: Region, size: int) -> None:
        """Makes a region's first `size` bytes accessible; new ones are zero."""
        assert region.size <= size <= region.reserved
        if size:
            for base in (region.base, *(base for base, _ in region.earlier)):
                _make_accessible(base, _round_up(size, mmap.PAGESIZE))
        region.size = size

    def move(self, region: Region) -> None:
        """Gives a movable region another address. The bytes stay reachable where they were: a second mapping of them.

        Raises OutOfAddressSpace.
        """
        base = Addr(_reserve(self._next, region.reserved))
        self.moves += 1
        _duplicate(region.base, base, region.reserved, _round_up(region.size, mmap.PAGESIZE))
        if not region.earlier:
            self._moved.append(region)
        region.earlier.append((region.base, region.view))
        self._bases.remove(region.base)
        del self._regions[region.base]
        region.base, region.view = base, self._viewed(base, region.reserved)
        insort(self._bases, base)
        self._regions[base] = region

    def map_file(self, region: Region, offset: int, size: int, file: int) -> bool:
        """Maps a file's first bytes copy-on-write into a region; False where that cannot be: nothing has changed then.

        Both numbers are multiples of the system's page size.
        """
        if region.shared or offset % mmap.PAGESIZE or size % mmap.PAGESIZE or offset + size > region.reserved:
            return False
        flags = mmap.MAP_PRIVATE | _MAP_FIXED
        return bool(_LIBC.mmap(region.base + offset, size, _PROT_RW, flags, file, 0) == region.base + offset)

    def regions(self) -> Iterator[Region]:
        """All regions, by address."""
        return (self._regions[b] for b in self._bases)

    def region_at(self, addr: int) -> Region | None:
        """The region that holds `addr`; an empty one has its base."""
        i = bisect_right(self._bases, addr)
        if i == 0:
            return None
        region = self._regions[self._bases[i - 1]]
        return region if addr < region.base + max(region.size, 1) else None

    def locate(self, addr: int, size: int) -> tuple[Region, int]:
        """Region and offset of `size` accessible bytes. Raises MemoryFault."""
        region = self.region_at(addr)
        if region is None and self._moved:
            return self._locate_moved(addr, size)
        if region is None or size < 0 or addr + size > region.end:
            raise MemoryFault(addr, size)
        return region, addr - region.base

    def at_any_time(self, addr: int, size: int) -> tuple[Region, int]:
        """As `locate`, for bytes that may not be there yet: behind a region's end, or in one of later.

        Raises MemoryFault.
        """
        for region in (*self._regions.values(), *self._parked.values()):
            for base in (region.base, *(base for base, _ in region.earlier)):
                if base <= addr and size >= 0 and addr + size <= base + region.reserved:
                    return region, addr - base
        raise MemoryFault(addr, size)

    def peek(self, addr: int, size: int) -> bytes:
        """Bytes that may not be there yet; those are zero. Raises MemoryFault."""
        region, offset = self.at_any_time(addr, size)
        is_there = self._regions.get(region.base) is region
        data = bytes(region.view[offset : max(offset, min(offset + size, region.size))]) if is_there else b""
        return data + bytes(size - len(data))

    def everywhere(self, addr: Addr, size: int) -> tuple[Addr, ...]:
        """All addresses of bytes: those of before a move too. Raises MemoryFault."""
        region, offset = self.at_any_time(addr, size)
        return tuple(Addr(base + offset) for base in (region.base, *(base for base, _ in region.earlier)))

    def _locate_moved(self, addr: int, size: int) -> tuple[Region, int]:
        """Where bytes lie now whose address is of before a move: a watchpoint's, or a bookmark's."""
        for region in self._moved:
            for base, _ in region.earlier:
                if base <= addr and size >= 0 and addr + size <= base + region.size:
                    return region, addr - base
        raise MemoryFault(addr, size)

    def read(self, addr: Addr, size: int) -> bytes:
        """Bytes at an address. Raises MemoryFault."""
        if size == 0:
            return b""
        region, offset = self.locate(addr, size)
        return bytes(region.view[offset : offset + size])

    def write(self, addr: Addr, data: bytes) -> None:
        """Writes bytes and marks their cards. Raises MemoryFault, also for read-only regions."""
        if not data:
            return
        region, offset = self.locate(addr, len(data))
        if not region.writable:
            raise MemoryFault(addr, len(data), f"{region.kind.value} is read-only")
        region.view[offset : offset + len(data)] = data
        region.mark(offset, len(data))
        if self.recorder is not None:
            self.recorder.append(Write(region.number, offset, bytes(data), self._pointee(region, data)))

    def _pointee(self, region: Region, data: bytes) -> tuple[int, int] | None:
        """Where a pointer that is written into a runtime structure leads; low tag bits stay in the offset."""
        if region.kind not in _HOLD_POINTERS or len(data) != _POINTER_BYTES:
            return None
        value = int.from_bytes(data, "little")
        found = self.region_at(value)
        return None if found is None else (found.number, value - found.base)

    def rewrite(self, write: Write) -> None:
        """Repeats a recorded write, in this space or in another one mapped in the same order."""
        by_number = {r.number: r for r in self._regions.values()}
        data = write.data
        if write.pointee is not None:
            number, offset = write.pointee
            data = (by_number[number].base + offset).to_bytes(_POINTER_BYTES, "little")
        self.write(Addr(by_number[write.region].base + write.offset), data)

    def fill_readonly(self, region: Region, data: bytes) -> None:
        """Puts a read-only region's contents in place, once, while it is made."""
        region.view[: len(data)] = data

    def load(self, addr: Addr, size: int) -> int:
        """An unsigned little-endian number. Raises MemoryFault."""
        return int.from_bytes(self.read(addr, size), "little")

    def store(self, addr: Addr, size: int, value: int) -> None:
        """Writes an unsigned little-endian number. Raises MemoryFault."""
        self.write(addr, value.to_bytes(size, "little"))

    def live(self, addr: Addr, width: int) -> LiveWord:
        """A number of 4 or 8 bytes in a tracked region. Raises MemoryFault."""
        region, offset = self.locate(addr, width)
        assert region.cards is not None
        return LiveWord(self.words(addr, 1, width), region.cards, offset // CARD_BYTES)

    def words(self, addr: Addr, count: int, width: int = 8) -> memoryview:
        """A live view of `count` numbers of 4 or 8 bytes. Writing through it marks no card."""
        region, offset = self.locate(addr, count * width)
        return region.view[offset : offset + count * width].cast("Q" if width == 8 else "I")


def nameless_file(data: bytes) -> int | None:
    """The descriptor of a file in memory; None where the system has none."""
    if not hasattr(os, "memfd_create"):
        return None
    try:
        file = os.memfd_create("wasmscope-memory-image")
    except OSError:
        return None
    try:
        with open(file, "wb", closefd=False) as opened:
            opened.write(data)
    except OSError:
        os.close(file)
        return None
    return file


def _round_up(n: int, to: int) -> int:
    return -(-n // to) * to


def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = (
        ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long,
    )  # fmt: skip
    libc.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
    libc.mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return libc


_LIBC = _libc()


def _reserve(hint: int, size: int, *, shared: bool = False) -> int:
    """Address space with no access, at `hint` where that is free, else at the next free place."""
    flags = (mmap.MAP_SHARED if shared else mmap.MAP_PRIVATE) | mmap.MAP_ANONYMOUS | _MAP_NORESERVE
    for attempt in range(64 if _MAP_FIXED_NOREPLACE else 0):
        at = hint + attempt * _round_up(size + _GAP_BYTES, 1 << 32)
        got = _LIBC.mmap(at, size, _PROT_NONE, flags | _MAP_FIXED_NOREPLACE, -1, 0)
        if got == at:
            return at
        if got != _MAP_FAILED:  # an old kernel took the hint for a wish
            _LIBC.munmap(got, size)
            break
    got = _LIBC.mmap(hint, size, _PROT_NONE, flags, -1, 0)
    if got in (_MAP_FAILED, None):
        raise OutOfAddressSpace(size)
    return int(got)


CAN_MOVE = hasattr(_LIBC, "mremap")
_MREMAP_MAYMOVE, _MREMAP_FIXED = 1, 2


def _duplicate(old: int, new: int, size: int, accessible: int) -> None:
    """A second mapping of shared pages in place of a reservation at `new`; the same part of it is accessible."""
    _LIBC.mremap.restype = ctypes.c_void_p
    _LIBC.mremap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_int, ctypes.c_void_p)
    got = _LIBC.mremap(old, 0, size, _MREMAP_MAYMOVE | _MREMAP_FIXED, new)
    if got != new or _LIBC.mprotect(new, size, _PROT_NONE):
        raise OutOfAddressSpace(size)
    if accessible:
        _make_accessible(new, accessible)


def _make_accessible(base: int, size: int) -> None:
    if _LIBC.mprotect(base, size, _PROT_RW):
        raise OutOfAddressSpace(size)
