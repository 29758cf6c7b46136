"""What is other at one moment than at another: bytes, globals, frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from debugger.history import History
from debugger.inspect import Inspector
from vm.machine import Machine
from vm.memory import CARD_BYTES, Region, RegionKind
from vm.snapshot import Pages, Snapshot, take
from vm.types import Addr, Tick

_APART = 8  # bytes that are the same between two ranges that are listed as one
_MOST_BYTES = 16  # of a range that are shown
_BYTES = (
    RegionKind.MEMORY, RegionKind.GC_HEAP, RegionKind.TABLE, RegionKind.VMCTX, RegionKind.STORE, RegionKind.HOST,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing. `size` in bytes, 0 for what is no bytes; `addr` where it lies."""

    where: str
    before: str
    after: str
    size: int = 0
    addr: Addr | None = None


@dataclass(frozen=True)
class Differing:
    """Compares two moments of a recording. It moves the machine: see `History.excursion`."""

    machine: Machine
    inspect: Inspector
    history: History

    def between(self, one: Tick, other: Tick) -> list[Difference]:
        """What differs: frames first, then globals, then bytes by address. Raises UserError."""
        before, frames, globals_ = self._at(one)
        after, frames_then, globals_then = self._at(other)
        found = [*_changed(frames, frames_then), *_changed(globals_, globals_then)]
        return [*found, *self._bytes(before, after)]

    def _at(self, tick: Tick) -> tuple[Snapshot, Mapping[str, str], Mapping[str, str]]:
        self.history.go(tick)
        return take(self.machine), dict(self._frames()), dict(self._globals())

    def _frames(self) -> Iterator[tuple[str, str]]:
        depth = self.machine.control.depth
        yield "calls", str(depth)
        for frame in self.inspect.frames():
            name = f"frame {depth - 1 - frame.number} {frame.name}"
            place = "" if frame.offset is None else f"at {frame.offset:#x}"
            yield name, place
            for local in self.inspect.locals(frame) if frame.number < _MOST_BYTES else ():
                yield f"{name} {local.name}", local.text

    def _globals(self) -> Iterator[tuple[str, str]]:
        many = len(self.machine.instances) > 1
        for instance in self.machine.instances:
            for index in range(len(instance.globals)):
                variable = self.inspect.global_(instance, index)
                name = variable.name if variable.name.startswith("$") else f"[{index}]"
                yield f"global {name}" + (f" of {instance.name}" if many else ""), variable.text

    def _bytes(self, before: Snapshot, after: Snapshot) -> Iterator[Difference]:
        globals_ = {
            extern.storage + i for instance in self.machine.instances for extern in instance.globals for i in range(16)
        }
        for region in sorted({*before.regions, *after.regions}, key=lambda region: region.base):
            if region.kind not in _BYTES:
                continue
            for start, old, new in _ranges(before.regions.get(region), after.regions.get(region)):
                if region.base + start not in globals_:
                    yield self._range(region, start, old, new)

    def _range(self, region: Region, start: int, old: bytes, new: bytes) -> Difference:
        addr = Addr(region.base + start)
        where = self.inspect.describe_address(addr)
        return Difference(where, _hex(old), _hex(new), len(new), addr)


def _hex(data: bytes) -> str:
    return data[:_MOST_BYTES].hex(" ") + (" …" if len(data) > _MOST_BYTES else "")


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Difference]:
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if old != new:
            yield Difference(name, "not there" if old is None else old, "not there" if new is None else new)


_NONE = Pages(0, ())


def _ranges(before: Pages | None, after: Pages | None) -> Iterator[tuple[int, bytes, bytes]]:
    """Ranges of bytes that differ: offset, and the bytes there."""
    one, other = before or _NONE, after or _NONE
    size = max(one.size, other.size)
    start, old, new = 0, bytearray(), bytearray()
    for page in one.differing(other):
        a, b = one.page(page), other.page(page)
        if a == b:
            continue
        for i in range(min(CARD_BYTES, size - page * CARD_BYTES)):
            if a[i] == b[i]:
                continue
            at = page * CARD_BYTES + i
            if old and at - (start + len(old)) <= _APART and at // CARD_BYTES == start // CARD_BYTES:
                gap = slice(start + len(old) - page * CARD_BYTES, i + 1)
                old += a[gap]
                new += b[gap]
                continue
            if old:
                yield start, bytes(old), bytes(new)
            start, old, new = at, bytearray(a[i : i + 1]), bytearray(b[i : i + 1])
    if old:
        yield start, bytes(old), bytes(new)
