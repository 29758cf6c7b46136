"""A memory's initial contents, as the module's data segments give them, and what became of each page.

The runtime maps such an image copy-on-write where every active segment has a constant place in a memory of the module;
its pages are shared until they are written. Source: crates/wasmtime/src/runtime/vm/cow.rs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from vm import constant
from vm.memories import LinearMemory
from vm.module import Module
from vm.types import ExternKind

PAGE_BYTES = 4096  # of the host


class PageState(Enum):
    """What a page of a memory is: still the image's, written since, or never anything but zero."""

    IMAGE = "image"
    DIRTIED = "dirtied"
    UNTOUCHED = "untouched"


@dataclass(frozen=True)
class MemoryImage:
    """Whole pages of initial bytes: `data` lies at `start`, a multiple of the page size."""

    memory: int  # among all of the module's
    start: int
    data: bytes

    @property
    def end(self) -> int:
        return self.start + len(self.data)

    def page(self, number: int) -> bytes:
        """The initial bytes of a page; empty for one outside the image."""
        at = number * PAGE_BYTES - self.start
        return self.data[at : at + PAGE_BYTES] if 0 <= at < len(self.data) else b""


def memory_image(module: Module, memory: int) -> MemoryImage | None:
    """The image of one of the module's memories; None where there is none to map."""
    imported = sum(1 for _ in module.imported(ExternKind.MEMORY))
    active = [data for data in module.datas if data.mode == "active" and data.offset is not None]
    spans: list[tuple[int, bytes]] = []
    for data in active:
        offset = None if data.offset is None else constant.static_value(module, data.offset)
        payload = module.bytes[data.bytes.start : data.bytes.end]
        if offset is None or data.memory < imported or offset + len(payload) > _smallest(module, data.memory):
            return None  # one that is not known beforehand: the module is initialised segment by segment
        if data.memory == memory and payload:
            spans.append((offset, payload))
    if not spans or memory < imported:
        return None
    start = min(at for at, _ in spans) // PAGE_BYTES * PAGE_BYTES
    end = -(-max(at + len(payload) for at, payload in spans) // PAGE_BYTES) * PAGE_BYTES
    image = bytearray(end - start)
    for at, payload in spans:
        image[at - start : at - start + len(payload)] = payload
    return MemoryImage(memory, start, bytes(image))


def _smallest(module: Module, memory: int) -> int:
    type_ = module.memories[memory]
    return type_.limits.min << type_.page_log2


def page_states(memory: LinearMemory, image: MemoryImage | None) -> Iterator[tuple[int, PageState]]:
    """What every page of a memory is now, by number; pages that hold their first bytes again count as not written."""
    zeros = bytes(PAGE_BYTES)
    for number in range(-(-memory.size_bytes // PAGE_BYTES)):
        start = number * PAGE_BYTES
        now = memory.read(start, min(PAGE_BYTES, memory.size_bytes - start))
        first = image.page(number) if image is not None else b""
        if now == (first or zeros)[: len(now)]:
            yield number, PageState.IMAGE if first else PageState.UNTOUCHED
        else:
            yield number, PageState.DIRTIED
