"""Valid modules at random: control flow, calls, locals, globals, memories, tables, segments and traps.

Every program ends: each entry of a function and each round of a loop takes from `$fuel`. What an arithmetic
instruction makes of a NaN is left open by the specification, so it goes through `$one_nan_*`; moves are not touched.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.fuzz.random_words import (
    BINARY,
    COMPARE,
    FLOAT_BINARY,
    FLOAT_COMPARE,
    FLOAT_UNARY,
    FLOATS,
    FUEL,
    INTEGERS,
    LOADS,
    LOCALS_OF_A_TYPE,
    PRELUDE,
    RESULTS,
    STORES,
    TYPES,
)


class Program:
    """One module. `text` is its wat; `runs` are exports that take an i32 and an i64 and give an i64."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.signatures = [self._signature() for _ in range(self.rng.randrange(2, 6))]
        self.runs = [f"run{i}" for i in range(len(self.signatures))]
        self.elements = [f"$f{self.rng.randrange(len(self.runs))}" for _ in range(6)] + ["$burn"]
        self.text = self._module()

    def _signature(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        params = tuple(self.rng.choice(TYPES) for _ in range(self.rng.randrange(4)))
        return params, self.rng.choice(RESULTS)

    def _module(self) -> str:
        functions = [Function(self, i).text() for i in range(len(self.signatures))]
        parts = [PRELUDE, f"(elem $e (table $t0) (i32.const 0) func {' '.join(self.elements)})"]
        parts += [f"(elem $p func {' '.join(f'$f{i}' for i in range(len(functions)))})"]
        parts += [f"(type $s{i} (func {_signature_text(s)}))" for i, s in enumerate(self.signatures)]
        parts += [f'(global $g_{t} (export "g_{t}") (mut {t}) ({t}.const 0))' for t in TYPES]
        parts += [f'(func (export "bits_{t}") (result i64) {_as_i64(t, f"(global.get $g_{t})")})' for t in TYPES]
        parts += functions
        parts += [self._run(i) for i in range(len(functions))]
        return f"(module {' '.join(parts)})"

    def _run(self, number: int) -> str:
        """An export that calls a function with arguments made from its own, and folds the results to one i64."""
        params, results = self.signatures[number]
        args = " ".join(_from_argument(t, i) for i, t in enumerate(params))
        keep = " ".join(f"(local.set $r{i})" for i in reversed(range(len(results))))
        total = "(i64.const 1)"
        for i, t in enumerate(results):
            total = f"(i64.add (i64.mul {total} (i64.const 31)) {_as_i64(t, f'(local.get $r{i})')})"
        declared = " ".join(f"(local $r{i} {t})" for i, t in enumerate(results))
        return f"""(func (export "run{number}") (param i32 i64) (result i64) {declared}
          (global.set $fuel (i32.const {FUEL})) (call $f{number} {args}) {keep} {total})"""


def _signature_text(signature: tuple[tuple[str, ...], tuple[str, ...]]) -> str:
    params, results = signature
    return f"(param {' '.join(params)}) (result {' '.join(results)})"


def _from_argument(type_: str, number: int) -> str:
    if number % 2:
        return {
            "i32": "(i32.wrap_i64 (local.get 1))", "i64": "(local.get 1)",
            "f32": "(f32.reinterpret_i32 (i32.wrap_i64 (local.get 1)))", "f64": "(f64.reinterpret_i64 (local.get 1))",
        }[type_]  # fmt: skip
    return {
        "i32": "(local.get 0)", "i64": "(i64.extend_i32_s (local.get 0))",
        "f32": "(f32.reinterpret_i32 (local.get 0))", "f64": "(f64.convert_i32_s (local.get 0))",
    }[type_]  # fmt: skip


def _as_i64(type_: str, expression: str) -> str:
    return {
        "i32": f"(i64.extend_i32_u {expression})", "i64": expression,
        "f32": f"(i64.extend_i32_u (i32.reinterpret_f32 {expression}))", "f64": f"(i64.reinterpret_f64 {expression})",
    }[type_]  # fmt: skip


class Function:
    """Writes one function. Labels under way are (name, result types)."""

    def __init__(self, program: Program, number: int) -> None:
        self.program, self.rng, self.number = program, program.rng, number
        self.params, self.results = program.signatures[number]
        self.labels: list[tuple[str, tuple[str, ...]]] = []
        self.made = 0  # labels and loop counters so far

    def text(self) -> str:
        params = " ".join(f"(param $p{i} {t})" for i, t in enumerate(self.params))
        body = " ".join(self.statement(3) for _ in range(self.rng.randrange(2, 7)))
        ending, nothing = self._ending(), " ".join(f"({t}.const 0)" for t in self.results)
        declared = " ".join(f"(local ${t}{i} {t})" for t in TYPES for i in range(LOCALS_OF_A_TYPE))
        counters = " ".join(f"(local $c{i} i32)" for i in range(self.made))
        return f"""(func $f{self.number} {params} (result {" ".join(self.results)}) {declared} {counters}
          (if (i32.eqz (call $burn)) (then (return {nothing}))) {body} {ending})"""

    def _ending(self) -> str:
        if self.rng.random() < 0.2:
            same = [i for i, s in enumerate(self.program.signatures) if s[1] == self.results]
            callee = self.rng.choice([i for i in same if i > self.number] or same)
            args = self.values(self.program.signatures[callee][0], 1)
            if self.rng.random() < 0.5:
                return f"(return_call $f{callee} {args})"
            return f"(return_call_indirect $t0 (type $s{callee}) {args} {self.index_of(callee)})"
        return self.values(self.results, 3)

    def values(self, types: tuple[str, ...], depth: int) -> str:
        return " ".join(self.value(t, depth) for t in types)

    def label(self) -> str:
        self.made += 1
        return f"$l{self.made - 1}"

    # -- values

    def value(self, type_: str, depth: int) -> str:
        if depth <= 0 or self.rng.random() < 0.15:
            return self.leaf(type_)
        makers: list[Callable[[str, int], str]] = [
            self.integer_operation if type_[0] == "i" else self.float_operation,
            self.conversion, self.load, self.select, self.block_value, self.if_value, self.call_value, self.tee,
            self.block_with_parameters,
        ]  # fmt: skip
        weights = [8, 3, 3, 2, 2, 2, 2, 1, 1]
        if type_ == "i32":
            makers += [self.comparison, self.odd_i32]
            weights += [4, 2]
        return self.rng.choices(makers, weights)[0](type_, depth - 1)

    def leaf(self, type_: str) -> str:
        own = [f"$p{i}" for i, t in enumerate(self.params) if t == type_]
        own += [f"${type_}{i}" for i in range(LOCALS_OF_A_TYPE)]
        kind = self.rng.randrange(4)
        if kind == 0:
            return f"(global.get $g_{type_})"
        if kind == 1:
            return f"(local.get {self.rng.choice(own)})"
        return f"({type_}.const {self.rng.choice((INTEGERS if type_[0] == 'i' else FLOATS)[type_])})"

    def integer_operation(self, type_: str, depth: int) -> str:
        if self.rng.random() < 0.2:
            names = ("clz", "ctz", "popcnt", "extend8_s", "extend16_s")
            return f"({type_}.{self.rng.choice(names)} {self.value(type_, depth)})"
        operation, second = self.rng.choice(BINARY), self.value(type_, depth)
        if operation[:3] in ("div", "rem") and self.rng.random() < 0.9:
            second = f"({type_}.or {second} ({type_}.const 2))"
        return f"({type_}.{operation} {self.value(type_, depth)} {second})"

    def float_operation(self, type_: str, depth: int) -> str:
        kind = self.rng.randrange(4)
        if kind == 0:
            return f"({type_}.{self.rng.choice(('neg', 'abs'))} {self.value(type_, depth)})"
        if kind == 1:
            return f"({type_}.copysign {self.value(type_, depth)} {self.value(type_, depth)})"
        if kind == 2:
            made = f"({type_}.{self.rng.choice(FLOAT_UNARY)} {self.value(type_, depth)})"
        else:
            operation = self.rng.choice(FLOAT_BINARY)
            made = f"({type_}.{operation} {self.value(type_, depth)} {self.value(type_, depth)})"
        return f"(call $one_nan_{type_} {made})"

    def comparison(self, type_: str, depth: int) -> str:
        of = self.rng.choice(TYPES)
        if of[0] == "i":
            if self.rng.random() < 0.2:
                return f"({of}.eqz {self.value(of, depth)})"
            return f"({of}.{self.rng.choice(COMPARE)} {self.value(of, depth)} {self.value(of, depth)})"
        return f"({of}.{self.rng.choice(FLOAT_COMPARE)} {self.value(of, depth)} {self.value(of, depth)})"

    def conversion(self, type_: str, depth: int) -> str:
        sign, sat = self.rng.choice("su"), self.rng.choice(("", *["sat_"] * 9))
        integer, float_ = self.rng.choice(("i32", "i64")), self.rng.choice(("f32", "f64"))
        match type_:
            case "i32":
                choices = [("wrap_i64", "i64"), ("reinterpret_f32", "f32")]
            case "i64":
                choices = [(f"extend_i32_{sign}", "i32"), ("reinterpret_f64", "f64")]
            case "f32":
                choices = [("reinterpret_i32", "i32"), ("demote_f64", "f64")]
            case _:
                choices = [("reinterpret_i64", "i64"), ("promote_f32", "f32")]
        choices.append(
            (f"trunc_{sat}{float_}_{sign}", float_) if type_[0] == "i" else (f"convert_{integer}_{sign}", integer)
        )
        name, of = self.rng.choice(choices)
        made = f"({type_}.{name} {self.value(of, depth)})"
        return f"(call $one_nan_{type_} {made})" if name in ("demote_f64", "promote_f32") else made

    def address(self, memory: int, depth: int) -> str:
        type_ = "i64" if memory else "i32"
        value = self.value(type_, depth)
        return value if self.rng.random() < 0.02 else f"({type_}.and {value} ({type_}.const 0xfff))"

    def access(self) -> tuple[int, str]:
        offset = self.rng.choice((0, 0, 0, 1, 8, 100, 3, 60_000))
        if self.rng.random() < 0.01:
            offset = self.rng.choice((65_530, 0xFFFF_FFFF))
        memory = self.rng.randrange(2)
        return memory, f"$m{memory} offset={offset}"

    def load(self, type_: str, depth: int) -> str:
        memory, text = self.access()
        return f"({self.rng.choice(LOADS[type_])} {text} {self.address(memory, depth)})"

    def select(self, type_: str, depth: int) -> str:
        typed = f"(result {type_})" if self.rng.random() < 0.5 else ""
        return f"(select {typed} {self.values((type_, type_, 'i32'), depth)})"

    def block_value(self, type_: str, depth: int) -> str:
        name = self.label()
        self.labels.append((name, (type_,)))
        inner = self.statement(depth)
        test = f"(drop (br_if {name} {self.value(type_, depth)} {self.value('i32', depth)}))"
        made = f"(block {name} (result {type_}) {inner} {test} {self.value(type_, depth)})"
        self.labels.pop()
        return made

    def block_with_parameters(self, type_: str, depth: int) -> str:
        """Operands that a block takes, and a branch out with values below them on the stack."""
        other, name = self.rng.choice(TYPES), self.label()
        return f"""{self.values((other, type_), depth)}
          (block {name} (param {other} {type_}) (result {type_}) (local.set ${type_}0) (drop)
            {self.value(other, depth)} (local.get ${type_}0) (br_if {name} {self.value("i32", depth)})
            (local.set ${type_}1) (drop) (local.get ${type_}1))"""

    def if_value(self, type_: str, depth: int) -> str:
        condition = self.value("i32", depth)
        return f"""(if (result {type_}) {condition}
          (then {self.statement(depth)} {self.value(type_, depth)}) (else {self.value(type_, depth)}))"""

    def call_value(self, type_: str, depth: int) -> str:
        giving = [i for i in self.callees() if self.program.signatures[i][1] == (type_,)]
        if not giving:
            return self.leaf(type_)
        return self.call(self.rng.choice(giving), depth)

    def callees(self) -> list[int]:
        """Later functions; now and then any, so that some programs recurse."""
        first = 0 if self.rng.random() < 0.05 else self.number + 1
        return list(range(first, len(self.program.signatures)))

    def call(self, callee: int, depth: int) -> str:
        args = self.values(self.program.signatures[callee][0], min(depth, 1))
        if self.rng.random() < 0.6:
            return f"(call $f{callee} {args})"
        return f"(call_indirect $t0 (type $s{callee}) {args} {self.index_of(callee)})"

    def index_of(self, callee: int) -> str:
        """Where a function lay in the table at first, mostly."""
        at = [i for i, name in enumerate(self.program.elements) if name == f"$f{callee}"]
        return self.small_index(9) if not at or self.rng.random() < 0.1 else f"(i32.const {self.rng.choice(at)})"

    def small_index(self, bound: int) -> str:
        return f"(i32.rem_u {self.value('i32', 1)} (i32.const {bound}))"

    def tee(self, type_: str, depth: int) -> str:
        return f"(local.tee ${type_}{self.rng.randrange(LOCALS_OF_A_TYPE)} {self.value(type_, depth)})"

    def odd_i32(self, type_: str, depth: int) -> str:
        return self.rng.choice((
            "(memory.size $m0)", "(i32.wrap_i64 (memory.size $m1))", "(table.size $t0)",
            "(i32.wrap_i64 (table.size $t1))", "(ref.is_null (global.get $ref))",
            f"(memory.grow $m0 (i32.and {self.value('i32', depth)} (i32.const 1)))",
            f"(i32.wrap_i64 (memory.grow $m1 (i64.shr_u {self.value('i64', depth)} (i64.const 62))))",
            f"(table.grow $t0 (global.get $ref) {self.small_index(3)})",
            f"(ref.is_null (table.get $t0 {self.small_index(9)}))",
            f"(ref.is_null (table.get $t1 (i64.extend_i32_u {self.small_index(5)})))",
        ))  # fmt: skip

    # -- statements

    def statement(self, depth: int) -> str:
        if depth <= 0:
            return "(nop)"
        makers: list[tuple[Callable[[int], str], int]] = [
            (self.assignment, 6), (self.store, 4), (self.if_, 3), (self.loop, 2), (self.block, 2),
            (self.bulk, 2), (self.table, 3), (self.call_all, 3), (self.leave, 1), (self.switch, 2),
        ]  # fmt: skip
        return self.rng.choices([m for m, _ in makers], [w for _, w in makers])[0](depth - 1)

    def body(self, depth: int) -> str:
        return " ".join(self.statement(depth) for _ in range(self.rng.randrange(1, 4)))

    def assignment(self, depth: int) -> str:
        type_ = self.rng.choice(TYPES)
        if self.rng.random() < 0.4:
            return f"(global.set $g_{type_} {self.value(type_, depth)})"
        return f"(local.set ${type_}{self.rng.randrange(LOCALS_OF_A_TYPE)} {self.value(type_, depth)})"

    def store(self, depth: int) -> str:
        type_ = self.rng.choice(TYPES)
        memory, text = self.access()
        address = self.address(memory, depth)
        return f"({self.rng.choice(STORES[type_])} {text} {address} {self.value(type_, depth)})"

    def if_(self, depth: int) -> str:
        other = f"(else {self.body(depth)})" if self.rng.random() < 0.5 else ""
        return f"(if {self.value('i32', depth)} (then {self.body(depth)}) {other})"

    def loop(self, depth: int) -> str:
        counter, name = f"$c{self.made}", self.label()
        rounds = self.rng.randrange(1, 5)
        return f"""(local.set {counter} (i32.const {rounds})) (loop {name} {self.body(depth)}
          (local.set {counter} (i32.sub (local.get {counter}) (i32.const 1)))
          (br_if {name} (select (call $burn) (i32.const 0) (local.get {counter}))))"""

    def block(self, depth: int) -> str:
        name = self.label()
        self.labels.append((name, ()))
        body = self.body(depth)
        made = f"(block {name} {body} (br_if {name} {self.value('i32', depth)}) {self.body(depth)})"
        self.labels.pop()
        return made

    def switch(self, depth: int) -> str:
        first, second = self.label(), self.label()
        targets = self.rng.choices((first, second), k=self.rng.randrange(1, 5))
        return f"""(block {first} (block {second} {self.value("i64", depth)}
          (br_table {" ".join(targets)} {self.value("i32", depth)})) {self.body(depth)})"""

    def leave(self, depth: int) -> str:
        """Ends the straight line of code, sometimes; dead code follows."""
        if self.rng.random() < 0.7:
            return f"(if {self.value('i32', depth)} (then {self.leave_now(depth)} {self.body(depth)}))"
        return f"(block {self.leave_now(depth)} {self.body(depth)})"

    def leave_now(self, depth: int) -> str:
        kind = self.rng.randrange(8)
        if kind == 0 and self.rng.random() < 0.3:
            return "(unreachable)"
        if kind < 4 or not self.labels:
            return f"(return {self.values(self.results, depth)})"
        name, types = self.rng.choice(self.labels)
        return f"(br {name} {self.values(types, depth)})"

    def call_all(self, depth: int) -> str:
        """A call whose results go to locals, however many there are."""
        callee = self.rng.choice(self.callees() or [self.number])
        results = self.program.signatures[callee][1]
        keep = (f"(local.set ${t}{self.rng.randrange(LOCALS_OF_A_TYPE)})" for t in reversed(results))
        return f"{self.call(callee, depth)} {' '.join(keep)}"

    def bulk(self, depth: int) -> str:
        small, other = self.small_index(300), self.small_index(40)
        return self.rng.choice((
            f"(memory.fill $m0 {small} {self.value('i32', depth)} {other})",
            f"(memory.fill $m1 (i64.extend_i32_u {small}) {self.value('i32', depth)} (i64.extend_i32_u {other}))",
            f"(memory.copy $m0 $m0 {small} {other} {self.small_index(70)})",
            f"(memory.copy $m1 $m0 (i64.extend_i32_u {small}) {other} {self.small_index(70)})",
            f"(memory.init $m0 $passive {small} {self.small_index(18)} {self.small_index(9)})",
            f"(memory.fill $m0 (i32.const 65500) {self.value('i32', depth)} {other})",
            "(nop)",
            "(data.drop $passive)" if self.rng.random() < 0.1 else "(nop)",
        ))  # fmt: skip

    def table(self, depth: int) -> str:
        index, other = self.small_index(9), self.small_index(5)
        return self.rng.choice((
            f"(global.set $ref (table.get $t0 {index}))",
            f"(global.set $ref (ref.func $f{self.rng.randrange(len(self.program.signatures))}))",
            f"(table.set $t0 {self.small_index(8)} (global.get $ref))",
            f"(table.set $t1 (i64.extend_i32_u {other}) (ref.null func))",
            f"(table.fill $t0 {index} (global.get $ref) {self.small_index(2)})",
            f"(table.copy $t0 $t0 {other} {other} {self.small_index(4)})",
            f"(table.copy $t1 $t0 (i64.extend_i32_u {other}) {index} {self.small_index(3)})",
            f"(table.init $t0 $p {index} {self.small_index(3)} {self.small_index(3)})",
            "(elem.drop $p)" if self.rng.random() < 0.1 else "(nop)",
        ))  # fmt: skip
