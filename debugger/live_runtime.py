"""A real runtime in this process, as the screen for memory that is only read sees it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from debugger.foreign import Extent, ForeignNames, ForeignRuntime, KnownInstance
from debugger.live import Live, LiveInstance
from debugger.structures import Runtime
from vm.types import Addr


@dataclass(frozen=True)
class LiveForeign:
    """A live store: read anew, as every call may change it."""

    live: Live

    @property
    def title(self) -> str:
        """See Foreign."""
        live = self.live
        return f"{live.main.name} in wasmtime {live.version}, layout of {live.layouts.era.title}"

    @property
    def first(self) -> Addr:
        """See Foreign."""
        return self.live.main.vmctx

    def runtime(self) -> Runtime:
        """See Foreign."""
        live = self.live
        known = [_known(instance) for instance in reversed(live.instances)]
        names = ForeignNames(live.layouts, known, self._code())
        return ForeignRuntime(live.memory, live.layouts, tuple(i.owner() for i in known), names)

    def _code(self) -> _Code:
        return _Code([(m.start, m.end, m.kind) for m in self.live.memory.mappings() if "x" in m.access])

    def extents(self) -> Iterator[Extent]:
        """See Foreign."""
        for i, memory in enumerate(self.live.decode(self.live.main).memories):
            if memory.base is not None and memory.size_bytes:
                yield Extent(f"memory {i}", memory.base, memory.size_bytes)
        for block in self.runtime().blocks(self.first):
            yield Extent(block.title, block.addr, block.size)


@dataclass(frozen=True)
class _Code:
    """Mappings that can be executed: start, end, kind."""

    mappings: list[tuple[int, int, str]]

    def __call__(self, addr: int) -> str:
        for low, high, kind in self.mappings:
            if low <= addr < high:
                return "library code" if kind == "library" else "compiled code"
        return ""


def _known(live: LiveInstance) -> KnownInstance:
    tables = tuple(table.elem.is_func for table in live.module.tables)
    shape = live.shape
    slots = dict(shape.func_ref_slots)
    return KnownInstance(live.name, live.vmctx, shape.counts, slots, tables, live.module, len(live.module.types))
