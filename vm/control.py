"""The control stack: one record a frame, in bytes."""

from __future__ import annotations

import struct
from typing import NamedTuple

from vm.layout import Layouts, StructView
from vm.memory import Region
from vm.types import Addr

WASM_FRAME, HOST_FRAME = 0, 1
_PC = struct.Struct("<I")
NOBODY = Addr(0)


class Record(NamedTuple):
    """A control record. Below the top, `pc` is the instruction to go on with after the call."""

    vmctx: Addr
    func: int
    pc: int
    base: Addr
    flags: int
    callee_results: int
    caller: Addr = NOBODY

    @property
    def is_host(self) -> bool:
        return self.flags == HOST_FRAME


class ControlStack:
    """Records 0 (outermost) to depth - 1 (innermost)."""

    def __init__(self, layouts: Layouts, thread: StructView, region: Region) -> None:
        layout = layouts.struct("ControlRecord")
        self._codec = layout.codec("vmctx", "func", "pc", "base", "flags", "callee_results", "caller")
        self._unpack = self._codec.unpack_from
        self._pc_offset = layout.field("pc").offset
        self._stride, self._view, self.region = layout.size, region.view, region
        self._depth = thread.live("depth")
        self.capacity = region.size // layout.size

    @property
    def depth(self) -> int:
        found: int = self._depth.view[0]
        return found

    @depth.setter
    def depth(self, depth: int) -> None:
        self._depth.value = depth

    @property
    def used_bytes(self) -> int:
        return self.depth * self._stride

    def __getitem__(self, i: int) -> Record:
        return Record._make(self._unpack(self._view, i * self._stride))

    def __setitem__(self, i: int, record: Record) -> None:
        self._codec.pack_into(self._view, i * self._stride, *record)

    def stand_at(self, pc: int) -> None:
        """Makes an instruction the next one of the innermost frame."""
        _PC.pack_into(self._view, (self._depth.view[0] - 1) * self._stride + self._pc_offset, pc)

    def push(self, record: Record) -> None:
        """Adds an innermost frame; the caller checked the limit."""
        depth = self.depth
        self[depth] = record
        self.depth = depth + 1

    def pop(self) -> Record:
        """Takes the innermost frame off."""
        self.depth -= 1
        return self[self.depth]

    @property
    def top(self) -> Record:
        return Record._make(self._unpack(self._view, (self._depth.view[0] - 1) * self._stride))
