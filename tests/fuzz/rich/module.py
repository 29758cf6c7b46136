"""Whole modules at random."""

from __future__ import annotations

import random

from tests.fuzz.random_words import FUEL
from tests.fuzz.rich.body import Body
from tests.fuzz.rich.declared import NUMBERS, Declared, Ref, Type, Types, signature
from tests.fuzz.rich.looks import look, looks, mixed
from tests.fuzz.rich.values import leaf

_HEAPS = ("any", "eq", "struct", "array", "i31", "func", "extern", "exn")
_TABLES = (("any", "", "any", 6), ("calls", "", "func", 13), ("typed", "i64.extend_i32_u", "func", 4))

_MEMORIES = """
  (memory $m0 (export "m0") 1 3) (memory $m1 (export "m1") i64 1 2) (memory $m2 (export "m2") 100 200 (pagesize 1))
  (data (memory $m0) (i32.const 16) "\\01\\80\\ff\\7f\\00\\c0\\f0\\7f\\01\\00\\a0\\7f wasm")
  (data $passive "passive bytes \\fe\\ff\\00\\01\\02\\03\\04\\05\\06\\07")
  (global $fuel (mut i32) (i32.const 0))
  (func $burn (result i32)
    (if (global.get $fuel) (then (global.set $fuel (i32.sub (global.get $fuel) (i32.const 1)))))
    (global.get $fuel))"""


class Module:
    """One module. `text` is its wat; `runs` are exports that take an i32 and an i64 and give an i64, `states` ones
    that take nothing and give an i64 that says what the module holds; `state` folds those."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.types = Types(self.rng)
        functions = [t.name for t in self.types.named("func")]
        self.function_types = [*functions, *self.rng.choices(functions, k=self.rng.randrange(1, 4))]
        self.rng.shuffle(self.function_types)
        self.typed_table = self.rng.choice(functions)
        self.elements = [self.rng.randrange(len(self.function_types)) for _ in range(8)]
        self.tags = [self.types.several(3) for _ in range(self.rng.randrange(1, 4))]
        self.globals: list[tuple[str, Type]] = [(f"$g_{t}", t) for t in NUMBERS]
        self.globals += [(f"$g_{h}", Ref(h)) for h in _HEAPS]
        self.globals += [(f"$g_{t[1:]}", Ref(t)) for t in self.types.of]
        held = self.rng.choices(["any", "i31", *self.types.of], k=3)
        self.segments = [(f"$e{i}", Ref(h)) for i, h in enumerate(held)]
        self.runs = [f"run{i}" for i in range(len(self.function_types))]
        self.text = self._text()

    # -- what bodies ask -------------------------------------------------------------------------

    def type_of(self, number: int) -> Declared:
        """The type of a function."""
        return self.types.of[self.function_types[number]]

    def functions_of(self, heap: str) -> list[str]:
        """Names of functions of a type or one below it."""
        return [f"$f{i}" for i, t in enumerate(self.function_types) if self.types.heap_matches(t, heap)]

    def callees(self, caller: int) -> list[int]:
        """Later functions; now and then any, so that some modules recurse."""
        return list(range(0 if self.rng.random() < 0.05 else caller + 1, len(self.function_types)))

    # -- text ------------------------------------------------------------------------------------

    def _text(self) -> str:
        numbers = range(len(self.function_types))
        parts = [str(self.types), _MEMORIES, *self._tables(), *self._globals()]
        parts += [f"(tag $t{i} {signature(t, ())})" for i, t in enumerate(self.tags)]
        parts.append(f"(elem declare func {' '.join(f'$f{i}' for i in numbers)})")
        parts += [
            f"(elem {n} {t} {' '.join(f'(item {leaf(self, t)})' for _ in range(4))})" for n, t in self.segments
        ]  # fmt: skip
        parts += [Body(self, i).text() for i in numbers]
        parts += [self._run(i) for i in numbers]
        return f"(module {' '.join((*parts, looks(self.types, self.tags), self._state()))})"

    def _tables(self) -> list[str]:
        calls, inits = " ".join(f"$f{i}" for i in self.elements), ("", "(ref.null func)", "(ref.func $f0)")
        typed, held = self.rng.choice(self.functions_of(self.typed_table)), f"(ref null {self.typed_table})"
        return ["(table $any 6 9 anyref)", f"(table $calls 13 15 funcref {self.rng.choice(inits)})",
                f"(table $typed i64 4 4 {held})",
                f"(elem (table $calls) (i32.const 0) func {calls})",
                f"(elem (table $typed) (i64.const 1) {held} (item (ref.func {typed})))"]  # fmt: skip

    def _globals(self) -> list[str]:
        return [f"(global {n} (mut {t}) {leaf(self, t)})" for n, t in self.globals]

    def _run(self, number: int) -> str:
        """An export that calls a function with arguments made from its own, and folds the results to one i64."""
        type_ = self.type_of(number)
        args = " ".join(self._argument(t, i) for i, t in enumerate(type_.params))
        total = "(i64.const 1)"
        for i, t in enumerate(type_.results):
            total = mixed(total, look(t, f"(local.get $r{i})"))
        keep = " ".join(f"(local.set $r{i})" for i in reversed(range(len(type_.results))))
        held = [Ref(t.heap) if isinstance(t, Ref) else t for t in type_.results]
        declared = " ".join(f"(local $r{i} {t})" for i, t in enumerate(held))
        return f"""(func (export "run{number}") (param i32 i64) (result i64) {declared}
          (global.set $fuel (i32.const {FUEL})) (call $f{number} {args}) {keep} {total})"""

    def _argument(self, type_: Type, number: int) -> str:
        odd = number % 2
        match type_:
            case "i32":
                return "(i32.wrap_i64 (local.get 1))" if odd else "(local.get 0)"
            case "i64":
                return "(local.get 1)" if odd else "(i64.extend_i32_s (local.get 0))"
            case "f32":
                return "(f32.reinterpret_i32 (local.get 0))" if odd else "(f32.convert_i64_s (local.get 1))"
            case "f64":
                return "(f64.reinterpret_i64 (local.get 1))" if odd else "(f64.convert_i32_s (local.get 0))"
            case "v128":
                return "(i64x2.splat (local.get 1))" if odd else "(i32x4.splat (local.get 0))"
        return leaf(self, type_)

    def _state(self) -> str:
        """An export for each thing the module holds, and one that folds them all."""
        held = [look(t, f"(global.get {n})") for n, t in self.globals]
        for name, widen, heap, count in _TABLES:
            held += [look(Ref(heap), f"(table.get ${name} ({widen or 'i32.add (i32.const 0)'} (i32.const {i})))")
                     for i in range(count)]  # fmt: skip
        held += [f"(i64.extend_i32_u (table.size ${n}))" for n in ("any", "calls")]
        self.held, self.states = held, [f"state{i}" for i in range(len(held))]
        made = " ".join(f'(func $state{i} (export "state{i}") (result i64) {h})' for i, h in enumerate(held))
        total = "(i64.const 1) " + " ".join(
            f"(i64.const 31) (i64.mul) (call $state{i}) (i64.add)" for i in range(len(held))
        )
        return f'{made} (func (export "state") (result i64) {total})'
