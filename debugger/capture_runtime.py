"""A capture, as the screen for memory that is only read sees it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from debugger.capture import Capture
from debugger.capture_report import func_tables
from debugger.foreign import Extent, ForeignNames, ForeignRuntime, KnownInstance
from debugger.structures import Runtime
from vm.types import Addr


@dataclass(frozen=True)
class CaptureForeign:
    """The one instance of a capture."""

    capture: Capture

    @property
    def title(self) -> str:
        """See Foreign."""
        found = self.capture
        return f"{found.path.name}: {found.runtime} {found.version}, layout of {found.layouts.era.title}"

    @property
    def first(self) -> Addr:
        """See Foreign."""
        return self.capture.vmctx

    @cached_property
    def _instance(self) -> KnownInstance:
        capture, shown = self.capture, self.capture.shown
        types = 0 if shown.module is None else len(shown.module.types)
        name = str(capture.facts.get("module") or "module")
        return KnownInstance(
            name, capture.vmctx, shown.counts, dict(shown.slots), func_tables(shown), shown.module, types
        )

    def runtime(self) -> Runtime:
        """See Foreign."""
        layouts = self.capture.layouts
        names = ForeignNames(layouts, [self._instance], self.capture.memory.describe)
        return ForeignRuntime(self.capture.memory, layouts, (self._instance.owner(),), names)

    def extents(self) -> Iterator[Extent]:
        """See Foreign: all that was captured."""
        for piece in self.capture.memory.pieces:
            if piece.data:
                yield Extent(piece.label or "unnamed", piece.addr, len(piece.data))
