"""What the immediates of an instruction name; an index out of range fails."""

from __future__ import annotations

from vm.instructions import Immediate
from vm.types import (
    ArrayType,
    CompositeType,
    FieldType,
    FuncType,
    GlobalType,
    NumType,
    RefType,
    StructType,
    TableType,
    ValType,
    kind_of,
)
from vm.validator.typing import Typing


def table_at(t: Typing, index: Immediate) -> TableType:
    """The table an immediate names."""
    assert isinstance(index, int)
    if index >= len(t.context.tables):
        t.fail(f"unknown table {index}, of {len(t.context.tables)}")
    return t.context.tables[index]


def memory_addr(t: Typing, index: Immediate) -> NumType:
    """The address type of the memory an immediate names."""
    assert isinstance(index, int)
    if index >= len(t.context.memories):
        t.fail(f"unknown memory {index}, of {len(t.context.memories)}")
    return t.context.memories[index].addr


def elem_at(t: Typing, index: Immediate) -> RefType:
    """The type of the element segment an immediate names."""
    assert isinstance(index, int)
    if index >= len(t.context.elems):
        t.fail(f"unknown element segment {index}, of {len(t.context.elems)}")
    return t.context.elems[index]


def check_data(t: Typing, index: Immediate) -> None:
    """The data segment an immediate names exists; the data count section must say so."""
    assert isinstance(index, int)
    if t.context.data_count is None:
        t.malformed("data segments are named in code, but there is no data count section")
    if index >= t.context.data_count:
        t.fail(f"unknown data segment {index}, of {t.context.data_count}")


def func_at(t: Typing, index: Immediate) -> FuncType:
    """The type of the function an immediate names."""
    assert isinstance(index, int)
    if index >= len(t.context.funcs):
        t.fail(f"unknown function {index}, of {len(t.context.funcs)}")
    return t.context.funcs[index]


def signature_at(t: Typing, index: Immediate) -> FuncType:
    """The function type an immediate names."""
    assert isinstance(index, int)
    if index >= len(t.context.types):
        t.fail(f"unknown type {index}, of {len(t.context.types)}")
    found = t.context.types[index]
    if not isinstance(found, FuncType):
        t.fail(f"expected a function type, type {index} is {found}")
    return found


def composite_at(t: Typing, index: Immediate) -> CompositeType:
    """The type an immediate names."""
    assert isinstance(index, int)
    if index >= len(t.context.types):
        t.fail(f"unknown type {index}, of {len(t.context.types)}")
    return t.context.types[index]


def struct_at(t: Typing, index: Immediate) -> StructType:
    """The struct type an immediate names."""
    found = composite_at(t, index)
    if not isinstance(found, StructType):
        t.fail(f"expected a struct type, type {index} is {found}")
    return found


def array_at(t: Typing, index: Immediate) -> FieldType:
    """The elements of the array type an immediate names."""
    found = composite_at(t, index)
    if not isinstance(found, ArrayType):
        t.fail(f"expected an array type, type {index} is {found}")
    return found.element


def tag_at(t: Typing, index: Immediate) -> FuncType:
    """The type of the tag an immediate names."""
    assert isinstance(index, int)
    if index >= len(t.context.tags):
        t.fail(f"unknown tag {index}, of {len(t.context.tags)}")
    return t.context.tags[index]


def ref_to(t: Typing, index: Immediate, nullable: bool) -> RefType:
    """A reference to the type of that index, which is known to exist."""
    assert isinstance(index, int)
    return RefType(index, nullable, kind_of(t.context.types[index]))


def local_at(t: Typing, index: Immediate) -> ValType:
    """The type of the local an immediate names."""
    assert isinstance(index, int)
    if index >= len(t.locals):
        t.fail(f"unknown local {index}, of {len(t.locals)}")
    return t.locals[index]


def global_at(t: Typing, index: Immediate) -> GlobalType:
    """The global an immediate names, if it is in reach."""
    assert isinstance(index, int)
    if index >= t.globals_in_reach:
        t.fail(f"unknown global {index}, of {t.globals_in_reach}")
    return t.context.globals[index]
