"""A memory's initial contents, as the module's data segments give them, and what became of each page.

Such an image is mapped copy-on-write where every active segment has a constant place in a memory of the module; its
pages are shared until they are written. Source: crates/wasmtime/src/runtime/vm/cow.rs, and for when one is made
crates/environ/src/compile/module_artifacts.rs (wasmtime 50).
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from vm import constant
from vm.memories import LinearMemory
from vm.memory import nameless_file
from vm.module import Module
from vm.types import ExternKind

PAGE_BYTES = 4096  # of the host
_ALWAYS_BYTES = 16 << 20  # a larger image is made only where at least half of it is data


_ZEROS = bytes(PAGE_BYTES)


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

    @cached_property
    def file(self) -> int | None:
        """The same in a file without a name, which all instances map; None where the system has none."""
        made = nameless_file(self.data)
        if made is not None:
            weakref.finalize(self, os.close, made)
        return made

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
    if end - start > max(_ALWAYS_BYTES, 2 * sum(len(payload) for _, payload in spans)):
        return None
    image = bytearray(end - start)
    for at, payload in spans:
        image[at - start : at - start + len(payload)] = payload
    return MemoryImage(memory, start, bytes(image))


def _smallest(module: Module, memory: int) -> int:
    type_ = module.memories[memory]
    return type_.limits.min << type_.page_log2


def page_states(memory: LinearMemory, image: MemoryImage | None) -> Iterator[tuple[int, PageState]]:
    """What every page of a memory is now, by number; pages that hold their first bytes again count as not written."""
    for number in range(-(-memory.size_bytes // PAGE_BYTES)):
        yield number, page_state(memory, image, number)


def page_state(memory: LinearMemory, image: MemoryImage | None, number: int) -> PageState:
    """What a page of a memory is now. Raises MemoryFault."""
    start = number * PAGE_BYTES
    now = memory.read(start, min(PAGE_BYTES, memory.size_bytes - start))
    first = image.page(number) if image is not None else b""
    if now != (first or _ZEROS)[: len(now)]:
        return PageState.DIRTIED
    return PageState.IMAGE if first else PageState.UNTOUCHED


def map_image(memory: LinearMemory, image: MemoryImage) -> None:
    """Gives a memory that was never written its first bytes: the image's pages, else a copy of them."""
    file = image.file
    if file is None or not memory.space.map_file(memory.region, image.start, len(image.data), file):
        memory.region.view[image.start : image.end] = image.data
    for number in range(image.start // PAGE_BYTES, image.end // PAGE_BYTES):
        if image.page(number) != _ZEROS:
            memory.region.mark(number * PAGE_BYTES, PAGE_BYTES)
