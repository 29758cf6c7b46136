"""Expressions of a type, at random."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tests.fuzz.rich.declared import Declared, Field, Ref, Type
from tests.fuzz.rich.instructions import ONE_RESULT, TWO_RESULTS, constant, immediates, params_of

if TYPE_CHECKING:
    from tests.fuzz.rich.module import Module

_ABSTRACT = ("any", "eq", "i31", "struct", "array", "func", "extern", "none", "nofunc", "noextern")
_NULLS = {"none": "any", "nofunc": "func", "noextern": "extern"}
_SMALL = 0.85  # how often a part is null
_MEMORIES = ("$m0", "$m0", "$m1", "$m2")


def leaf(module: Module, type_: Type, null: float = 0.4) -> str:
    """A value made by a constant expression; `null` says how often one that may be null is."""
    if isinstance(type_, str):
        return constant(module.rng, type_)
    if type_.null and (module.rng.random() < null or type_.heap in ("exn", "extern")):
        return f"(ref.null {module.types.bottom(type_.heap)})"
    small = null == _SMALL and type_.heap in ("any", "eq")  # of any type there is one that leads to any type
    return made(module, "i31" if small else type_.heap, lambda t: leaf(module, t, _SMALL))


def made(module: Module, heap: str, value: Callable[[Type], str]) -> str:
    """An expression for something of a heap type, not null, out of values that `value` writes."""
    rng, types = module.rng, module.types
    if heap == "i31":
        return f"(ref.i31 {value('i32')})"
    if heap == "extern":
        return f"(extern.convert_any {value(Ref('any', False))})"
    declared = types.of.get(heap)
    if declared is None:
        return made(module, rng.choice([t for t in types.below(heap) if t != heap]), value)
    match declared.kind:
        case "func":
            return f"(ref.func {rng.choice(module.functions_of(heap))})"
        case "struct":
            if rng.random() < 0.2 and all(_has_default(f) for f in declared.fields):
                return f"(struct.new_default {heap})"
            return f"(struct.new {heap} {' '.join(value(f.value) for f in declared.fields)})"
        case _:
            field, count = declared.fields[0], rng.choice((0, 1, 4, 4, 5, 6, 7))
            if rng.random() < 0.3 and _has_default(field):
                return f"(array.new_default {heap} (i32.const {count}))"
            if rng.random() < 0.3:
                return f"(array.new {heap} {value(field.value)} (i32.const {count}))"
            return f"(array.new_fixed {heap} {count} {' '.join(value(field.value) for _ in range(count))})"


def _has_default(field: Field) -> bool:
    return not isinstance(field.storage, Ref) or field.storage.null


class Values:
    """Writes expressions inside one function. Labels under way are (name, result types)."""

    def __init__(self, module: Module, number: int) -> None:
        self.module, self.number = module, number
        self.rng, self.types = module.rng, module.types
        self.locals: dict[Type, list[str]] = {}
        self.labels: list[tuple[str, tuple[Type, ...]]] = []
        self.made = 0  # names so far

    def name(self) -> str:
        """A name for a label that no other has."""
        self.made += 1
        return f"$l{self.made - 1}"

    def values(self, types: Sequence[Type], depth: int) -> str:
        """One after the other."""
        return " ".join(self.value(t, depth) for t in types)

    def value(self, type_: Type, depth: int) -> str:
        """An expression that leaves one value."""
        if depth <= 0 or self.rng.random() < 0.12:
            return self.simple(type_)
        makers: list[Callable[[Type, int], str]] = [
            self.block_value, self.if_value, self.select, self.call_value, self.try_value, self.read, self.tee,
        ]  # fmt: skip
        weights = [2, 2, 2, 3, 2, 4, 1]
        if isinstance(type_, Ref):
            makers += [self.new, self.cast, self.branch_on_cast, self.branch_on_null, self.from_table]
            weights += [5, 3, 3, 2, 2]
            if type_.heap in ("any", "extern"):
                makers.append(self.converted)
                weights.append(3)
        else:
            makers.append(self.operation)
            weights.append(14)
            if type_ == "i32":
                makers.append(self.test)
                weights.append(8)
            if type_ == "i64":
                makers.append(self.wide)
                weights.append(1)
        return self.rng.choices(makers, weights)[0](type_, depth - 1)

    def simple(self, type_: Type) -> str:
        """A local, a global or a constant."""
        held = [f"(local.get {n})" for t, names in self.locals.items() if self.types.matches(t, type_) for n in names]
        held += [f"(global.get {n})" for n, t in self.module.globals if self.types.matches(t, type_)]
        if held and self.rng.random() < 0.7:
            return self.rng.choice(held)
        if isinstance(type_, Ref) and not type_.null and self.rng.random() < 0.05:
            return f"(ref.as_non_null {self.simple(Ref(type_.heap))})"
        return leaf(self.module, type_)

    # -- numbers ---------------------------------------------------------------------------------

    def operation(self, type_: Type, depth: int) -> str:
        """Any instruction of the table that gives such a number."""
        op = self.rng.choice(ONE_RESULT[str(type_)])
        if ("div" in op.name or "rem" in op.name or op.name.startswith(f"{type_}.trunc_f")) and self.rng.random() < 0.7:
            return self.simple(type_)
        memory = self.rng.choice(_MEMORIES)
        operands = [
            self.address(memory, op.width if "atomic" in op.name else 1, depth) if p == "addr" else self.value(p, depth)
            for p in params_of(op)
        ]
        return f"({op.name} {immediates(self.rng, op, memory)} {' '.join(operands)})"

    def wide(self, type_: Type, depth: int) -> str:
        """One half of a result of 128 bits."""
        op = self.rng.choice(TWO_RESULTS)
        made_ = f"({op.name} {self.values(params_of(op), min(depth, 1))})"
        if self.rng.random() < 0.5:
            return f"{made_} (drop)"
        return f"{made_} (local.set $i64_0) (drop) (local.get $i64_0)"

    def address(self, memory: str, width: int, depth: int) -> str:
        """An address, mostly one within the memory and aligned to `width`."""
        type_ = "i64" if memory == "$m1" else "i32"
        made_ = self.value(type_, min(depth, 1))
        if self.rng.random() < 0.02:
            return made_
        mask = (0x3F if memory == "$m2" else 0xFFF) & -width
        return f"({type_}.and {made_} ({type_}.const {mask if self.rng.random() < 0.98 else 0xFFFF}))"

    def small(self, bound: int) -> str:
        """An i32 below a bound."""
        return f"(i32.rem_u {self.value('i32', 1)} (i32.const {bound}))"

    def null(self) -> bool:
        """Whether a null is risked."""
        return self.rng.random() < 0.03

    def index(self) -> str:
        """An index of an array."""
        return self.small(4) if self.rng.random() < 0.2 else f"(i32.const {self.rng.choice((0, 0, 0, 0, 1, 2, 3))})"

    def test(self, type_: Type, depth: int) -> str:
        """Numbers that references give."""
        of = self.types.reference()
        targets = [t for t in (*self.types.of, *_ABSTRACT) if self._same_top(t, of.heap)]
        struct, array = self.rng.choice(self.types.named("struct")), self.rng.choice(self.types.named("array"))
        match self.rng.randrange(8):
            case 0:
                return f"(ref.is_null {self.value(of, depth)})"
            case 1 | 2:
                if not targets:
                    return f"(ref.is_null {self.value(of, depth)})"
                kept = Ref(self.rng.choice(targets), self.rng.random() < 0.5)
                return f"(ref.test {kept} {self.value(Ref(self.types.top(of.heap)), depth)})"
            case 3:
                return f"(ref.eq {self.value(Ref('eq'), depth)} {self.value(Ref(struct.name), depth)})"
            case 4:
                return f"(i31.get_{self.rng.choice('su')} {self.value(Ref('i31', self.null()), depth)})"
            case 5:
                return f"(array.len {self.value(Ref(array.name, self.null()), depth)})"
            case 6:
                return self.rng.choice((
                    "(memory.size $m0)", "(i32.wrap_i64 (memory.size $m1))", "(memory.size $m2)",
                    f"(memory.grow $m0 (i32.and {self.value('i32', depth)} (i32.const 1)))",
                    f"(memory.grow $m2 (i32.and {self.value('i32', depth)} (i32.const 7)))",
                    f"(i32.wrap_i64 (memory.grow $m1 (i64.shr_u {self.value('i64', depth)} (i64.const 62))))",
                    "(table.size $any)", "(i32.wrap_i64 (table.size $typed))",
                    f"(table.grow $any {self.value(Ref('any'), depth)} {self.small(3)})",
                    f"(memory.atomic.notify $m0 {self.address('$m0', 4, 1)} (i32.const 1))",
                ))  # fmt: skip
            case _:
                return f"(ref.eq {self.value(Ref('eq'), depth)} {self.value(Ref('eq'), depth)})"

    # -- references ------------------------------------------------------------------------------

    def _same_top(self, one: str, other: str) -> bool:
        return self.types.top(_NULLS.get(one, one)) == self.types.top(other)

    def new(self, type_: Type, depth: int) -> str:
        """Something new of the type or one below it."""
        assert isinstance(type_, Ref)
        if type_.heap == "exn":
            return self.simple(type_)
        below = self.types.below(type_.heap) if type_.heap != "extern" else []
        heap = self.rng.choice(below or [type_.heap])
        declared = self.types.of.get(heap)
        if declared and declared.kind == "array" and self.rng.random() < 0.3:
            return self._from_segment(declared)
        return made(self.module, heap, lambda t: self.value(t, min(depth, 2)))

    def _from_segment(self, array: Declared) -> str:
        storage, where = array.fields[0].storage, f"{self.small(6)} {self.small(5)}"
        if not isinstance(storage, Ref):
            return f"(array.new_data {array.name} $passive {where})"
        found = [n for n, t in self.module.segments if self.types.matches(t, storage)]
        if found:
            return f"(array.new_elem {array.name} {self.rng.choice(found)} {where})"
        return made(self.module, array.name, lambda t: self.value(t, 0))

    def cast(self, type_: Type, depth: int) -> str:
        """A cast down, which may trap."""
        assert isinstance(type_, Ref)
        if type_.heap == "exn":
            return self.simple(type_)
        above = Ref(self.rng.choice(self.types.chain(type_.heap)))
        if self.rng.random() < 0.9 and type_.heap != "extern":  # from something that may well be of the type
            likely = self.rng.choice(self.types.below(type_.heap))
            return f"(ref.cast {type_} {self.simple(Ref(likely, False))})"
        return f"(ref.cast {type_} {self.value(above, depth)})"

    def branch_on_cast(self, type_: Type, depth: int) -> str:
        """What was cast, or another value when the cast failed; or the other way round."""
        assert isinstance(type_, Ref)
        if type_.heap == "exn":
            return self.simple(type_)
        label, above = self.name(), Ref(self.rng.choice(self.types.chain(type_.heap)))
        source = self.value(above, depth)
        if self.rng.random() < 0.5:
            return f"""(block {label} (result {type_}) (drop (br_on_cast {label} {above} {type_} {source}))
              {self.value(type_, depth)})"""
        return f"""(block {label} (result {above}) {source} (br_on_cast_fail {label} {above} {type_}))
          (drop) {self.value(type_, depth)}"""

    def branch_on_null(self, type_: Type, depth: int) -> str:
        """A value, another when it was null."""
        assert isinstance(type_, Ref)
        label, wanted = self.name(), self.value(Ref(type_.heap), depth)
        if self.rng.random() < 0.5:
            return f"""(block {label} (result (ref {type_.heap})) (br_on_non_null {label} {wanted})
              {self.value(Ref(type_.heap, False), depth) if type_.heap != "exn" else "(unreachable)"})"""
        out = self.name()
        return f"""(block {out} (result {type_}) (block {label} (br {out} (br_on_null {label} {wanted})))
          {self.value(type_, depth)})"""

    def from_table(self, type_: Type, depth: int) -> str:
        """An element of a table, cast where that is needed."""
        assert isinstance(type_, Ref)
        tables = {"any": f"(table.get $any {self.small(7)})", "func": f"(table.get $calls {self.small(13)})"}
        top = self.types.top(type_.heap)
        if top not in tables:
            return self.simple(type_)
        if type_ == Ref(top):
            return tables[top]
        if self.rng.random() < 0.1:
            return f"(ref.cast {type_} {tables[top]})"
        label = self.name()
        return f"""(block {label} (result {type_}) (drop (br_on_cast {label} {Ref(top)} {type_} {tables[top]}))
          {self.value(type_, depth)})"""

    def converted(self, type_: Type, depth: int) -> str:
        """From inside to outside or back."""
        assert isinstance(type_, Ref)
        other = "extern" if type_.heap == "any" else "any"
        return f"({type_.heap}.convert_{other} {self.value(Ref(other, type_.null), depth)})"

    # -- anything --------------------------------------------------------------------------------

    def read(self, type_: Type, depth: int) -> str:
        """A field or an element of the type."""
        fits = [
            (t, i, f) for t in self.types.of.values() if t.kind != "func"
            for i, f in enumerate(t.fields) if self.types.matches(f.value, type_)
        ]  # fmt: skip
        if not fits:
            return self.simple(type_)
        of, number, field = self.rng.choice(fits)
        get, whole = self.rng.choice(field.get), self.value(Ref(of.name, self.null()), depth)
        if of.kind == "struct":
            return f"(struct.{get} {of.name} {number} {whole})"
        return f"(array.{get} {of.name} {whole} {self.index()})"

    def select(self, type_: Type, depth: int) -> str:
        """One of two values."""
        typed = f"(result {type_})" if isinstance(type_, Ref) or self.rng.random() < 0.3 else ""
        return f"(select {typed} {self.values((type_, type_, 'i32'), depth)})"

    def tee(self, type_: Type, depth: int) -> str:
        """A value that a local keeps, too."""
        names = self.locals.get(type_)
        return f"(local.tee {self.rng.choice(names)} {self.value(type_, depth)})" if names else self.simple(type_)

    def block_value(self, type_: Type, depth: int) -> str:
        """A block that a branch may leave early."""
        label = self.name()
        self.labels.append((label, (type_,)))
        early = f"(drop (br_if {label} {self.value(type_, depth)} {self.value('i32', depth)}))"
        text = f"(block {label} (result {type_}) {self.statement(depth)} {early} {self.value(type_, depth)})"
        self.labels.pop()
        return text

    def if_value(self, type_: Type, depth: int) -> str:
        """One of two branches."""
        return f"""(if (result {type_}) {self.value("i32", depth)}
          (then {self.statement(depth)} {self.value(type_, depth)}) (else {self.value(type_, depth)}))"""

    def call_value(self, type_: Type, depth: int) -> str:
        """A call that gives the type, in one of the ways to call."""
        fits = [n for n in self.module.callees(self.number) if self._gives(n, type_)]
        return self.call(self.rng.choice(fits), depth) if fits else self.simple(type_)

    def _gives(self, callee: int, type_: Type) -> bool:
        results = self.module.type_of(callee).results
        return len(results) == 1 and self.types.matches(results[0], type_)

    def call(self, callee: int, depth: int, tail: str = "") -> str:
        """A call of a function by its name, a reference or a table."""
        type_ = self.module.type_of(callee)
        args = self.values(type_.params, min(depth, 1))
        match self.rng.randrange(5):
            case 0 | 1:
                return f"({tail}call $f{callee} {args})"
            case 2:
                return f"({tail}call_ref {type_.name} {args} {self.value(Ref(type_.name, self.null()), min(depth, 1))})"
            case 3 if self.module.typed_table == type_.name:
                index = f"(i64.extend_i32_u {self.small(3)})"
                return f"({tail}call_indirect $typed (type {type_.name}) {args} {index})"
            case _:
                at = [i for i, n in enumerate(self.module.elements) if n == callee]
                index = self.small(14) if not at or self.rng.random() < 0.03 else f"(i32.const {self.rng.choice(at)})"
                return f"({tail}call_indirect $calls (type {type_.name}) {args} {index})"

    def try_value(self, type_: Type, depth: int) -> str:
        """A value of a body that may throw, else one that the handler makes."""
        out, caught = self.name(), self.name()
        clause, carried, keep = self._clause(caught)
        body = f"{self.statement(depth)} {self.value(type_, depth)}"
        return f"""(block {out} (result {type_})
          (block {caught} {carried} (br {out} (try_table (result {type_}) {clause} {body})))
          {keep} {self.value(type_, depth)})"""

    def _clause(self, label: str) -> tuple[str, str, str]:
        """A clause that goes to a label, what the label takes, and how to put that away."""
        number = self.rng.randrange(len(self.module.tags))
        all_, with_ref = self.rng.random() < 0.3, self.rng.random() < 0.4
        carried: list[Type] = [] if all_ else [*self.module.tags[number]]
        if with_ref:
            carried.append(Ref("exn", False))
        keep = " ".join(self.put_away(t) for t in reversed(carried))
        name = f"catch{'_all' if all_ else ''}{'_ref' if with_ref else ''}"
        again = "(throw_ref (local.get $exn_0))" if with_ref and self.rng.random() < 0.2 else ""
        if again:
            keep += f" (if {self.value('i32', 1)} (then {again}))"
        result = f"(result {' '.join(map(str, carried))})" if carried else ""
        return f"({name} {'' if all_ else f'$t{number}'} {label})", result, keep

    def put_away(self, type_: Type) -> str:
        """Takes a value from the stack into a local or a global that fits."""
        fits = [n for t, names in self.locals.items() if self.types.matches(type_, t) for n in names]
        return f"(local.set {self.rng.choice(fits)})" if fits else "(drop)"

    def statement(self, depth: int) -> str:
        """Written by who knows statements."""
        raise NotImplementedError
