"""Typing rules of typed function references, structs, arrays, i31 and casts (spec: Validation, Instructions)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from vm.instructions import Immediate, Immediates
from vm.types import (
    I32,
    FieldType,
    Heap,
    NumType,
    Packed,
    RefType,
    ValType,
    unpacked,
)
from vm.validator.lookup import array_at, check_data, elem_at, ref_to, signature_at, struct_at
from vm.validator.operands import Operand
from vm.validator.rules import Rule, check_tail
from vm.validator.typing import Typing

_I31 = RefType(Heap.I31, nullable=False)
_I31_OR_NULL = RefType(Heap.I31)
_EQ_OR_NULL = RefType(Heap.EQ)
_ARRAY_OR_NULL = RefType(Heap.ARRAY)


def has_default(type_: ValType) -> bool:
    """Whether a local or field of this type can start without a value being given."""
    return isinstance(type_, NumType) or type_.nullable


def _pop_ref(t: Typing) -> RefType:
    """[any reference] → []; unreachable code gives the least of all."""
    found: Operand = t.pop_any("a reference")
    if found is None:
        return RefType(Heap.BOTTOM, nullable=False)
    if not isinstance(found, RefType):
        t.fail(f"expected a reference, found {found}")
    return found


def _non_null(type_: RefType) -> RefType:
    return RefType(type_.heap, nullable=False, kind=type_.kind)


# -- function references -----------------------------------------------------------------------------


def _callee(t: Typing, imm: Immediates) -> None:
    signature_at(t, imm[0])
    t.pop(ref_to(t, imm[0], nullable=True))


def _call_ref(t: Typing, imm: Immediates) -> None:
    _callee(t, imm)
    type_ = signature_at(t, imm[0])
    t.pop_all(type_.params)
    t.stack += type_.results


def _return_call_ref(t: Typing, imm: Immediates) -> None:
    _callee(t, imm)
    check_tail(t, signature_at(t, imm[0]))


def _ref_as_non_null(t: Typing, imm: Immediates) -> None:
    t.push(_non_null(_pop_ref(t)))


def _br_on_null(t: Typing, imm: Immediates) -> None:
    found = _pop_ref(t)
    label = t.label(imm[0])
    t.pop_all(label)
    t.stack += label
    t.push(_non_null(found))


def _br_on_non_null(t: Typing, imm: Immediates) -> None:
    label = t.label(imm[0])
    if not label or not isinstance(label[-1], RefType):
        t.fail(f"br_on_non_null's label must take a reference last, it takes {' '.join(map(str, label)) or 'nothing'}")
    found = _pop_ref(t)
    if not t.matching.value(_non_null(found), label[-1]):
        t.fail(f"expected {label[-1]}, found {_non_null(found)}")
    t.pop_all(label[:-1])
    t.stack += label[:-1]


def _ref_eq(t: Typing, imm: Immediates) -> None:
    t.pop(_EQ_OR_NULL)
    t.pop(_EQ_OR_NULL)
    t.push(I32)


# -- structs -----------------------------------------------------------------------------------------


def _struct_new(t: Typing, imm: Immediates) -> None:
    t.pop_all([unpacked(field.storage) for field in struct_at(t, imm[0]).fields])
    t.push(ref_to(t, imm[0], nullable=False))


def _struct_new_default(t: Typing, imm: Immediates) -> None:
    for i, field in enumerate(struct_at(t, imm[0]).fields):
        if not has_default(unpacked(field.storage)):
            t.fail(f"field {i} of type {imm[0]} has no default value: it is {field.storage}")
    t.push(ref_to(t, imm[0], nullable=False))


def _field_at(t: Typing, imm: Immediates) -> FieldType:
    struct, index = struct_at(t, imm[0]), imm[1]
    assert isinstance(index, int)
    if index >= len(struct.fields):
        t.fail(f"unknown field {index}, type {imm[0]} has {len(struct.fields)}")
    return struct.fields[index]


def _check_width(t: Typing, field: FieldType, packed: bool) -> None:
    if isinstance(field.storage, Packed) != packed:
        need = "with _s or _u" if not packed else "without _s and _u"
        t.fail(f"what is {field.storage} must be read {need}")


def _mutable(t: Typing, field: FieldType, what: str) -> None:
    if not field.mutable:
        t.fail(f"{what} is immutable")


def _struct_get(packed: bool) -> Rule:
    def rule(t: Typing, imm: Immediates) -> None:
        field = _field_at(t, imm)
        _check_width(t, field, packed)
        t.pop(ref_to(t, imm[0], nullable=True))
        t.push(unpacked(field.storage))

    return rule


def _struct_set(t: Typing, imm: Immediates) -> None:
    field = _field_at(t, imm)
    _mutable(t, field, f"field {imm[1]} of type {imm[0]}")
    t.pop(unpacked(field.storage))
    t.pop(ref_to(t, imm[0], nullable=True))


# -- arrays ------------------------------------------------------------------------------------------


def _array_new(t: Typing, imm: Immediates) -> None:
    element = array_at(t, imm[0])
    t.pop(I32)
    t.pop(unpacked(element.storage))
    t.push(ref_to(t, imm[0], nullable=False))


def _array_new_default(t: Typing, imm: Immediates) -> None:
    element = array_at(t, imm[0])
    if not has_default(unpacked(element.storage)):
        t.fail(f"elements of type {imm[0]} have no default value: they are {element.storage}")
    t.pop(I32)
    t.push(ref_to(t, imm[0], nullable=False))


def _array_new_fixed(t: Typing, imm: Immediates) -> None:
    type_, count = unpacked(array_at(t, imm[0]).storage), imm[1]
    assert isinstance(count, int)
    if count > MAX_FIXED:
        t.fail(f"array.new_fixed of {count} elements is over the limit of {MAX_FIXED}")
    for _ in range(count):
        t.pop(type_)
    t.push(ref_to(t, imm[0], nullable=False))


MAX_FIXED = 10_000  # what engines accept


def _check_from_data(t: Typing, element: FieldType, data: Immediate) -> None:
    if isinstance(element.storage, RefType):
        t.fail(f"elements of {element.storage} cannot be made from bytes")
    check_data(t, data)


def _check_from_elem(t: Typing, element: FieldType, elem: Immediate) -> None:
    found = elem_at(t, elem)
    if isinstance(element.storage, Packed) or not t.matching.value(found, element.storage):
        t.fail(f"an array of {element.storage} cannot take elements of {found}")


def _array_new_data(t: Typing, imm: Immediates) -> None:
    _check_from_data(t, array_at(t, imm[0]), imm[1])
    t.pop_all((I32, I32))
    t.push(ref_to(t, imm[0], nullable=False))


def _array_new_elem(t: Typing, imm: Immediates) -> None:
    _check_from_elem(t, array_at(t, imm[0]), imm[1])
    t.pop_all((I32, I32))
    t.push(ref_to(t, imm[0], nullable=False))


def _array_get(packed: bool) -> Rule:
    def rule(t: Typing, imm: Immediates) -> None:
        element = array_at(t, imm[0])
        _check_width(t, element, packed)
        t.pop(I32)
        t.pop(ref_to(t, imm[0], nullable=True))
        t.push(unpacked(element.storage))

    return rule


def _mutable_array(t: Typing, index: Immediate) -> FieldType:
    element = array_at(t, index)
    _mutable(t, element, f"an array of type {index}")
    return element


def _array_set(t: Typing, imm: Immediates) -> None:
    element = _mutable_array(t, imm[0])
    t.pop(unpacked(element.storage))
    t.pop(I32)
    t.pop(ref_to(t, imm[0], nullable=True))


def _array_len(t: Typing, imm: Immediates) -> None:
    t.pop(_ARRAY_OR_NULL)
    t.push(I32)


def _array_fill(t: Typing, imm: Immediates) -> None:
    element = _mutable_array(t, imm[0])
    t.pop_all((ref_to(t, imm[0], nullable=True), I32, unpacked(element.storage), I32))


def _array_copy(t: Typing, imm: Immediates) -> None:
    to, source = _mutable_array(t, imm[0]), array_at(t, imm[1])
    if not t.matching.storage(source.storage, to.storage):
        t.fail(f"an array of {to.storage} cannot take elements of {source.storage}")
    t.pop_all((ref_to(t, imm[0], nullable=True), I32, ref_to(t, imm[1], nullable=True), I32, I32))


def _array_init_data(t: Typing, imm: Immediates) -> None:
    _check_from_data(t, _mutable_array(t, imm[0]), imm[1])
    t.pop_all((ref_to(t, imm[0], nullable=True), I32, I32, I32))


def _array_init_elem(t: Typing, imm: Immediates) -> None:
    _check_from_elem(t, _mutable_array(t, imm[0]), imm[1])
    t.pop_all((ref_to(t, imm[0], nullable=True), I32, I32, I32))


# -- casts, i31, conversions -------------------------------------------------------------------------


def _target(t: Typing, imm: Immediate) -> RefType:
    assert isinstance(imm, RefType)
    found = t.resolved(imm)
    assert isinstance(found, RefType)
    return found


def _pop_same_hierarchy(t: Typing, target: RefType) -> None:
    t.pop(RefType(t.matching.top(target.heap)))


def _ref_test(t: Typing, imm: Immediates) -> None:
    _pop_same_hierarchy(t, _target(t, imm[0]))
    t.push(I32)


def _ref_cast(t: Typing, imm: Immediates) -> None:
    target = _target(t, imm[0])
    _pop_same_hierarchy(t, target)
    t.push(target)


def _difference(from_: RefType, to: RefType) -> RefType:
    """What is left of a type when a cast to the other one has failed."""
    return RefType(from_.heap, from_.nullable and not to.nullable, from_.kind)


def _br_on_cast(on_fail: bool) -> Rule:
    def rule(t: Typing, imm: Immediates) -> None:
        label, from_, to = t.label(imm[0]), _target(t, imm[1]), _target(t, imm[2])
        if not t.matching.value(to, from_):
            t.fail(f"a cast goes to a narrower type, {to} is none of {from_}")
        rest = _difference(from_, to)
        taken, left = (rest, to) if on_fail else (to, rest)
        if not label or not t.matching.value(taken, label[-1]):
            t.fail(f"the label must take {taken} last, it takes {' '.join(map(str, label)) or 'nothing'}")
        t.pop(from_)
        t.pop_all(label[:-1])
        t.stack += label[:-1]
        t.push(left)

    return rule


def _converted(to: Heap, from_: Heap) -> Rule:
    def rule(t: Typing, imm: Immediates) -> None:
        found = t.pop(RefType(from_))
        t.push(RefType(to, not isinstance(found, RefType) or found.nullable))

    return rule


def _ref_i31(t: Typing, imm: Immediates) -> None:
    t.pop(I32)
    t.push(_I31)


def _i31_get(t: Typing, imm: Immediates) -> None:
    t.pop(_I31_OR_NULL)
    t.push(I32)


GC_RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "call_ref": _call_ref,
        "return_call_ref": _return_call_ref,
        "ref.as_non_null": _ref_as_non_null,
        "br_on_null": _br_on_null,
        "br_on_non_null": _br_on_non_null,
        "ref.eq": _ref_eq,
        "struct.new": _struct_new,
        "struct.new_default": _struct_new_default,
        "struct.get": _struct_get(packed=False),
        "struct.get_s": _struct_get(packed=True),
        "struct.get_u": _struct_get(packed=True),
        "struct.set": _struct_set,
        "array.new": _array_new,
        "array.new_default": _array_new_default,
        "array.new_fixed": _array_new_fixed,
        "array.new_data": _array_new_data,
        "array.new_elem": _array_new_elem,
        "array.get": _array_get(packed=False),
        "array.get_s": _array_get(packed=True),
        "array.get_u": _array_get(packed=True),
        "array.set": _array_set,
        "array.len": _array_len,
        "array.fill": _array_fill,
        "array.copy": _array_copy,
        "array.init_data": _array_init_data,
        "array.init_elem": _array_init_elem,
        "ref.test": _ref_test,
        "ref.test_null": _ref_test,
        "ref.cast": _ref_cast,
        "ref.cast_null": _ref_cast,
        "br_on_cast": _br_on_cast(on_fail=False),
        "br_on_cast_fail": _br_on_cast(on_fail=True),
        "any.convert_extern": _converted(Heap.ANY, Heap.EXTERN),
        "extern.convert_any": _converted(Heap.EXTERN, Heap.ANY),
        "ref.i31": _ref_i31,
        "i31.get_s": _i31_get,
        "i31.get_u": _i31_get,
    }
)
