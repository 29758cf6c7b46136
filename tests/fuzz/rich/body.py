"""Functions at random: statements around expressions."""

from __future__ import annotations

from collections.abc import Callable

from tests.fuzz.rich.declared import NUMBERS, Ref, Type, signature
from tests.fuzz.rich.instructions import NO_RESULT, immediates, params_of
from tests.fuzz.rich.values import Values

_LOCALS = 2  # of a number's type
_HEAPS = ("any", "eq", "exn", "extern", "func")


class Body(Values):
    """Writes one function."""

    def text(self) -> str:
        """The function, with a burn of fuel first so that everything ends."""
        type_ = self.module.type_of(self.number)
        params = [(f"$p{i}", t) for i, t in enumerate(type_.params)]
        own = [(f"${t}_{i}", t) for t in NUMBERS for i in range(_LOCALS)]
        own += [(f"${h}_0", Ref(h)) for h in _HEAPS]
        own += [(f"$at_{t[1:]}", Ref(t)) for t in self.types.of]
        for name, held in (*params, *own):
            self.locals.setdefault(held, []).append(name)
        before = " ".join(self.statement(3) for _ in range(self.rng.randrange(1, 6)))
        ending = self._ending(type_.results)
        counters = " ".join(f"(local $c{i} i32)" for i in range(self.made))
        declared = " ".join(f"(local {n} {t})" for n, t in own)
        named = " ".join(f"(param {n} {t})" for n, t in params)
        return f"""(func $f{self.number} (type {type_.name}) {named} {signature((), type_.results)}
          {declared} {counters} (if (i32.eqz (call $burn)) (then {self._give_up(type_.results)})) {before} {ending})"""

    def _give_up(self, results: tuple[Type, ...]) -> str:
        return f"(return {' '.join(self.simple(t) for t in results)})"

    def _ending(self, results: tuple[Type, ...]) -> str:
        if self.rng.random() < 0.2:
            same = [n for n in self.module.callees(self.number) if self.module.type_of(n).results == results]
            if same:
                return self.call(self.rng.choice(same), 1, "return_")
        return self.values(results, 3)

    # -- statements ------------------------------------------------------------------------------

    def statement(self, depth: int) -> str:
        """One, with others inside it down to `depth`."""
        if depth <= 0:
            return "(nop)"
        makers: list[tuple[Callable[[int], str], int]] = [
            (self.assignment, 8), (self.store, 3), (self.write, 6), (self.arrays, 4), (self.if_, 3), (self.loop, 2),
            (self.block, 2), (self.bulk, 2), (self.table, 3), (self.call_all, 3), (self.leave, 2), (self.switch, 1),
            (self.throw, 2),
        ]  # fmt: skip
        return self.rng.choices([m for m, _ in makers], [w for _, w in makers])[0](depth - 1)

    def body(self, depth: int) -> str:
        """A few statements."""
        return " ".join(self.statement(depth) for _ in range(self.rng.randrange(1, 4)))

    def assignment(self, depth: int) -> str:
        """A local or a global gets a value."""
        if self.rng.random() < 0.4:
            name, type_ = self.rng.choice(self.module.globals)
            return f"(global.set {name} {self.value(type_, depth)})"
        held = self.rng.choice(list(self.locals))
        return f"(local.set {self.rng.choice(self.locals[held])} {self.value(held, depth)})"

    def store(self, depth: int) -> str:
        """Any store to a memory."""
        op, memory = self.rng.choice(NO_RESULT), self.rng.choice(("$m0", "$m0", "$m1", "$m2"))
        width = op.width if "atomic" in op.name else 1
        operands = " ".join(
            self.address(memory, width, depth) if p == "addr" else self.value(p, depth) for p in params_of(op)
        )
        return f"({op.name} {immediates(self.rng, op, memory)} {operands})"

    def write(self, depth: int) -> str:
        """A field or an element is set."""
        fits = [(t, i, f) for t in self.types.of.values() for i, f in enumerate(t.fields) if f.mutable]
        if not fits:
            return "(nop)"
        of, number, field = self.rng.choice(fits)
        whole, value = self.value(Ref(of.name, self.null()), depth), self.value(field.value, depth)
        if of.kind == "struct":
            return f"(struct.set {of.name} {number} {whole} {value})"
        return f"(array.set {of.name} {whole} {self.index()} {value})"

    def arrays(self, depth: int) -> str:
        """Many elements at a time."""
        arrays = [a for a in self.types.named("array") if a.fields[0].mutable]
        if not arrays:
            return "(nop)"
        of = self.rng.choice(arrays)
        storage, to, count = of.fields[0].storage, self.value(Ref(of.name, False), depth), self.small(3)
        where = self.index()
        match self.rng.randrange(3):
            case 0:
                return f"(array.fill {of.name} {to} {where} {self.value(of.fields[0].value, depth)} {count})"
            case 1:
                sources = [a for a in self.types.named("array") if self.types.matches(a.fields[0].storage, storage)]
                from_ = self.rng.choice(sources)
                source = self.value(Ref(from_.name, False), depth)
                return f"(array.copy {of.name} {from_.name} {to} {where} {source} {self.index()} {count})"
            case _ if not isinstance(storage, Ref):
                return f"(array.init_data {of.name} $passive {to} {where} {self.small(16)} {count})"
            case _:
                segments = [n for n, t in self.module.segments if self.types.matches(t, storage)]
                if not segments:
                    return "(nop)"
                return f"(array.init_elem {of.name} {self.rng.choice(segments)} {to} {where} {self.small(3)} {count})"

    def if_(self, depth: int) -> str:
        """One of two lists of statements."""
        other = f"(else {self.body(depth)})" if self.rng.random() < 0.5 else ""
        return f"(if {self.value('i32', depth)} (then {self.body(depth)}) {other})"

    def loop(self, depth: int) -> str:
        """A few rounds."""
        counter, name = f"$c{self.made}", self.name()
        return f"""(local.set {counter} (i32.const {self.rng.randrange(1, 5)})) (loop {name} {self.body(depth)}
          (local.set {counter} (i32.sub (local.get {counter}) (i32.const 1)))
          (br_if {name} (select (call $burn) (i32.const 0) (local.get {counter}))))"""

    def block(self, depth: int) -> str:
        """Statements that a branch may leave early."""
        name = self.name()
        self.labels.append((name, ()))
        text = f"(block {name} {self.body(depth)} (br_if {name} {self.value('i32', depth)}) {self.body(depth)})"
        self.labels.pop()
        return text

    def switch(self, depth: int) -> str:
        """A table of branches that carry a value."""
        first, second, type_ = self.name(), self.name(), self.types.any_type()
        targets = self.rng.choices((first, second), k=self.rng.randrange(1, 5))
        return f"""(block {first} (result {type_}) (block {second} (result {type_}) {self.value(type_, depth)}
          (br_table {" ".join(targets)} {self.value("i32", depth)})) {self.put_away(type_)} {self.body(depth)}
          {self.value(type_, depth)}) {self.put_away(type_)}"""

    def leave(self, depth: int) -> str:
        """Ends the straight line of code, sometimes; dead code follows."""
        return f"(if {self.value('i32', depth)} (then {self._leave_now(depth)} {self.body(depth)}))"

    def _leave_now(self, depth: int) -> str:
        kind = self.rng.randrange(8)
        if kind == 0 and self.rng.random() < 0.1:
            return "(unreachable)"
        if kind < 4 or not self.labels:
            return f"(return {self.values(self.module.type_of(self.number).results, depth)})"
        name, types = self.rng.choice(self.labels)
        return f"(br {name} {self.values(types, depth)})"

    def rare(self, depth: int) -> str:
        """A condition that seldom holds."""
        return f"(i32.eq {self.value('i32', depth)} (i32.const 1))"

    def throw(self, depth: int) -> str:
        """An exception, mostly where something catches it."""
        number = self.rng.randrange(len(self.module.tags))
        thrown = f"(throw $t{number} {self.values(self.module.tags[number], min(depth, 1))})"
        if self.rng.random() < 0.15:
            thrown = f"(throw_ref {self.value(Ref('exn'), depth)})"
        if self.rng.random() < 0.3:
            return f"(if {self.rare(depth)} (then {thrown}))"
        label = self.name()
        clause, carried, keep = self._clause(label)
        out = self.name()
        return f"""(block {out} (block {label} {carried} (try_table {clause} {self.body(depth)}
          (if {self.value("i32", depth)} (then {thrown}))) (br {out})) {keep})"""

    def call_all(self, depth: int) -> str:
        """A call whose results are put away, however many there are."""
        callee = self.rng.choice(self.module.callees(self.number) or [self.number])
        results = self.module.type_of(callee).results
        return f"{self.call(callee, depth)} {' '.join(self.put_away(t) for t in reversed(results))}"

    def bulk(self, depth: int) -> str:
        """Many bytes at a time."""
        small, other, value = self.small(300), self.small(40), self.value("i32", depth)
        return self.rng.choice((
            f"(memory.fill $m0 {small} {value} {other})",
            f"(memory.fill $m1 (i64.extend_i32_u {small}) {value} (i64.extend_i32_u {other}))",
            f"(memory.copy $m0 $m2 {small} {other} {self.small(70)})",
            f"(memory.copy $m1 $m0 (i64.extend_i32_u {small}) {other} {self.small(70)})",
            f"(memory.init $m0 $passive {small} {self.small(18)} {self.small(9)})",
            f"(memory.fill $m2 (i32.const 80) {value} {other})",
            "(data.drop $passive)" if self.rng.random() < 0.1 else "(atomic.fence)",
        ))  # fmt: skip

    def table(self, depth: int) -> str:
        """Something about tables."""
        index, other = self.small(7), self.small(4)
        segment, held = self.rng.choice(self.module.segments)
        typed = self.module.typed_table
        into = "$any" if self.types.heap_matches(held.heap, "any") else "$calls"
        fits = into == "$any" or self.types.top(held.heap) == "func"
        return self.rng.choice((
            f"(table.set $any {index} {self.value(Ref('any'), depth)})",
            f"(table.set $calls {index} {self.value(Ref('func'), depth)})",
            f"(table.set $typed (i64.extend_i32_u {other}) {self.value(Ref(typed), depth)})",
            f"(table.fill $any {index} {self.value(Ref('any'), depth)} {self.small(3)})",
            f"(table.copy $any $any {other} {index} {self.small(4)})",
            f"(table.copy $calls $typed {index} (i64.extend_i32_u {other}) {self.small(3)})",
            f"(table.init {into} {segment} {index} {self.small(3)} {self.small(3)})" if fits else "(nop)",
            f"(elem.drop {segment})" if self.rng.random() < 0.1 else "(nop)",
        ))  # fmt: skip
