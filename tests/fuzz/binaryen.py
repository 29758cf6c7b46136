"""Random modules of Binaryen's generator, run here and under Wasmtime.

It writes the older `try`, which Wasmtime does not run: there the module goes with every `try` made a `try_table`. What
modules log through their imports is folded into a global that is compared, too.
"""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import wasmtime

from tests.fuzz.smith import Differs, GivenUp, Pair
from vm.decode import decode
from vm.errors import DecodeError, ValidationError
from vm.module import Import, Module, ValidModule
from vm.text import assemble
from vm.types import FuncType, GlobalType, NumType, RefType, TagType, ValType
from vm.validate import validate

WASM_OPT = shutil.which("wasm-opt")
_OFF = (
    "strings", "stack-switching", "shared-everything", "fp16", "custom-descriptors", "multibyte", "relaxed-atomics",
    "compact-imports", "relaxed-simd", "threads",
)  # fmt: skip
_FEATURES = ("--all-features", *(f"--disable-{name}" for name in _OFF))


def modules_of(seed: int, folder: Path) -> tuple[bytes, bytes] | None:
    """A seed's module as it was made, and without the older `try`; None where the generator makes none."""
    rng = random.Random(seed)
    source, made, newer = folder / "bytes", folder / "made.wasm", folder / "newer.wasm"
    source.write_bytes(rng.randbytes(rng.choice((1_000, 5_000, 20_000))))
    if not _opt(source, "-ttf", "-o", made) or not _opt(made, "--translate-to-exnref", "-o", newer):
        return None
    return made.read_bytes(), newer.read_bytes()


def _opt(*words: str | Path) -> bool:
    assert WASM_OPT is not None
    return subprocess.run([WASM_OPT, *words, *_FEATURES], capture_output=True, check=False).returncode == 0


def compare(modules: tuple[bytes, bytes], seed: int, with_engine: wasmtime.Engine) -> int:
    """How many calls were compared. Raises Differs."""
    try:
        valid, newer = (validate(decode(data)) for data in modules)
    except (DecodeError, ValidationError) as error:
        raise Differs(f"refused here: {error}") from None
    try:
        pair = Pair(valid, modules[1], with_engine, assemble(_support(newer.module), "support"), canonical_nan=True)
        return pair.calls(random.Random(seed)) + _newer_here(newer, modules[1], seed, with_engine)
    except GivenUp:
        return 0


def _newer_here(newer: ValidModule, data: bytes, seed: int, with_engine: wasmtime.Engine) -> int:
    support = assemble(_support(newer.module), "support")
    return Pair(newer, data, with_engine, support, canonical_nan=True).calls(random.Random(seed))


def _support(module: Module) -> str:
    """A module that exports what another imports: functions that log, a tag to throw, references."""
    parts = ['(global $log (export "log") (mut i64) (i64.const 0))', *_parts(module)]
    return f"(module {' '.join(dict.fromkeys(parts))})"


def _parts(module: Module) -> Iterator[str]:
    tags = [i for i in module.imports if isinstance(i.type, TagType)]
    for import_ in (*tags, *(i for i in module.imports if i not in tags)):
        match import_.type:
            case TagType(type=type_):
                yield f'(tag ${import_.name} (export "{import_.name}") {_signature(type_)})'
            case FuncType():
                yield _function(import_, import_.type, any(t.name == "wasmtag" for t in tags))
            case GlobalType(value=value, mutable=False):
                yield f'(global (export "{import_.name}") {_written(value)} {_constant(value)})'
            case _:
                raise GivenUp


def _signature(type_: FuncType) -> str:
    params, results = (" ".join(map(_written, types)) for types in (type_.params, type_.results))
    return f"(param {params}) (result {results})"


def _written(type_: ValType) -> str:
    if isinstance(type_, RefType):
        return f"(ref {'null ' if type_.nullable else ''}{_named(type_)})"
    return str(type_)


def _named(type_: RefType) -> str:
    if isinstance(type_.heap, int):
        raise GivenUp  # a type of the module's own
    return str(type_.heap)


def _function(import_: Import, type_: FuncType, throws: bool) -> str:
    log = "(global.get $log)"
    for number, param in enumerate(type_.params):
        log = f"(i64.add (i64.mul {log} (i64.const 31)) {_folded(param, number)})"
    ends = " ".join(_constant(r) for r in type_.results)
    if import_.name == "throw" and throws:
        ends = "(throw $wasmtag (local.get 0))"
    return f'(func (export "{import_.name}") {_signature(type_)} (global.set $log {log}) {ends})'


def _folded(type_: ValType, number: int) -> str:
    value = f"(local.get {number})"
    match type_:
        case NumType.I32:
            return f"(i64.extend_i32_u {value})"
        case NumType.I64:
            return value
        case NumType.F32:
            return f"(i64.extend_i32_u (i32.reinterpret_f32 {value}))"
        case NumType.F64:
            return f"(i64.reinterpret_f64 {value})"
        case NumType.V128:
            return f"(i64.add (i64x2.extract_lane 0 {value}) (i64x2.extract_lane 1 {value}))"
        case _:
            return f"(i64.extend_i32_u (ref.is_null {value}))"


def _constant(type_: ValType) -> str:
    if isinstance(type_, NumType):
        return "(v128.const i64x2 0 0)" if type_ is NumType.V128 else f"({type_}.const 0)"
    if isinstance(type_, RefType):
        match _named(type_):
            case heap if type_.nullable and heap in ("extern", "func", "any", "eq", "struct", "array", "i31", "exn"):
                return f"(ref.null {heap})"
            case "extern":
                return "(extern.convert_any (ref.i31 (i32.const 5)))"
            case "any" | "eq" | "i31":
                return "(ref.i31 (i32.const 5))"
    raise GivenUp
