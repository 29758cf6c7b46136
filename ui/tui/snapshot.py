"""Bytes as they were at the stop before, so that panes can mark what changed and say what was there."""

from __future__ import annotations

from collections.abc import Iterator

from debugger.changes import Changes
from debugger.session import Session
from vm.types import Addr

_STACK_BYTES = 64 << 10  # of the value stack, around the innermost frame
_FRAMES = 64

FrameKey = tuple[int, int, int]  # vmctx, function, base


class Snapshot:
    """The machine at the stop before: pages that were written since, the value stack, the frames."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._now: dict[int, bytes] = {}
        self._before: dict[int, bytes] = {}
        self._frames: dict[int, FrameKey] = {}
        self._frames_before: dict[int, FrameKey] = {}
        self.changes = Changes(session.machine)

    def turn(self) -> None:
        """A new stop: what was now is before. Another machine, after a restart, has no before."""
        machine = self._session.machine
        if self.changes.machine is machine:
            self.changes.turn()
            self._before, self._frames_before = self._now, self._frames
        else:
            self.changes = Changes(machine)
            self._before, self._frames_before = {}, {}
        self._now = dict(self._stacks())
        self._frames = dict(self._frame_keys())

    def previous(self, addr: int, size: int) -> bytes | None:
        """What lay there at the stop before; None when that is not known or nothing changed."""
        for start, data in self._before.items():
            if start <= addr and addr + size <= start + len(data):
                was = data[addr - start : addr - start + size]
                return was if was != self._session.machine.space.read(Addr(addr), size) else None
        return self.changes.previous(addr, size)

    def same_frame(self, number: int) -> bool:
        """Whether frame `number` stood there at the stop before, so that its variables can be compared."""
        index = self._session.machine.control.depth - 1 - number
        return index in self._frames and self._frames_before.get(index) == self._frames[index]

    def _stacks(self) -> Iterator[tuple[int, bytes]]:
        """The value stack around the innermost frame: stacks mark no pages."""
        machine = self._session.machine
        if machine.control.depth:
            start = max(machine.values.base, machine.control.top.base - _STACK_BYTES // 2)
            yield start, machine.space.read(Addr(start), min(_STACK_BYTES, machine.values.end - start))

    def _frame_keys(self) -> Iterator[tuple[int, FrameKey]]:
        control = self._session.machine.control
        for index in range(max(0, control.depth - _FRAMES), control.depth):
            record = control[index]
            yield index, (record.vmctx, record.func, record.base)
