"""Bytes as they were at the stop before, so that panes can mark what changed and say what was there."""

from __future__ import annotations

from collections.abc import Iterator

from debugger.session import Session
from vm.errors import MemoryFault
from vm.types import Addr

_STACK_BYTES = 64 << 10  # of the value stack, around the innermost frame
_TABLE_BYTES = 64 << 10
_INSTANCES, _FRAMES = 64, 64

Range = tuple[int, int]  # address, size
FrameKey = tuple[int, int, int]  # vmctx, function, base


class Snapshot:
    """Copies some ranges at every stop. A pane adds the range it shows with `watch`."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._machine = session.machine
        self._extra: dict[str, Range] = {}
        self._now: dict[int, bytes] = {}
        self._before: dict[int, bytes] = {}
        self._frames: dict[int, FrameKey] = {}
        self._frames_before: dict[int, FrameKey] = {}

    def turn(self) -> None:
        """A new stop: what was now is before. Another machine, after a restart, has no before."""
        same = self._machine is self._session.machine
        self._machine = self._session.machine
        self._before = self._now if same else {}
        self._frames_before = self._frames if same else {}
        self._now = {}
        for addr, size in (*self._ranges(), *self._extra.values()):
            self._copy(addr, size)
        self._frames = dict(self._frame_keys())

    def watch(self, key: str, addr: int, size: int) -> None:
        """Copies a range from now on, in place of the one that had the same key."""
        self._extra[key] = (addr, size)
        self._copy(addr, size)

    def previous(self, addr: int, size: int) -> bytes | None:
        """What lay there at the stop before; None when that is not known or nothing changed."""
        for start, data in self._before.items():
            if start <= addr and addr + size <= start + len(data):
                was = data[addr - start : addr - start + size]
                return was if was != self._session.machine.space.read(Addr(addr), size) else None
        return None

    def same_frame(self, number: int) -> bool:
        """Whether frame `number` stood there at the stop before, so that its variables can be compared."""
        index = self._session.machine.control.depth - 1 - number
        return index in self._frames and self._frames_before.get(index) == self._frames[index]

    def _copy(self, addr: int, size: int) -> None:
        try:
            self._now[addr] = self._session.machine.space.read(Addr(addr), size)
        except MemoryFault:  # the region is gone
            self._now.pop(addr, None)

    def _ranges(self) -> Iterator[Range]:
        machine = self._session.machine
        yield machine.store_context.addr, machine.store_context.size
        for instance in machine.instances[:_INSTANCES]:
            yield instance.addr, instance.vmctx.size
        for table in self._session.instance().tables[:_INSTANCES]:
            yield table.region.base, min(table.size * table.element_bytes, _TABLE_BYTES)
        if machine.control.depth:
            start = max(machine.values.base, machine.control.top.base - _STACK_BYTES // 2)
            yield start, min(_STACK_BYTES, machine.values.end - start)

    def _frame_keys(self) -> Iterator[tuple[int, FrameKey]]:
        control = self._machine.control
        for index in range(max(0, control.depth - _FRAMES), control.depth):
            record = control[index]
            yield index, (record.vmctx, record.func, record.base)
