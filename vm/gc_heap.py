"""The GC heap: structs, arrays, exceptions and what stands for host values, in the layout of the era's collector.

Objects never move. Which granules of the heap are taken is in a region of our own, one byte a granule, so the
heap itself holds what the runtime would hold and nothing else. Allocation fills hole after hole; when a hole is
wanted and enough was made since the last collection, it asks for one by `CollectNeeded`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from vm.errors import Trap, TrapKind
from vm.gc_layout import ArrayLayout, ObjectLayout, ObjectPlacing, Part
from vm.layout import Layouts, StructView
from vm.memory import AddressSpace, Region, RegionKind
from vm.subtyping import TypeRegistry
from vm.types import SLOT_BYTES, Addr, ArrayType, FuncType, Heap, NumType, RefType, StructType

GRANULE_BYTES = 8
FREE, HEAD, BODY = 0, 1, 2  # of a granule
_FIRST_BYTES = 1 << 16
_FIRST_THRESHOLD = 1 << 22  # bytes made before the first collection
_MAX_FUNC_REF_IDS = 1 << 20


Allocate = Callable[[int, str, int], int]  # bytes, kind, engine-wide type: a zeroed object with its header


class CollectNeeded(Exception):
    """An object of `size` bytes has no place until garbage is collected."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


@dataclass(frozen=True, slots=True)
class GcObject:
    """An object's header. `kind` is a name of the era's kinds, `type_id` engine-wide."""

    ref: int
    kind: str
    type_id: int


class GcHeap:
    """The heap of one store; it is mapped when the first object is made."""

    def __init__(
        self, space: AddressSpace, layouts: Layouts, types: TypeRegistry, state: StructView,
        definitions: Callable[[], Iterable[Addr]],
    ) -> None:  # fmt: skip
        """`definitions`: where the runtime's structures say where the heap lies and how large it is."""
        self.space, self.layouts, self.types = space, layouts, types
        self._state, self._definitions, self.rules = state, definitions, layouts.era.gc
        self.placing = ObjectPlacing(layouts)
        self.region: Region | None = None
        header = layouts.struct(self.rules.header)
        self._has_kinds = header.has("kind")
        self._kind_at, self._type_at = (
            header.field(name).offset if self._has_kinds else 0 for name in ("kind", "ty")
        )  # fmt: skip
        self.by_address = layouts.reference_bytes == layouts.pointer_bytes  # how references stand outside frames
        self._structs: dict[int, ObjectLayout] = {}
        self._arrays: dict[int, ArrayLayout] = {}
        self._exceptions: dict[int, ObjectLayout] = {}
        self._ids: dict[int, int] = {}  # VMFuncRef → id: a cache over the ids' region
        self._may_collect = True
        self._hole, self._hole_end, self._allocated, self._threshold = (
            space.words(state.at(name), 1) for name in ("gc_hole", "gc_hole_end", "gc_allocated", "gc_threshold")
        )  # live

    @property
    def _most(self) -> int:
        return self._state.get("max_gc_heap_bytes") // GRANULE_BYTES * GRANULE_BYTES

    # -- regions ---------------------------------------------------------------------------------

    def _mapped(self) -> Region:
        if self.region is None:
            most = self._most
            self.region = self.space.map(RegionKind.GC_HEAP, "gc heap", 0, reserve=most)
            self.objects = self.space.map(RegionKind.GC_OBJECTS, "gc objects", 0, reserve=most // GRANULE_BYTES)
            self.func_refs = self.space.map(
                RegionKind.FUNC_REF_IDS, "funcref ids", 0, reserve=_MAX_FUNC_REF_IDS * SLOT_BYTES
            )
            self._func_ref_words = self.func_refs.view.cast("Q")
        if not self._hole[0]:  # new, or of a time before the first object
            self._state.set("gc_hole", GRANULE_BYTES)  # offset 0 is null
            self._hole_end[0] = GRANULE_BYTES
            self._threshold[0] = _FIRST_THRESHOLD
            self._grow_to(max(self.region.size, min(_FIRST_BYTES, self._most)))
        return self.region

    @property
    def regions(self) -> tuple[Region, ...]:
        """Its regions, none before the first object."""
        return () if self.region is None else (self.region, self.objects, self.func_refs)

    def restored(self, regions: tuple[Region, ...]) -> None:
        """To be called when the machine's bytes were put back: what is cached over them is of another time."""
        self._ids.clear()
        self.region = regions[0] if regions else None
        if regions:
            _, self.objects, self.func_refs = regions
            self._func_ref_words = self.func_refs.view.cast("Q")

    def _grow_to(self, size: int) -> None:
        assert self.region is not None
        self.space.grow(self.region, size)
        self.space.grow(self.objects, -(-size // GRANULE_BYTES))
        for definition in self._definitions():
            self.publish(definition)
        self.objects.view[0] = BODY  # null's granule is never free

    def publish(self, definition: Addr) -> None:
        """Writes where the heap lies, once it does, and its length."""
        if self.region is not None:
            heap = StructView(self.space, self.layouts, self.layouts.struct("VMMemoryDefinition"), definition)
            heap.set("base", self.region.base)
            heap.set("current_length", self.region.size)

    def word_of(self, slot: int) -> int:
        """A reference as it stands in a table or global."""
        if self.by_address and slot:
            assert self.region is not None
            return slot + self.region.base
        return slot

    def slot_of(self, word: int) -> int:
        """A table's or global's reference as it stands in a frame."""
        if self.by_address and word:
            return 0 if self.region is None else word - self.region.base
        return word

    @property
    def size(self) -> int:
        """Bytes of the heap now."""
        return 0 if self.region is None else self.region.size

    # -- allocating ------------------------------------------------------------------------------

    def allocate(self, size: int, kind: str, type_id: int) -> int:
        """A zeroed object with its header written. Raises CollectNeeded, and Trap when it can never fit."""
        region = self._mapped()
        granules = -(-size // GRANULE_BYTES)
        at = self._place(granules)
        view = region.view
        view[at : at + granules * GRANULE_BYTES] = bytes(granules * GRANULE_BYTES)
        if self._has_kinds:
            view[at + self._kind_at : at + self._kind_at + 4] = self.rules.kinds[kind].to_bytes(4, "little")
            view[at + self._type_at : at + self._type_at + 4] = type_id.to_bytes(4, "little")
        region.mark(at, granules * GRANULE_BYTES)
        first = at // GRANULE_BYTES
        self.objects.view[first : first + granules] = bytes((HEAD,)) + bytes((BODY,)) * (granules - 1)
        self.objects.mark(first, granules)
        return at

    def _place(self, granules: int) -> int:
        """Takes so many granules out of a hole."""
        size = granules * GRANULE_BYTES
        if size > self._most:
            raise self.full(size)
        made = self._allocated[0] + size
        if made > self._threshold[0] and self._may_collect:
            raise CollectNeeded(size)
        at = self._hole[0]
        if at + size > self._hole_end[0]:
            at = self._next_hole(granules, self._hole_end[0])
        self._hole[0], self._allocated[0] = at + size, made
        return at

    @contextmanager
    def uncollected(self) -> Iterator[None]:
        """While references are held where no collection would find them: the heap grows, or is full."""
        before, self._may_collect = self._may_collect, False
        try:
            yield
        except CollectNeeded as wanted:
            raise self.full(wanted.size) from None
        finally:
            self._may_collect = before

    def full(self, size: int) -> Trap:
        """What an object that has no place traps with."""
        most = self._most
        return Trap(TrapKind.GC_HEAP_FULL, f"an object of {size:,} bytes, the heap's limit is {most:,} bytes")

    def _next_hole(self, granules: int, after: int) -> int:
        """The next hole that is large enough, the heap grown for it where allowed; it becomes the one to fill."""
        assert self.region is not None
        found = self._find_hole(granules, after)
        while found is None:
            if self.region.size >= self._most:
                raise CollectNeeded(granules * GRANULE_BYTES)
            self.grow(granules * GRANULE_BYTES)
            found = self._find_hole(granules, after)
        self._hole_end[0] = found.end() * GRANULE_BYTES
        return found.start() * GRANULE_BYTES

    def grow(self, size: int) -> None:
        """Makes the heap twice as large, or larger by `size` bytes, as far as its limit allows."""
        before = self._mapped().size
        self._grow_to(min(self._most, max(2 * before, before + size)))

    def has_room(self, size: int) -> bool:
        """Whether `allocate` has no need to make the heap larger for an object."""
        region, granules = self._mapped(), -(-size // GRANULE_BYTES)
        taken = granules * GRANULE_BYTES
        if self._hole[0] + taken <= self._hole_end[0] or region.size >= self._most:
            return True
        if self._allocated[0] + taken > self._threshold[0] and self._may_collect:
            return True  # it asks for a collection first
        return self._find_hole(granules, self._hole_end[0]) is not None

    def _find_hole(self, granules: int, after: int) -> re.Match[bytes] | None:
        hole = re.compile(rb"\0{%d,}" % granules)
        return hole.search(self.objects.view[: self.objects.size], after // GRANULE_BYTES)

    def collected(self, live_bytes: int, size: int) -> None:
        """After a collection: allocation begins at the front again. Raises Trap without a place for `size` bytes."""
        self._hole[0] = GRANULE_BYTES
        self._hole_end[0] = GRANULE_BYTES
        self._allocated[0] = 0
        self._threshold[0] = max(_FIRST_THRESHOLD, 2 * live_bytes, size)
        if size:
            try:
                self._next_hole(-(-size // GRANULE_BYTES), GRANULE_BYTES)
            except CollectNeeded:
                raise self.full(size) from None
            self._hole_end[0] = GRANULE_BYTES  # only looked at

    # -- layouts ---------------------------------------------------------------------------------

    def struct_layout(self, type_id: int) -> ObjectLayout:
        """Where the fields of a struct type lie."""
        if type_id not in self._structs:
            type_ = self.types.types[type_id].type
            assert isinstance(type_, StructType)
            self._structs[type_id] = self.placing.struct([f.storage for f in type_.fields])
        return self._structs[type_id]

    def array_layout(self, type_id: int) -> ArrayLayout:
        """Where the elements of an array type lie."""
        if type_id not in self._arrays:
            type_ = self.types.types[type_id].type
            assert isinstance(type_, ArrayType)
            self._arrays[type_id] = self.placing.array(type_.element.storage)
        return self._arrays[type_id]

    def exception_layout(self, type_id: int) -> ObjectLayout:
        """Where the values of an exception lie whose tag has this function type."""
        if type_id not in self._exceptions:
            type_ = self.types.types[type_id].type
            assert isinstance(type_, FuncType)
            self._exceptions[type_id] = self.placing.exception(type_.params)
        return self._exceptions[type_id]

    # -- objects ---------------------------------------------------------------------------------

    def new_struct(self, type_id: int, allocate: Allocate | None = None) -> int:
        """A struct, its fields 0. `allocate` makes room for it: None: the runtime itself; likewise below."""
        return (allocate or self.allocate)(self.struct_layout(type_id).size, "struct", type_id)

    def new_array(self, type_id: int, length: int, allocate: Allocate | None = None) -> int:
        """An array, its elements 0."""
        layout = self.array_layout(type_id)
        ref = (allocate or self.allocate)(layout.size(length), "array", type_id)
        assert self.region is not None
        at = ref + layout.length_offset
        self.region.view[at : at + 4] = length.to_bytes(4, "little")
        return ref

    def new_exception(self, type_id: int, instance: int, tag: int, allocate: Allocate | None = None) -> int:
        """An exception of the tag that is number `tag` among those defined by the instance; its values 0."""
        ref = (allocate or self.allocate)(self.exception_layout(type_id).size, "exn", type_id)
        view = self.view(self.rules.exception_header, ref)
        view.set("tag_instance", instance)
        view.set("tag_index", tag)
        return ref

    def new_host_object(self, number: int) -> int:
        """An externref that stands for host value `number`."""
        layout = self.layouts.struct(self.rules.host_object)
        with self.uncollected():
            ref = self.allocate(layout.size, "extern", 0)
        box = self.view(self.rules.host_object, ref)
        box.set("host_data", number)
        if box.has("ref_count"):
            box.set("ref_count", 1)
        return ref

    def host_value(self, ref: int) -> int:
        """The host value an externref stands for."""
        return self.view(self.rules.host_object, ref).get("host_data")

    def view(self, struct: str, ref: int) -> StructView:
        """A struct of the era at an object."""
        assert self.region is not None
        return StructView(self.space, self.layouts, self.layouts.struct(struct), Addr(self.region.base + ref))

    def is_i31(self, ref: int) -> bool:
        return bool(ref & self.rules.i31_bit)

    def is_object(self, ref: int) -> bool:
        """Whether an object starts there."""
        if self.region is None or ref % GRANULE_BYTES or not 0 < ref < self.region.size:
            return False
        return self.objects.view[ref // GRANULE_BYTES] == HEAD

    def object(self, ref: int) -> GcObject:
        """The header of an object."""
        return GcObject(ref, self.kind_name(self.kind_of(ref)), self.type_of(ref))

    def kind_of(self, ref: int) -> int:
        """An object's kind word."""
        assert self.region is not None
        if not self._has_kinds:
            return self.rules.kinds["extern"]
        return int.from_bytes(self.region.view[ref + self._kind_at : ref + self._kind_at + 4], "little")

    def kind_name(self, kind: int) -> str:
        """What a kind word stands for; damaged ones are `?`."""
        return next((name for name, bits in self.rules.kinds.items() if bits == kind), "?")

    def type_of(self, ref: int) -> int:
        """The engine-wide id of an object's type."""
        assert self.region is not None
        if not self._has_kinds:
            return 0
        return int.from_bytes(self.region.view[ref + self._type_at : ref + self._type_at + 4], "little")

    def length(self, ref: int) -> int:
        """An array's length."""
        return self.view(self.rules.array_header, ref).get("length")

    def object_at(self, offset: int) -> int | None:
        """The object that holds an offset of the heap; None: it is free."""
        if self.region is None or not 0 <= offset < self.region.size:
            return None
        at, view = offset // GRANULE_BYTES, self.objects.view
        while at and view[at] == BODY:
            at -= 1
        return at * GRANULE_BYTES if view[at] == HEAD else None

    def part_at(self, ref: int, offset: int) -> tuple[Part, int] | None:
        """The field or element of an object that starts at an offset of the heap, and an element's index."""
        within, found = offset - ref, self.object(ref)
        if found.kind == "array":
            element = self.array_layout(found.type_id).element
            index, off = divmod(within - element.offset, element.bytes)
            return None if off or not 0 <= index < self.length(ref) else (element, index)
        if found.kind not in ("struct", "exn"):
            return None
        layout = self.struct_layout if found.kind == "struct" else self.exception_layout
        return next(((p, 0) for p in layout(found.type_id).parts if p.offset == within), None)

    def object_size(self, ref: int) -> int:
        """Bytes of an object, by the map of objects."""
        first = ref // GRANULE_BYTES
        view = self.objects.view[: self.objects.size]
        end = _BODY_RUN.match(view, first + 1)
        assert end is not None
        return (end.end() - first) * GRANULE_BYTES

    # -- parts -----------------------------------------------------------------------------------

    def load(self, ref: int, part: Part, index: int = 0) -> int:
        """A field's or element's bits; a funcref as its VMFuncRef's address."""
        value = self.load_bits(ref, part, index)
        return self.func_ref(value) if part.is_func else value

    def load_bits(self, ref: int, part: Part, index: int = 0) -> int:
        """What lies there: a funcref as its id."""
        assert self.region is not None
        at = ref + part.offset + index * part.bytes
        return int.from_bytes(self.region.view[at : at + part.bytes], "little")

    def store(self, ref: int, part: Part, value: int, index: int = 0) -> None:
        """Writes a field or element; what does not fit a packed one is cut off."""
        if part.is_func:
            value = self.func_ref_id(value)
        self.store_bits(ref, part, value, index)

    def store_bits(self, ref: int, part: Part, value: int, index: int = 0) -> None:
        """The same of what lies there: a funcref as its id."""
        assert self.region is not None
        at = ref + part.offset + index * part.bytes
        self.region.view[at : at + part.bytes] = (value & (1 << 8 * part.bytes) - 1).to_bytes(part.bytes, "little")
        self.region.mark(at, part.bytes)

    def elements(self, ref: int, part: Part, start: int, count: int) -> memoryview:
        """The bytes of some elements, live."""
        assert self.region is not None
        at = ref + part.offset + start * part.bytes
        return self.region.view[at : at + count * part.bytes]

    def fill(self, ref: int, part: Part, value: int, start: int, count: int) -> None:
        """Writes the same bits into some elements; a funcref is its id."""
        data = (value & (1 << 8 * part.bytes) - 1).to_bytes(part.bytes, "little")
        self.elements(ref, part, start, count)[:] = data * count
        self.mark(ref, part, start, count)

    def mark(self, ref: int, part: Part, start: int, count: int) -> None:
        """Notes that elements were written through `elements`."""
        assert self.region is not None
        self.region.mark(ref + part.offset + start * part.bytes, count * part.bytes)

    # -- funcrefs inside the heap ----------------------------------------------------------------

    def func_ref_id(self, func_ref: int) -> int:
        """The id under which a VMFuncRef stands in the heap; 0 is null."""
        if not func_ref:
            return 0
        self._mapped()
        if func_ref not in self._ids:
            self._ids = {self.func_ref(i): i for i in range(1, self._state.get("func_ref_ids") + 1)}
        if func_ref not in self._ids:
            id_ = self._state.get("func_ref_ids") + 1
            if id_ * SLOT_BYTES > self.func_refs.reserved:
                raise Trap(TrapKind.GC_HEAP_FULL, "no more funcrefs can have an id")
            self.space.grow(self.func_refs, id_ * SLOT_BYTES)
            self._func_ref_words[id_ - 1] = func_ref
            self.func_refs.mark((id_ - 1) * SLOT_BYTES, SLOT_BYTES)
            self._state.set("func_ref_ids", id_)
            self._ids[func_ref] = id_
        return self._ids[func_ref]

    def func_ref(self, id_: int) -> int:
        """The VMFuncRef behind an id; 0 for null, and for a damaged id."""
        if not 0 < id_ <= self._state.get("func_ref_ids"):
            return 0
        return self._func_ref_words[id_ - 1]


_BODY_RUN = re.compile(rb"\x02*")


def cast_test(
    heap: GcHeap, target: RefType, type_id_of_func: Callable[[int], int], is_subtype: Callable[[int, int], bool]
) -> Callable[[int], bool]:  # fmt: skip
    """Whether a slot holds a value of a reference type whose index is an engine-wide id."""
    nullable = target.nullable
    match target.heap:
        case Heap.ANY | Heap.EXTERN | Heap.FUNC | Heap.EXN:
            return lambda slot: bool(slot) or nullable
        case Heap.NONE | Heap.NOEXTERN | Heap.NOFUNC | Heap.NOEXN | Heap.BOTTOM:
            return lambda slot: not slot and nullable
        case Heap.I31:
            return lambda slot: heap.is_i31(slot) if slot else nullable
        case Heap() as abstract:
            wanted = heap.rules.kinds[str(abstract)]
            small = abstract is Heap.EQ
            return lambda slot: (
                nullable if not slot else small if heap.is_i31(slot) else heap.kind_of(slot) & wanted == wanted
            )
        case int() as id_ if target.is_func:

            def func_test(slot: int) -> bool:
                return nullable if not slot else (found := type_id_of_func(slot)) == id_ or is_subtype(found, id_)

            return func_test
        case int() as id_:
            eq = heap.rules.kinds["eq"]

            def test(slot: int) -> bool:
                if not slot:
                    return nullable
                if heap.is_i31(slot) or heap.kind_of(slot) & eq != eq:
                    return False
                return (found := heap.type_of(slot)) == id_ or is_subtype(found, id_)

            return test


def is_wide(part: Part) -> bool:
    """Whether a part takes two slots."""
    return part.storage is NumType.V128
