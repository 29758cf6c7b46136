"""Vector instructions (prefix 0xFD): rows generated from what the shapes have in common."""

from __future__ import annotations

from collections.abc import Iterator

from vm.ops.row import Has, Imm, Op

_SIMD, _RELAXED = "SIMD", "relaxed SIMD"
_UNARY, _BINARY, _TERNARY = "v128 -> v128", "v128 v128 -> v128", "v128 v128 v128 -> v128"
_TEST, _SHIFT = "v128 -> i32", "v128 i32 -> v128"

_INT_SHAPES = ("i8x16", "i16x8", "i32x4", "i64x2")
_INT_COMPARE = ("eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u")
_SIGNED_COMPARE = ("eq", "ne", "lt_s", "gt_s", "le_s", "ge_s")
_FLOAT_COMPARE = ("eq", "ne", "lt", "gt", "le", "ge")
_SHIFTS = ("shl", "shr_s", "shr_u")
_SATURATING = ("add", "add_sat_s", "add_sat_u", "sub", "sub_sat_s", "sub_sat_u")
_MIN_MAX = ("min_s", "min_u", "max_s", "max_u")
_HALVES = ("low_{}_s", "high_{}_s", "low_{}_u", "high_{}_u")
_FLOAT_BINARY = ("add", "sub", "mul", "div", "min", "max", "pmin", "pmax")

# (first number, shape, names): numbers run on from the first
_RUNS: tuple[tuple[int, str, tuple[str, ...], str], ...] = (
    (35, "i8x16", _INT_COMPARE, _BINARY),
    (45, "i16x8", _INT_COMPARE, _BINARY),
    (55, "i32x4", _INT_COMPARE, _BINARY),
    (65, "f32x4", _FLOAT_COMPARE, _BINARY),
    (71, "f64x2", _FLOAT_COMPARE, _BINARY),
    (78, "v128", ("and", "andnot", "or", "xor"), _BINARY),
    (94, "f32x4", ("demote_f64x2_zero",), _UNARY),
    (95, "f64x2", ("promote_low_f32x4",), _UNARY),
    (96, "i8x16", ("abs", "neg", "popcnt"), _UNARY),
    (99, "i8x16", ("all_true", "bitmask"), _TEST),
    (101, "i8x16", ("narrow_i16x8_s", "narrow_i16x8_u"), _BINARY),
    (103, "f32x4", ("ceil", "floor", "trunc", "nearest"), _UNARY),
    (107, "i8x16", _SHIFTS, _SHIFT),
    (110, "i8x16", _SATURATING, _BINARY),
    (116, "f64x2", ("ceil", "floor"), _UNARY),
    (118, "i8x16", _MIN_MAX, _BINARY),
    (122, "f64x2", ("trunc",), _UNARY),
    (123, "i8x16", ("avgr_u",), _BINARY),
    (124, "i16x8", ("extadd_pairwise_i8x16_s", "extadd_pairwise_i8x16_u"), _UNARY),
    (126, "i32x4", ("extadd_pairwise_i16x8_s", "extadd_pairwise_i16x8_u"), _UNARY),
    (128, "i16x8", ("abs", "neg"), _UNARY),
    (130, "i16x8", ("q15mulr_sat_s",), _BINARY),
    (131, "i16x8", ("all_true", "bitmask"), _TEST),
    (133, "i16x8", ("narrow_i32x4_s", "narrow_i32x4_u"), _BINARY),
    (135, "i16x8", tuple("extend_" + h.format("i8x16") for h in _HALVES), _UNARY),
    (139, "i16x8", _SHIFTS, _SHIFT),
    (142, "i16x8", _SATURATING, _BINARY),
    (148, "f64x2", ("nearest",), _UNARY),
    (149, "i16x8", ("mul", *_MIN_MAX), _BINARY),
    (155, "i16x8", ("avgr_u", *("extmul_" + h.format("i8x16") for h in _HALVES)), _BINARY),
    (160, "i32x4", ("abs", "neg"), _UNARY),
    (163, "i32x4", ("all_true", "bitmask"), _TEST),
    (167, "i32x4", tuple("extend_" + h.format("i16x8") for h in _HALVES), _UNARY),
    (171, "i32x4", _SHIFTS, _SHIFT),
    (174, "i32x4", ("add",), _BINARY),
    (177, "i32x4", ("sub",), _BINARY),
    (181, "i32x4", ("mul", *_MIN_MAX, "dot_i16x8_s"), _BINARY),
    (188, "i32x4", tuple("extmul_" + h.format("i16x8") for h in _HALVES), _BINARY),
    (192, "i64x2", ("abs", "neg"), _UNARY),
    (195, "i64x2", ("all_true", "bitmask"), _TEST),
    (199, "i64x2", tuple("extend_" + h.format("i32x4") for h in _HALVES), _UNARY),
    (203, "i64x2", _SHIFTS, _SHIFT),
    (206, "i64x2", ("add",), _BINARY),
    (209, "i64x2", ("sub",), _BINARY),
    (213, "i64x2", ("mul", *_SIGNED_COMPARE, *("extmul_" + h.format("i32x4") for h in _HALVES)), _BINARY),
    (224, "f32x4", ("abs", "neg"), _UNARY),
    (227, "f32x4", ("sqrt",), _UNARY),
    (228, "f32x4", _FLOAT_BINARY, _BINARY),
    (236, "f64x2", ("abs", "neg"), _UNARY),
    (239, "f64x2", ("sqrt",), _UNARY),
    (240, "f64x2", _FLOAT_BINARY, _BINARY),
    (248, "i32x4", ("trunc_sat_f32x4_s", "trunc_sat_f32x4_u"), _UNARY),
    (250, "f32x4", ("convert_i32x4_s", "convert_i32x4_u"), _UNARY),
    (252, "i32x4", ("trunc_sat_f64x2_s_zero", "trunc_sat_f64x2_u_zero"), _UNARY),
    (254, "f64x2", ("convert_low_i32x4_s", "convert_low_i32x4_u"), _UNARY),
)
_RELAXED_RUNS: tuple[tuple[int, str, tuple[str, ...], str], ...] = (
    (0x100, "i8x16", ("relaxed_swizzle",), _BINARY),
    (0x101, "i32x4", ("relaxed_trunc_f32x4_s", "relaxed_trunc_f32x4_u"), _UNARY),
    (0x103, "i32x4", ("relaxed_trunc_f64x2_s_zero", "relaxed_trunc_f64x2_u_zero"), _UNARY),
    (0x105, "f32x4", ("relaxed_madd", "relaxed_nmadd"), _TERNARY),
    (0x107, "f64x2", ("relaxed_madd", "relaxed_nmadd"), _TERNARY),
    *((0x109 + i, shape, ("relaxed_laneselect",), _TERNARY) for i, shape in enumerate(_INT_SHAPES)),
    (0x10D, "f32x4", ("relaxed_min", "relaxed_max"), _BINARY),
    (0x10F, "f64x2", ("relaxed_min", "relaxed_max"), _BINARY),
    (0x111, "i16x8", ("relaxed_q15mulr_s", "relaxed_dot_i8x16_i7x16_s"), _BINARY),
    (0x113, "i32x4", ("relaxed_dot_i8x16_i7x16_add_s",), _TERNARY),
)  # fmt: skip

# (number, name, bytes touched)
_LOADS = (
    (0, "v128.load", 16),
    (1, "v128.load8x8_s", 8), (2, "v128.load8x8_u", 8),
    (3, "v128.load16x4_s", 8), (4, "v128.load16x4_u", 8),
    (5, "v128.load32x2_s", 8), (6, "v128.load32x2_u", 8),
    (7, "v128.load8_splat", 1), (8, "v128.load16_splat", 2), (9, "v128.load32_splat", 4), (10, "v128.load64_splat", 8),
    (92, "v128.load32_zero", 4), (93, "v128.load64_zero", 8),
)  # fmt: skip
# (first number, shape, what a lane is on the operand stack, extracting instructions)
_LANES = (
    (21, "i8x16", "i32", ("extract_lane_s", "extract_lane_u")),
    (24, "i16x8", "i32", ("extract_lane_s", "extract_lane_u")),
    (27, "i32x4", "i32", ("extract_lane",)),
    (29, "i64x2", "i64", ("extract_lane",)),
    (31, "f32x4", "f32", ("extract_lane",)),
    (33, "f64x2", "f64", ("extract_lane",)),
)


def _op(number: int, name: str, sig: str, imm: tuple[Imm, ...] = (), has: Has = Has.PURE, width: int = 0) -> Op:
    proposal = _SIMD if number < 0x100 else _RELAXED
    return Op((0xFD, number), name, imm, sig, has, proposal, "exec-instr-vec", width)


def _runs() -> Iterator[Op]:
    for first, shape, names, sig in (*_RUNS, *_RELAXED_RUNS):
        for i, name in enumerate(names):
            yield _op(first + i, f"{shape}.{name}", sig)


def _lanes() -> Iterator[Op]:
    for i, (first, shape, type_, extracts) in enumerate(_LANES):
        yield _op(15 + i, f"{shape}.splat", f"{type_} -> v128")
        for j, name in enumerate(extracts):
            yield _op(first + j, f"{shape}.{name}", f"v128 -> {type_}", (Imm.LANE,))
        yield _op(first + len(extracts), f"{shape}.replace_lane", f"v128 {type_} -> v128", (Imm.LANE,))


def _memory() -> Iterator[Op]:
    loads, stores = Has.LOADS | Has.TRAPS, Has.STORES | Has.TRAPS
    for number, name, width in _LOADS:
        yield _op(number, name, "addr -> v128", (Imm.MEMARG,), loads, width)
    yield _op(11, "v128.store", "addr v128 ->", (Imm.MEMARG,), stores, 16)
    for i, bits in enumerate((8, 16, 32, 64)):
        memarg = (Imm.MEMARG, Imm.LANE)
        yield _op(84 + i, f"v128.load{bits}_lane", "addr v128 -> v128", memarg, loads, bits // 8)
        yield _op(88 + i, f"v128.store{bits}_lane", "addr v128 ->", memarg, stores, bits // 8)


ROWS: tuple[Op, ...] = (
    _op(12, "v128.const", "-> v128", (Imm.V128,), Has.PURE | Has.CONST),
    _op(13, "i8x16.shuffle", _BINARY, (Imm.LANES,)),
    _op(14, "i8x16.swizzle", _BINARY),
    _op(77, "v128.not", _UNARY),
    _op(82, "v128.bitselect", _TERNARY),
    _op(83, "v128.any_true", _TEST),
    *_runs(),
    *_lanes(),
    *_memory(),
)
