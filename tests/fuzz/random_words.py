"""What random programs are put together from."""

from __future__ import annotations

TYPES = ("i32", "i64", "f32", "f64")
RESULTS = ((), ("i32",), ("i64",), ("f32",), ("f64",), ("i64", "i32"), ("f64", "i32", "f32"))
FUEL = 60
LOCALS_OF_A_TYPE = 2

BINARY = ("add", "sub", "mul", "and", "or", "xor", "shl", "shr_s", "shr_u", "rotl", "rotr",
           "div_s", "div_u", "rem_s", "rem_u")  # fmt: skip
COMPARE = ("eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u")
FLOAT_BINARY = ("add", "sub", "mul", "div", "min", "max")
FLOAT_UNARY = ("sqrt", "ceil", "floor", "trunc", "nearest")
FLOAT_COMPARE = ("eq", "ne", "lt", "gt", "le", "ge")
LOADS = {
    "i32": ("i32.load", "i32.load8_s", "i32.load8_u", "i32.load16_s", "i32.load16_u"),
    "i64": ("i64.load", "i64.load8_s", "i64.load8_u", "i64.load16_s", "i64.load16_u", "i64.load32_s", "i64.load32_u"),
    "f32": ("f32.load",),
    "f64": ("f64.load",),
}
STORES = {
    "i32": ("i32.store", "i32.store8", "i32.store16"),
    "i64": ("i64.store", "i64.store8", "i64.store16", "i64.store32"),
    "f32": ("f32.store",),
    "f64": ("f64.store",),
}
INTEGERS = {
    "i32": (0, 1, 2, 3, 7, -1, -128, 255, 65535, 65536, 0x7FFF_FFFF, -0x8000_0000, 0x1234_5678),
    "i64": (0, 1, 2, 5, -1, -129, 1 << 32, 65535, 0x7FFF_FFFF_FFFF_FFFF, -(1 << 63), 0x0123_4567_89AB_CDEF),
}
FLOATS = {
    "f32": ("0", "-0", "1", "-1.5", "inf", "-inf", "nan", "nan:0x200001", "-nan:0x1", "0x1p-149", "0x1.fffffep127",
            "2147483648", "-9223372036854775808", "4294967040"),
    "f64": ("0", "-0", "1", "-2.5", "inf", "-inf", "nan", "nan:0x4000000000001", "-nan:0x1", "0x1p-1074", "1e308",
            "2147483648", "9223372036854775808", "-2147483649"),
}  # fmt: skip

PRELUDE = """
  (memory $m0 (export "m0") 1 3) (memory $m1 (export "m1") i64 1 2)
  (table $t0 (export "t0") 8 12 funcref) (table $t1 (export "t1") i64 4 6 funcref)
  (global $fuel (mut i32) (i32.const 0))
  (global $ref (mut funcref) (ref.null func))
  (data $active (memory $m0) (i32.const 16) "\\01\\80\\ff\\7f\\00\\c0\\f0\\7f\\01\\00\\a0\\7f wasm")
  (data $passive "passive bytes \\fe\\ff")
  (func $burn (result i32)
    (if (global.get $fuel) (then (global.set $fuel (i32.sub (global.get $fuel) (i32.const 1)))))
    (global.get $fuel))
  (func $one_nan_f32 (param f32) (result f32)
    (select (local.get 0) (f32.const nan) (f32.eq (local.get 0) (local.get 0))))
  (func $one_nan_f64 (param f64) (result f64)
    (select (local.get 0) (f64.const nan) (f64.eq (local.get 0) (local.get 0))))
"""
