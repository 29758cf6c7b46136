"""Loads, stores and bulk instructions. Every store marks cards; every access checks its bound.

A *near* access is to memory 0 with 32-bit addresses, whose base and length are in registers; a *far* one to any other,
through a record {offset u64, addresses of the fields of its base and length, cards ptr} that the immediate points to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from vm.memories import CHUNK_BYTES
from vm.memory import CARD_BYTES
from vm.native.ir import AT_A, AT_B, AT_D, AT_IMM, INT, Body, Code, straight
from vm.native.shapes import READS, WRITES

FAR_OFFSET, FAR_BASE, FAR_LENGTH, FAR_CARDS, FAR_BYTES = 0, 8, 16, 24, 32
ENTRY_BYTES = 16
_CARD_SHIFT = CARD_BYTES.bit_length() - 1


class Place(NamedTuple):
    """A checked access: where it is in native memory, its effective address, and the memory's cards."""

    pointer: str
    address: str
    cards: str


def near(c: Code, width: int, address: str) -> Place:
    """Memory 0: neither a 32-bit address nor the offset can make the sum overflow."""
    address = c.let(f"add i64 {address}, {c.imm()}")
    c.guard(c.let(f"icmp ugt i64 {c.let(f'add i64 {address}, {width}')}, %ms"))
    return Place(c.at("%mb", address), address, "%cards")


def far(c: Code, width: int, address: str) -> Place:
    """Any memory, with 64-bit sums that may overflow."""
    record = c.imm("ptr")
    address = _sum(c, address, c.word("i64", record, FAR_OFFSET))
    base, length, cards = definition(c, record)
    c.guard(c.let(f"icmp ugt i64 {_sum(c, address, str(width))}, {length}"))
    return Place(c.at(base, address), address, cards)


def _sum(c: Code, x: str, y: str) -> str:
    pair = c.let(f"call {{i64, i1}} @llvm.uadd.with.overflow.i64(i64 {x}, i64 {y})")
    c.guard(c.let(f"extractvalue {{i64, i1}} {pair}, 1"))
    return c.let(f"extractvalue {{i64, i1}} {pair}, 0")


def definition(c: Code, record: str) -> tuple[str, str, str]:
    """Base, length and cards of the memory of a far record."""
    base = c.load("ptr", c.word("ptr", record, FAR_BASE), 8)
    length = c.pointed(c.shape.memory_length_bytes, record, FAR_LENGTH)
    return base, length, c.word("ptr", record, FAR_CARDS)


def mark(c: Code, place: Place, width: int) -> None:
    """Marks the cards of an access, which lies on two at most."""
    first = c.at(place.cards, c.let(f"lshr i64 {place.address}, {_CARD_SHIFT}"))
    c.store("i8", "1", first)
    if width > 1:
        last = c.let(f"lshr i64 {c.let(f'add i64 {place.address}, {width - 1}')}, {_CARD_SHIFT}")
        c.store("i8", "1", c.at(place.cards, last))


Locate = Callable[[Code, int, str], Place]
LOCATE: Mapping[str, Locate] = {"": near, ".far": far}

# -- scalar accesses -------------------------------------------------------------------------------


def _signature(name: str) -> tuple[str, int, str]:
    """(bits of the value, bytes in memory, zext or sext) of a load or store."""
    type_, _, rest = name.partition(".")
    how, digits = rest.partition("_")[2], "".join(ch for ch in rest.partition("_")[0] if ch.isdigit())
    bits = INT[type_]
    return bits, int(digits or bits[1:]) // 8, "sext" if how == "s" else "zext"


def _resize(c: Code, value: str, frm: str, to: str, how: str) -> str:
    return value if frm == to else c.let(f"{how} {frm} {value} to {to}")


def load(name: str, locate: Locate, indexed: bool = False) -> Body:
    """`indexed`: the address is the 32-bit sum of two slots."""
    bits, width, how = _signature(name)

    def body(c: Code) -> None:
        address = c.bits(AT_A)
        if indexed:
            total = c.let(f"add i32 {c.operand('i32', AT_A)}, {c.operand('i32', AT_B)}")
            address = c.widen(total, "i32")
        place = locate(c, width, address)
        c.touch(place.pointer, width, READS)
        value = _resize(c, c.load(f"i{8 * width}", place.pointer), f"i{8 * width}", bits, how)
        c.put(bits, value)

    return straight(body)


def store(name: str, locate: Locate, constant: bool = False) -> Body:
    """`constant`: the value is not in a slot, but stands in the word where the slot's offset would."""
    _, width, _ = _signature(name)

    def body(c: Code) -> None:
        place = locate(c, width, c.bits(AT_A))
        c.touch(place.pointer, width, WRITES)
        value = c.widen(c.word("i32", "%pc", AT_B, 4), "i32") if constant else c.bits(AT_B)
        c.store(f"i{8 * width}", _resize(c, value, "i64", f"i{8 * width}", "trunc"), place.pointer)
        mark(c, place, width)

    return straight(body)


def size(c: Code) -> None:
    """memory.size: [d] ← length >> [a]"""
    _, length, _ = definition(c, c.imm("ptr"))
    c.put("i64", c.let(f"lshr i64 {length}, {c.offset(AT_A)}"))


# -- bulk ------------------------------------------------------------------------------------------


def _whole_range(c: Code, record: str, start: str, count: str) -> tuple[str, str]:
    """Pointer to a checked range, and its memory's cards; what is too large is for the runtime, which can pause."""
    c.guard(c.let(f"icmp ugt i64 {count}, {CHUNK_BYTES}"))
    base, length, cards = definition(c, record)
    c.guard(c.let(f"icmp ugt i64 {_sum(c, start, count)}, {length}"))
    return c.at(base, start), cards


def _mark_range(c: Code, cards: str, start: str, count: str) -> None:
    first = c.let(f"lshr i64 {start}, {_CARD_SHIFT}")
    past = c.let(f"add i64 {start}, {count}")
    last = c.let(f"lshr i64 {c.let(f'sub i64 {past}, 1')}, {_CARD_SHIFT}")
    some = c.let(f"icmp ne i64 {count}, 0")
    spanned = c.let(f"add i64 {c.let(f'sub i64 {last}, {first}')}, 1")
    length = c.let(f"select i1 {some}, i64 {spanned}, i64 0")
    c.do(f"call void @llvm.memset.p0.i64(ptr {c.at(cards, first)}, i8 1, i64 {length}, i1 false)")


def entry(c: Code, record: str) -> None:
    """Leaves to the runtime what native code does in its place, unless the array's entry is the one known here.

    The record: {address of the entry u64, what stands there u64}
    """
    found = c.load("i64", c.word("ptr", record, 0), 8)
    c.guard(c.let(f"icmp ne i64 {found}, {c.word('i64', record, 8)}"))


def fill(c: Code) -> None:
    """memory.fill: [d] first byte, [a] value, [b] how many"""
    record, start, count = c.imm("ptr"), c.bits(AT_D), c.bits(AT_B)
    entry(c, c.at(record, FAR_BYTES))
    pointer, cards = _whole_range(c, record, start, count)
    value = c.let(f"trunc i64 {c.bits(AT_A)} to i8")
    c.do(f"call void @llvm.memset.p0.i64(ptr {pointer}, i8 {value}, i64 {count}, i1 false)")
    _mark_range(c, cards, start, count)


def copy(c: Code) -> None:
    """memory.copy: [d] to, [a] from, [b] how many; a far record for each side"""
    record, start, count = c.imm("ptr"), c.bits(AT_D), c.bits(AT_B)
    entry(c, c.at(record, 2 * FAR_BYTES))
    pointer, cards = _whole_range(c, record, start, count)
    source, _ = _whole_range(c, c.at(record, FAR_BYTES), c.bits(AT_A), count)
    c.do(f"call void @llvm.memmove.p0.p0.i64(ptr {pointer}, ptr {source}, i64 {count}, i1 false)")
    _mark_range(c, cards, start, count)


_LOADS = (
    "i32.load", "i64.load", "f32.load", "f64.load", "i32.load8_s", "i32.load8_u", "i32.load16_s", "i32.load16_u",
    "i64.load8_s", "i64.load8_u", "i64.load16_s", "i64.load16_u", "i64.load32_s", "i64.load32_u",
)  # fmt: skip
_STORES = (
    "i32.store", "i64.store", "f32.store", "f64.store", "i32.store8", "i32.store16", "i64.store8", "i64.store16",
    "i64.store32",
)  # fmt: skip

HANDLERS: Mapping[str, Body] = {
    **{n + where: load(n, locate) for n in _LOADS for where, locate in LOCATE.items()},
    **{n + ".indexed": load(n, near, indexed=True) for n in _LOADS},
    **{n + where: store(n, locate) for n in _STORES for where, locate in LOCATE.items()},
    **{n + ".const": store(n, near, constant=True) for n in _STORES},
    "memory.size": straight(size),
    "memory.fill": straight(fill),
    "memory.copy": straight(copy),
}
INTRINSICS = """declare {i64, i1} @llvm.uadd.with.overflow.i64(i64, i64)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
declare void @llvm.memmove.p0.p0.i64(ptr, ptr, i64, i1)"""

__all__ = ["AT_IMM", "HANDLERS", "INTRINSICS"]
