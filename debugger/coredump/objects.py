"""References in our own section of a dump: by what they mean, an object by its place in a list of all that are reached.

What is read is trusted no more than a module: every reference that is put back is checked against the type of where it
goes, as executors rely on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from vm.errors import Trap, UserError
from vm.exceptions import tag_of
from vm.gc_layout import Part
from vm.instance import Instance
from vm.machine import Machine
from vm.types import Addr, ArrayType, Heap, RefType, StructType

_MOST_OBJECTS = 1_000_000
_DAMAGED = "it was written by another version, or is damaged"


def function_named(machine: Machine, func_ref: int) -> list[int] | None:
    """[instance, function] that a VMFuncRef leads to."""
    if not func_ref:
        return None
    code = machine.code_at(machine.view("VMFuncRef", Addr(func_ref)).get("array_call"))
    owner = None if code is None else machine.instance_at(code.vmctx)
    return None if code is None or owner is None else [machine.instances.index(owner), code.func]


# -- taking ----------------------------------------------------------------------------------------


class Gathered:
    """Objects that references lead to, in the order in which they were met. `why_not`: what cannot be named."""

    def __init__(self, machine: Machine) -> None:
        self.machine, self.why_not = machine, ""
        self._numbers: dict[int, int] = {}
        self._refs: list[int] = []

    def named(self, slot: int, type_: RefType) -> Any:
        """A reference by what it means."""
        heap = self.machine.gc
        if not slot:
            return None
        if type_.is_func:
            found = function_named(self.machine, slot)
            self._lacks("it holds a function of the host", found is None)
            return found
        if heap.is_i31(slot):
            return {"i31": slot}
        self._lacks("it holds a reference to no object", not heap.is_object(slot))
        if not heap.is_object(slot):
            return None
        if slot not in self._numbers:
            self._numbers[slot] = len(self._refs)
            self._refs.append(slot)
        return {"object": self._numbers[slot]}

    def _lacks(self, what: str, so: bool) -> None:
        if so and not self.why_not:
            self.why_not = what

    def listed(self) -> list[dict[str, Any]]:
        """All objects, those that only others refer to too."""
        found: list[dict[str, Any]] = []
        for ref in self._refs:  # which grows meanwhile
            if len(found) == _MOST_OBJECTS:
                self._lacks(f"it holds more than {_MOST_OBJECTS:,} objects", True)
                break
            found.append(self._object(ref))
        return found

    def _object(self, ref: int) -> dict[str, Any]:
        heap = self.machine.gc
        found = heap.object(ref)
        match found.kind:
            case "struct":
                parts = heap.struct_layout(found.type_id).parts
                return {"struct": self._type(found.type_id), "parts": [self._part(ref, part) for part in parts]}
            case "array":
                element = heap.array_layout(found.type_id).element
                parts_ = [self._part(ref, element, i) for i in range(heap.length(ref))]
                return {"array": self._type(found.type_id), "parts": parts_}
            case "exn":
                parts = heap.exception_layout(found.type_id).parts
                return {"exn": list(tag_of(self.machine, ref)), "parts": [self._part(ref, part) for part in parts]}
            case _:
                self._lacks("it holds values of the host", True)
                return {}

    def _type(self, type_id: int) -> list[int] | None:
        """[instance, type] of an engine-wide id."""
        for number, instance in enumerate(self.machine.instances):
            if type_id in instance.type_ids:
                return [number, instance.type_ids.index(type_id)]
        self._lacks("it holds an object of a type that no module declares", True)
        return None

    def _part(self, ref: int, part: Part, index: int = 0) -> Any:
        bits = self.machine.gc.load(ref, part, index)
        return self.named(bits, part.storage) if isinstance(part.storage, RefType) else bits


# -- putting back ----------------------------------------------------------------------------------


class Objects:
    """The objects of a dump, made anew in a machine."""

    def __init__(self, machine: Machine, listed: Any) -> None:
        """Raises UserError for objects that no program could have."""
        self.machine = machine
        self._refs: list[int] = []
        described = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        if len(described) > _MOST_OBJECTS or (isinstance(listed, list) and len(described) != len(listed)):
            raise UserError("the dump's objects cannot be read", _DAMAGED)
        try:
            with machine.gc.uncollected():
                fillings = [self._made(each) for each in described]
                for fill in fillings:
                    fill()
        except (LookupError, TypeError, ValueError, AttributeError):
            raise UserError("the dump has an object of no type", _DAMAGED) from None
        except Trap as trap:
            raise UserError(f"the dump's objects have no room: {trap}", "--max-gc-heap allows more") from None

    def _made(self, each: dict[str, Any]) -> Callable[[], None]:
        """Makes an object, and answers what fills it once all are there."""
        heap, parts = self.machine.gc, each["parts"]
        count = len(parts)
        if "array" in each:
            type_id = self._type_id(each["array"], ArrayType)
            ref = heap.new_array(type_id, count)
            places = [(heap.array_layout(type_id).element, i) for i in range(count)]
        elif "struct" in each:
            type_id = self._type_id(each["struct"], StructType)
            ref = heap.new_struct(type_id)
            places = [(part, 0) for part in heap.struct_layout(type_id).parts]
        else:
            instance, number = self._at(each["exn"])
            tag = instance.module.defined_tags[number]
            type_id = instance.type_ids[tag.type_index]
            ref = heap.new_exception(type_id, instance.number, number)
            places = [(part, 0) for part in heap.exception_layout(type_id).parts]
        self._refs.append(ref)
        return lambda: self._fill(ref, places, parts)

    def _at(self, named: Any) -> tuple[Instance, int]:
        """[instance, index]. Raises ValueError, LookupError."""
        number, index = named
        if type(number) is not int or type(index) is not int or number < 0 or index < 0:
            raise ValueError(named)
        return self.machine.instances[number], index

    def _type_id(self, named: Any, kind: type) -> int:
        instance, index = self._at(named)
        type_id = instance.type_ids[index]
        if not isinstance(self.machine.types.types[type_id].type, kind):
            raise ValueError(named)
        return type_id

    def _fill(self, ref: int, places: list[tuple[Part, int]], parts: Any) -> None:
        for (part, index), value in zip(places, parts, strict=True):
            if not isinstance(part.storage, RefType):
                if type(value) is not int or value < 0 or value.bit_length() > 8 * part.bytes:
                    raise ValueError(value)
                self.machine.gc.store(ref, part, value, index)
                continue
            slot = self.slot(value, part.storage)
            if slot is None:
                raise ValueError(value)
            self.machine.gc.store(ref, part, slot, index)

    def slot(self, named: Any, type_: RefType) -> int | None:
        """A reference as a slot; None when it is not of the type, which is by engine-wide ids."""
        if named is None:
            return 0 if type_.nullable else None
        found = next(iter(self._slots(named, type_)), None)
        return found if found is not None and self._is_of(found, type_) else None

    def _slots(self, named: Any, type_: RefType) -> Iterator[int]:
        match named:
            case [int(number), int(func)] if type_.is_func and 0 <= number < len(self.machine.instances):
                instance = self.machine.instances[number]
                if 0 <= func < len(instance.module.func_type_indexes) and instance.func_ref_at(func):
                    yield self.machine.func_ref(instance, func)
            case {"i31": int(bits)} if not type_.is_func and 0 < bits < 1 << 32 and self.machine.gc.is_i31(bits):
                yield bits
            case {"object": int(number)} if not type_.is_func and 0 <= number < len(self._refs):
                yield self._refs[number]

    def _is_of(self, slot: int, type_: RefType) -> bool:
        machine = self.machine
        if type_.is_func:
            return machine.matching.heap(machine.read_func_ref(Addr(slot)).type_id, type_.heap)
        is_exception = not machine.gc.is_i31(slot) and machine.gc.object(slot).kind == "exn"
        return is_exception == (type_.heap in (Heap.EXN, Heap.NOEXN)) and machine.holds(type_, slot)
