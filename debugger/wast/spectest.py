"""The host module `spectest` that official scripts import from."""

from __future__ import annotations

from vm.host import HostCall, HostFunction, Outcome, Return
from vm.layout import Era
from vm.needs import SHARED
from vm.types import F32, F64, I32, I64, FuncType, ValType

_MODULE = """
(module
  (global (export "global_i32") i32 (i32.const 666)) (global (export "global_i64") i64 (i64.const 666))
  (global (export "global_f32") f32 (f32.const 666.6)) (global (export "global_f64") f64 (f64.const 666.6))
  (table (export "table") 10 20 funcref) (table (export "table64") i64 10 20 funcref)
  (memory (export "memory") 1 2) %s)
"""
_SHARED_MEMORY = '(memory (export "shared_memory") 1 2 shared)'
_PRINTS: tuple[tuple[str, tuple[ValType, ...]], ...] = (
    ("print", ()),
    ("print_i32", (I32,)),
    ("print_i64", (I64,)),
    ("print_f32", (F32,)),
    ("print_f64", (F64,)),
    ("print_i32_f32", (I32, F32)),
    ("print_f64_f64", (F64, F64)),
)


def spectest_module(era: Era) -> str:
    """Its text; a layout that cannot hold a shared memory goes without."""
    return _MODULE % ("" if SHARED in era.lacks else _SHARED_MEMORY)


def _print(call: HostCall) -> Outcome:
    return Return()


SPECTEST_HOSTS = tuple(HostFunction("spectest", name, FuncType(params, ()), _print) for name, params in _PRINTS)
