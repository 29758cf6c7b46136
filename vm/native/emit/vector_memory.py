"""Vector instructions that read and write memories: whole vectors, parts that are widened or repeated, single lanes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from vm.native.emit.lanes import BYTES, splatted
from vm.native.emit.memory import FAR_BYTES, LOCATE, Locate, far, mark
from vm.native.ir import AT_A, AT_B, Body, Code, straight
from vm.native.shapes import READS, WRITES
from vm.ops.simd import ROWS


def _loaded(c: Code, name: str, pointer: str) -> tuple[str, str]:
    """What a load makes of the bytes at a pointer."""
    if found := re.fullmatch(r"v128\.load(\d+)x(\d+)_([su])", name):
        bits, count = int(found[1]), int(found[2])
        value = c.load(f"<{count} x i{bits}>", pointer)
        wide = f"<{count} x i{2 * bits}>"
        return wide, c.let(f"{'sext' if found[3] == 's' else 'zext'} <{count} x i{bits}> {value} to {wide}")
    if found := re.fullmatch(r"v128\.load(\d+)_(splat|zero)", name):
        bits = int(found[1])
        type_, value = f"<{128 // bits} x i{bits}>", c.load(f"i{bits}", pointer)
        if found[2] == "splat":
            return type_, splatted(c, type_, f"i{bits}", 128 // bits, value)
        return type_, c.let(f"insertelement {type_} zeroinitializer, i{bits} {value}, i32 0")
    return BYTES, c.load(BYTES, pointer)


def _load(name: str, width: int, locate: Locate) -> Body:
    def body(c: Code) -> None:
        pointer = locate(c, width, c.bits(AT_A)).pointer
        c.touch(pointer, width, READS)
        type_, value = _loaded(c, name, pointer)
        c.put("v128", value if type_ == BYTES else c.let(f"bitcast {type_} {value} to {BYTES}"))

    return straight(body)


def _store(locate: Locate) -> Body:
    def body(c: Code) -> None:
        place = locate(c, 16, c.bits(AT_A))
        c.touch(place.pointer, 16, WRITES)
        c.store(BYTES, c.operand("v128", AT_B), place.pointer)
        mark(c, place, 16)

    return straight(body)


LANE_AT = FAR_BYTES  # in the record of a lane's load or store, behind what every far access has


def _load_lane(bits: int) -> Body:
    def body(c: Code) -> None:
        value = c.load(f"i{bits}", far(c, bits // 8, c.bits(AT_A)).pointer)
        type_ = f"<{128 // bits} x i{bits}>"
        vector = c.load(type_, c.slot(AT_B), 8)
        lane = c.word("i64", c.imm("ptr"), LANE_AT)
        made = c.let(f"insertelement {type_} {vector}, i{bits} {value}, i64 {lane}")
        c.put("v128", made if type_ == BYTES else c.let(f"bitcast {type_} {made} to {BYTES}"))

    return straight(body)


def _store_lane(bits: int) -> Body:
    def body(c: Code) -> None:
        place = far(c, bits // 8, c.bits(AT_A))
        type_ = f"<{128 // bits} x i{bits}>"
        lane = c.word("i64", c.imm("ptr"), LANE_AT)
        value = c.let(f"extractelement {type_} {c.load(type_, c.slot(AT_B), 8)}, i64 {lane}")
        c.store(f"i{bits}", value, place.pointer)
        mark(c, place, bits // 8)

    return straight(body)


_WHOLE_LOADS = [op for op in ROWS if op.width and op.name.startswith("v128.load") and "lane" not in op.name]
ACCESSES: Mapping[str, Body] = {
    **{op.name + where: _load(op.name, op.width, how) for op in _WHOLE_LOADS for where, how in LOCATE.items()},
    **{"v128.store" + where: _store(how) for where, how in LOCATE.items()},
}
LANES: Mapping[str, Body] = {
    **{f"v128.load{bits}_lane": _load_lane(bits) for bits in (8, 16, 32, 64)},
    **{f"v128.store{bits}_lane": _store_lane(bits) for bits in (8, 16, 32, 64)},
}
HANDLERS: Mapping[str, Body] = {**ACCESSES, **LANES}
