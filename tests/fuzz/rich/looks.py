"""Functions that fold what a reference leads to into an i64, so that two runtimes can be asked the same."""

from __future__ import annotations

from tests.fuzz.rich.declared import Declared, Field, Ref, Type, Types, signature

_DEPTH = 3
_ELEMENTS = 4


def looks(types: Types, tags: list[tuple[Type, ...]]) -> str:
    """A function for each kind of thing there is to look at."""
    return "\n".join(
        (_any(types), _func(types), _exn(tags), *(_whole(t) for t in types.of.values() if t.kind != "func"))
    )


def look(type_: Type, value: str, depth: str = f"(i32.const {_DEPTH})") -> str:
    """An expression that folds a value into an i64."""
    match type_:
        case "i32":
            return f"(i64.extend_i32_u {value})"
        case "i64":
            return value
        case "f32":
            return f"(i64.extend_i32_u (i32.reinterpret_f32 {value}))"
        case "f64":
            return f"(i64.reinterpret_f64 {value})"
        case "v128":
            return f"(call $look_v128 {value})"
        case Ref(heap="extern"):
            return f"(call $look_any (any.convert_extern {value}) {depth})"
        case Ref(heap="exn"):
            return f"(call $look_exn {value})"
        case Ref(heap=heap):
            if heap == "func" or heap.startswith("$f"):
                return f"(call $look_func {value})"
            return f"(call $look_any {value} {depth})"
    raise AssertionError(type_)


def mixed(total: str, more: str) -> str:
    """A total with one more in it."""
    return f"(i64.add (i64.mul {total} (i64.const 31)) {more})"


def _any(types: Types) -> str:
    asks = "\n".join(
        f"""(if (ref.test (ref {t.name}) (local.get $v))
          (then (return (call $look_{t.name[1:]} (ref.cast (ref {t.name}) (local.get $v)) (local.get $d)))))"""
        for t in reversed(types.of.values()) if t.kind != "func"
    )  # fmt: skip
    return f"""
      (func $look_v128 (param v128) (result i64)
        {mixed("(i64x2.extract_lane 0 (local.get 0))", "(i64x2.extract_lane 1 (local.get 0))")})
      (func $look_any (param $v anyref) (param $d i32) (result i64)
        (if (ref.is_null (local.get $v)) (then (return (i64.const 3))))
        (if (i32.eqz (local.get $d)) (then (return (i64.const 7))))
        (if (ref.test (ref i31) (local.get $v))
          (then (return (i64.extend_i32_s (i31.get_s (ref.cast (ref i31) (local.get $v)))))))
        (local.set $d (i32.sub (local.get $d) (i32.const 1)))
        {asks}
        (i64.const 11))"""


def _func(types: Types) -> str:
    total = "(i64.const 1)"
    for declared in types.named("func"):
        total = mixed(total, f"(i64.extend_i32_u (ref.test (ref {declared.name}) (local.get 0)))")
    return f"(func $look_func (param funcref) (result i64) {total})"


def _exn(tags: list[tuple[Type, ...]]) -> str:
    """The values an exception has, by throwing it again."""
    opened = " ".join(f"(block $h{i} {signature((), t)}" for i, t in reversed(list(enumerate(tags))))
    clauses = " ".join(f"(catch $t{i} $h{i})" for i in range(len(tags)))
    closed = " ".join(f"(unreachable)) {_handler(i, t)}" for i, t in enumerate(tags))
    held = " ".join(f"(local $x{i}_{j} {_nullable(t)})" for i, types in enumerate(tags) for j, t in enumerate(types))
    return f"""(func $look_exn (param exnref) (result i64) {held}
      (if (ref.is_null (local.get 0)) (then (return (i64.const 5))))
      {opened} (try_table {clauses} (throw_ref (local.get 0))) {closed} (unreachable))"""


def _nullable(type_: Type) -> Type:
    return Ref(type_.heap) if isinstance(type_, Ref) else type_


def _handler(number: int, types: tuple[Type, ...]) -> str:
    total = f"(i64.const {100 + number})"
    for j, type_ in enumerate(types):
        if not isinstance(type_, Ref) or type_.heap != "exn":
            total = mixed(total, look(type_, f"(local.get $x{number}_{j})", "(i32.const 1)"))
    keep = " ".join(f"(local.set $x{number}_{j})" for j in reversed(range(len(types))))
    return f"{keep} (return {total})"


def _whole(of: Declared) -> str:
    head = f"(func $look_{of.name[1:]} (param $v (ref {of.name})) (param $d i32) (result i64)"
    if of.kind == "struct":
        total = f"(i64.const {len(of.fields) + 17})"
        for i, field in enumerate(of.fields):
            total = mixed(total, _held(field, f"(struct.{field.get[-1]} {of.name} {i} (local.get $v))"))
        return f"{head} {total})"
    field = of.fields[0]
    element = _held(field, f"(array.{field.get[-1]} {of.name} (local.get $v) (local.get $i))")
    return f"""{head} (local $i i32) (local $t i64)
      (local.set $t (i64.extend_i32_u (array.len (local.get $v))))
      (loop $l
        (if (i32.lt_u (local.get $i) (array.len (local.get $v))) (then
          (local.set $t {mixed("(local.get $t)", element)})
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $l (i32.lt_u (local.get $i) (i32.const {_ELEMENTS}))))))
      (local.get $t))"""


def _held(field: Field, got: str) -> str:
    if isinstance(field.storage, Ref) and field.storage.heap == "exn":
        return f"(i64.extend_i32_u (ref.is_null {got}))"
    return look(field.value, got, "(local.get $d)")
