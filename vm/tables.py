"""A table behind its VMTableDefinition. Elements are the era's words; slots are converted at this edge.

A funcref element may be unresolved: execution resolves it and writes the word, a view only peeks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from vm.errors import Trap, TrapKind
from vm.gc_heap import GcHeap
from vm.layout import Layouts
from vm.memory import AddressSpace, Region
from vm.types import Addr, NumType, TableType


class Element(NamedTuple):
    """An element as it lies there. `func` is what an unresolved one stands for."""

    word: int
    state: str  # lazy, null, func, ref
    target: int  # the VMFuncRef's address or the GC reference; 0 for null and lazy
    func: int | None


@dataclass(eq=False)
class Table:
    """A table of the store. Its base and length are the definition's fields and nothing else."""

    space: AddressSpace
    layouts: Layouts
    definition: Addr
    type: TableType
    region: Region
    owner: Addr  # the vmctx that owns it
    index: int  # among the owner's own tables
    lazy: tuple[int | None, ...]  # what unresolved elements stand for: functions of the owner
    resolve: Callable[[int], Addr]  # the owner's VMFuncRef of a function, written when first needed
    heap: GcHeap  # what references that are no funcrefs lead into

    def __post_init__(self) -> None:
        place = self.layouts.field("VMTableDefinition", "current_elements")
        self.length_word = self.space.words(place.at(self.definition), 1, place.size)  # live: always the present bound
        self.is_func = self.type.elem.is_func
        self.element_bytes = self.layouts.pointer_bytes if self.is_func else self.layouts.reference_bytes
        usable = len(self.region.view) // self.element_bytes * self.element_bytes
        self.words = self.region.view[:usable].cast("Q" if self.element_bytes == 8 else "I")

    @property
    def size(self) -> int:
        """Elements now."""
        return self.length_word[0]

    @property
    def max_elements(self) -> int:
        ceiling = (1 << 32) - 1 if self.type.addr is NumType.I32 else (1 << 64) - 1
        return ceiling if self.type.limits.max is None else min(ceiling, self.type.limits.max)

    def peek(self, i: int) -> Element:
        """Element `i` without resolving it."""
        word = self.words[i]
        if not self.is_func:
            return Element(word, "ref" if word else "null", self.heap.slot_of(word), None)
        if self.layouts.era.funcref.is_lazy(word):
            return Element(word, "lazy", 0, self.lazy[i] if i < len(self.lazy) else None)
        target = self.layouts.era.funcref.decode(word)
        return Element(word, "func" if target else "null", target, None)

    def slot(self, i: int) -> int:
        """Element `i` as a frame's slot, resolving it first. The index was checked."""
        word = self.words[i]
        if not self.is_func:
            return self.heap.slot_of(word)
        encoding = self.layouts.era.funcref
        if encoding.is_lazy(word):
            func = self.lazy[i] if i < len(self.lazy) else None
            target = 0 if func is None else self.resolve(func)
            self._put(i, encoding.encode(target))
            return target
        return encoding.decode(word)

    def get(self, i: int) -> int:
        """table.get. Raises the out-of-bounds trap."""
        self.check(i, 1)
        return self.slot(i)

    def set(self, i: int, slot: int) -> None:
        """table.set. Raises the out-of-bounds trap."""
        self.check(i, 1)
        self._put(i, self.word_of(slot))

    def word_of(self, slot: int) -> int:
        """A slot in the era's encoding."""
        return self.layouts.era.funcref.encode(slot) if self.is_func else self.heap.word_of(slot)

    def check(self, i: int, count: int) -> None:
        """Raises the out-of-bounds trap unless elements [i, i + count) exist."""
        if i + count > self.size:
            raise Trap(
                TrapKind.OUT_OF_BOUNDS_TABLE,
                f"element {i + count - 1 if count else i}, but the table has {self.size}",
                at=i, size=count, bound=self.size,
            )  # fmt: skip

    def grow(self, delta: int, slot: int, budget: int) -> int | None:
        """table.grow: the old size, or None past a limit. `budget` is what the store has left, in elements."""
        old = self.size
        if delta > budget or old + delta > min(self.max_elements, len(self.words)):
            return None
        self.space.grow(self.region, max(self.region.size, (old + delta) * self.element_bytes))
        place = self.layouts.field("VMTableDefinition", "current_elements")
        self.space.store(place.at(self.definition), place.size, old + delta)
        self._fill(old, slot, delta)
        return old

    def fill(self, at: int, slot: int, count: int) -> None:
        """table.fill."""
        self.check(at, count)
        self._fill(at, slot, count)

    def copy(self, to: int, source: Table, frm: int, count: int) -> None:
        """table.copy; elements are resolved on the way, as the runtime does."""
        self.check(to, count)
        source.check(frm, count)
        slots = [source.slot(i) for i in range(frm, frm + count)]
        for i, slot in enumerate(slots):
            self._put(to + i, self.word_of(slot))

    def init(self, at: int, items: Callable[[int, int], list[int]], available: int, frm: int, count: int) -> None:
        """table.init from a segment of `available` items (0 when dropped); `items(frm, to)` gives their slots."""
        check_items(frm, count, available)
        self.check(at, count)
        for i, slot in enumerate(items(frm, frm + count)):
            self._put(at + i, self.word_of(slot))

    def _fill(self, at: int, slot: int, count: int) -> None:
        word = self.word_of(slot)
        if count and (word or at + count <= self.size):
            data = word.to_bytes(self.element_bytes, "little") * count
            self.space.write(Addr(self.region.base + at * self.element_bytes), data)

    def _put(self, i: int, word: int) -> None:
        if self.space.recorder is not None:  # a host function does it: an input
            self.space.store(Addr(self.region.base + i * self.element_bytes), self.element_bytes, word)
            return
        self.words[i] = word
        self.region.mark(i * self.element_bytes, self.element_bytes)


def check_items(start: int, count: int, available: int) -> None:
    """Raises the out-of-bounds trap unless an element segment has items [start, start + count)."""
    if start + count > available:
        raise Trap(
            TrapKind.OUT_OF_BOUNDS_TABLE,
            f"item {start + count - 1 if count else start} of an element segment of {available}",
            at=start, size=count, bound=available,
        )  # fmt: skip
