"""References: tables, and the objects of the GC heap. What allocates, casts or resolves is left to the runtime."""

from __future__ import annotations

from collections.abc import Mapping

from vm.memory import CARD_BYTES
from vm.native.emit.control import TABLE_BASE, TABLE_CARDS, TABLE_LENGTH
from vm.native.emit.memory import ENTRY_BYTES, entry
from vm.native.ir import AT_A, AT_B, AT_D, Body, Code, straight
from vm.native.shapes import READS, WRITES

_CARD_SHIFT = CARD_BYTES.bit_length() - 1

# -- tables ----------------------------------------------------------------------------------------


def _length(c: Code) -> str:
    return c.pointed(c.shape.table_length_bytes, c.imm("ptr"), TABLE_LENGTH)


def _element(c: Code, index: str, size_log2: int) -> tuple[str, str]:
    """Where an element that exists is, and its offset."""
    c.guard(c.let(f"icmp uge i64 {index}, {_length(c)}"))
    offset = c.let(f"shl i64 {index}, {size_log2}")
    return c.at(c.load("ptr", c.word("ptr", c.imm("ptr"), TABLE_BASE), 8), offset), offset


def _mark(c: Code, cards: str, offset: str, width: int) -> None:
    c.store("i8", "1", c.at(cards, c.let(f"lshr i64 {offset}, {_CARD_SHIFT}")))
    if width > 8:  # nothing narrower lies on two cards
        last = c.let(f"lshr i64 {c.let(f'add i64 {offset}, {width - 1}')}, {_CARD_SHIFT}")
        c.store("i8", "1", c.at(cards, last))


def _table_get(c: Code) -> None:
    c.put("i32", c.load("i32", _element(c, c.bits(AT_A), 2)[0], 4))


def _table_get_func(c: Code) -> None:
    word = c.load("i64", _element(c, c.bits(AT_A), 3)[0], 8)
    if c.shape.lazy_tables:
        c.guard(c.let(f"icmp eq i64 {word}, 0"))  # not resolved yet
    tag = c.let(f"xor i64 {c.context('lazy_bit')}, -1")
    c.put("i64", c.let(f"and i64 {word}, {tag}"))


def _table_set(c: Code) -> None:
    place, offset = _element(c, c.bits(AT_A), 2)
    c.store("i32", c.operand("i32", AT_B), place, 4)
    _mark(c, c.word("ptr", c.imm("ptr"), TABLE_CARDS), offset, 4)


def _table_set_func(c: Code) -> None:
    place, offset = _element(c, c.bits(AT_A), 3)
    c.store("i64", c.let(f"or i64 {c.bits(AT_B)}, {c.context('lazy_bit')}"), place, 8)
    _mark(c, c.word("ptr", c.imm("ptr"), TABLE_CARDS), offset, 8)


def _table_size(c: Code) -> None:
    c.put("i64", _length(c))


# -- references ------------------------------------------------------------------------------------


def _same(c: Code) -> None:
    c.put("i32", c.let(f"zext i1 {c.let(f'icmp eq i64 {c.bits(AT_A)}, {c.bits(AT_B)}')} to i32"))


def _not_null(c: Code) -> None:
    c.guard(c.let(f"icmp eq i64 {c.bits(AT_A)}, 0"))


def _func_ref(c: Code) -> None:
    """Where the VMFuncRef lies stands behind an entry's record; writing it the first time is the runtime's."""
    record = c.imm("ptr")
    entry(c, record)
    where = c.word("ptr", record, ENTRY_BYTES)
    code = c.load("i64", c.at(where, c.context("func_ref_code")), 8)
    c.guard(c.let(f"icmp eq i64 {code}, 0"))
    c.put("i64", c.word("i64", record, ENTRY_BYTES))


def _make_i31(c: Code) -> None:
    shifted = c.let(f"shl i32 {c.operand('i32', AT_A)}, 1")
    bit = c.let(f"trunc i64 {c.context('i31_bit')} to i32")
    c.put("i32", c.let(f"or i32 {shifted}, {bit}"))


def _i31(operator: str) -> Body:
    def body(c: Code) -> None:
        reference = c.operand("i32", AT_A)
        c.guard(c.let(f"icmp eq i32 {reference}, 0"))
        c.put("i32", c.let(f"{operator} i32 {reference}, 1"))

    return straight(body)


# -- objects ---------------------------------------------------------------------------------------


def _object(c: Code) -> str:
    """The offset in the heap of the object that [a] refers to."""
    reference = c.bits(AT_A)
    c.guard(c.let(f"icmp eq i64 {reference}, 0"))
    return reference


def _in_heap(c: Code, offset: str) -> str:
    return c.at(c.load("ptr", c.context("heap_base", "ptr"), 8), offset)


def _array_length(c: Code, array: str) -> str:
    return c.load("i32", c.at(_in_heap(c, array), c.context("array_length")), 4)


def _field(c: Code) -> str:
    """The offset in the heap of the field that the immediate names."""
    return c.let(f"add i64 {_object(c)}, {c.imm()}")


def _item(c: Code, width: int) -> str:
    """The offset in the heap of the element numbered by [b]."""
    array, index = _object(c), c.operand("i32", AT_B)
    c.guard(c.let(f"icmp uge i32 {index}, {_array_length(c, array)}"))
    first = c.let(f"add i64 {array}, {c.imm()}")
    within = c.let(f"mul i64 {c.widen(index, 'i32')}, {width}")
    return c.let(f"add i64 {first}, {within}")


def _get(width: int, signed: bool, indexed: bool) -> Body:
    def body(c: Code) -> None:
        place = _in_heap(c, _item(c, width) if indexed else _field(c))
        c.touch(place, width, READS)
        if width == 16:
            c.put("v128", c.load("<16 x i8>", place))
        elif width == 8:
            c.put("i64", c.load("i64", place))
        else:
            value = c.load(f"i{8 * width}", place)
            extend = "sext" if signed else "zext"
            c.put("i32", value if width == 4 else c.let(f"{extend} i{8 * width} {value} to i32"))

    return straight(body)


def _set(width: int, indexed: bool) -> Body:
    """The value is at [d]: it is the last operand, and there is no result."""

    def body(c: Code) -> None:
        offset = _item(c, width) if indexed else _field(c)
        place = _in_heap(c, offset)
        c.touch(place, width, WRITES)
        if width == 16:
            c.store("<16 x i8>", c.operand("v128", AT_D), place)
        else:
            bits = c.bits(AT_D)
            c.store(f"i{8 * width}", bits if width == 8 else c.let(f"trunc i64 {bits} to i{8 * width}"), place)
        _mark(c, c.context("heap_cards", "ptr"), offset, width)

    return straight(body)


def _array_len(c: Code) -> None:
    c.put("i32", _array_length(c, _object(c)))


_WIDTHS = (1, 2, 4, 8, 16)

HANDLERS: Mapping[str, Body] = {
    "table.get": straight(_table_get),
    "table.get.func": straight(_table_get_func),
    "table.set": straight(_table_set),
    "table.set.func": straight(_table_set_func),
    "table.size": straight(_table_size),
    "ref.eq": straight(_same),
    "ref.as_non_null": straight(_not_null),
    "ref.func": straight(_func_ref),
    "ref.i31": straight(_make_i31),
    "i31.get_s": _i31("ashr"),
    "i31.get_u": _i31("lshr"),
    "array.len": straight(_array_len),
    **{f"struct.get.{w}": _get(w, signed=False, indexed=False) for w in _WIDTHS},
    **{f"struct.get_s.{w}": _get(w, signed=True, indexed=False) for w in (1, 2)},
    **{f"struct.set.{w}": _set(w, indexed=False) for w in _WIDTHS},
    **{f"array.get.{w}": _get(w, signed=False, indexed=True) for w in _WIDTHS},
    **{f"array.get_s.{w}": _get(w, signed=True, indexed=True) for w in (1, 2)},
    **{f"array.set.{w}": _set(w, indexed=True) for w in _WIDTHS},
}
