"""Atomic accesses, all far ones. Threads take turns between instructions, so every access is atomic already."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vm.native.emit.memory import Place, far, mark
from vm.native.ir import AT_A, AT_B, Body, Code, straight
from vm.native.shapes import READS, WRITES
from vm.ops.atomic import ROWS

_COMBINE = {"add": "add", "sub": "sub", "and": "and", "or": "or", "xor": "xor"}


def _place(c: Code, width: int, kinds: int) -> Place:
    """A checked and aligned access at the address in [a]."""
    place = far(c, width, c.bits(AT_A))
    c.guard(c.let(f"icmp ne i64 {c.let(f'and i64 {place.address}, {width - 1}')}, 0"))
    c.touch(place.pointer, width, kinds)
    return place


def _put_old(c: Code, value: str, bits: str) -> None:
    c.put("i64", c.widen(value, bits))


def _operand(c: Code, bits: str, more: int = 0) -> str:
    value = c.load("i64", c.slot(AT_B, more), 8)
    return value if bits == "i64" else c.let(f"trunc i64 {value} to {bits}")


def _load(width: int) -> Body:
    def body(c: Code) -> None:
        bits = f"i{8 * width}"
        _put_old(c, c.load(bits, _place(c, width, READS).pointer, width), bits)

    return straight(body)


def _store(width: int) -> Body:
    def body(c: Code) -> None:
        place, bits = _place(c, width, WRITES), f"i{8 * width}"
        c.store(bits, _operand(c, bits), place.pointer, width)
        mark(c, place, width)

    return straight(body)


def _read_modify_write(width: int, what: str) -> Body:
    def body(c: Code) -> None:
        place, bits = _place(c, width, READS | WRITES), f"i{8 * width}"
        old, operand = c.load(bits, place.pointer, width), _operand(c, bits)
        made = operand if what == "xchg" else c.let(f"{_COMBINE[what]} {bits} {old}, {operand}")
        c.store(bits, made, place.pointer, width)
        mark(c, place, width)
        _put_old(c, old, bits)

    return straight(body)


def _compare_exchange(width: int) -> Callable[[Code], None]:
    """[b] is what is expected, the slot above it the replacement."""

    def write(c: Code) -> None:
        place, bits = _place(c, width, READS | WRITES), f"i{8 * width}"
        old, replacement = c.load(bits, place.pointer, width), _operand(c, bits, 8)
        same = c.let(f"icmp eq {bits} {old}, {_operand(c, bits)}")
        _put_old(c, old, bits)
        c.do(f"br i1 {same}, label %exchange, label %done")
        c.label("exchange")
        c.store(bits, replacement, place.pointer, width)
        mark(c, place, width)
        c.do("br label %done")
        c.label("done")
        c.next()

    return write


def _handler(name: str, width: int) -> Body:
    what = name.split(".")[-1].removesuffix("_u")
    if ".rmw" in name:
        return _compare_exchange(width) if what == "cmpxchg" else _read_modify_write(width, what)
    return _load(width) if ".load" in name else _store(width)


HANDLERS: Mapping[str, Body] = {
    op.name: _handler(op.name, op.width) for op in ROWS if op.width and not op.name.startswith("memory.")
}
