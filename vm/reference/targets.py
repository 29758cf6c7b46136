"""What calls reach: functions translated when they are first entered, and the words that lead to them.

Hooks are put into translated code here: a step that a site names, or that may touch what is watched, is replaced by one
that asks the executor first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from vm.accesses import TOUCHING
from vm.facts import FunctionFacts
from vm.instance import Instance
from vm.libcalls.libcall import Libcall, P, R, entry_at
from vm.libcalls.table import BY_NAME, AnyLibcall
from vm.machine import CodeKind, Machine
from vm.memory import RegionKind
from vm.reference.step import Floats, Slots, Step, Target
from vm.reference.step import Site as Instruction
from vm.reference.translate import translate
from vm.stop import Picks, Site
from vm.threads import Waiting
from vm.types import Addr


class Hooked(Exception):
    """A step was about to run that a site names, or that may touch what is watched."""


def _ask(q: Slots, d: Floats, f: Floats) -> int:
    raise Hooked


class Targets:
    """The targets of one executor, and its steps' `Links`. All of it is a cache over the machine's bytes."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.pending: tuple[Target, int, int] = (Target(Addr(0), 0), 0, 0)
        self.tail_pc = self.thrown = self.left_at = 0
        self.waiting = Waiting(Addr(0), 0)
        self._targets: dict[tuple[Addr, int, CodeKind], Target] = {}
        self._by_code: dict[int, Target] = {}
        self._func_refs: dict[int, tuple[memoryview, memoryview]] = {}
        self._runtime: dict[int, AnyLibcall] = {}  # by code address
        self.sites: frozenset[Site] = frozenset()
        self._picks: Picks | None = None
        self._watching = self._tracing = False
        self._indexes: dict[tuple[Addr, int], list[int]] = {}  # of sites, by function
        self.host_sites: frozenset[Addr] = frozenset()  # contexts of host functions that a site names

    # -- looking up ------------------------------------------------------------------------------

    def defined(self, instance: Instance, func: int) -> Target:
        """The target of a function defined in an instance; it is translated when first entered."""
        key = (instance.addr, func, CodeKind.WASM)
        if key not in self._targets:
            self._targets[key] = Target(instance.addr, func, instance)
        return self._targets[key]

    def target_of(self, code: int) -> Target:
        """What a call word leads to."""
        found = self._by_code.get(code)
        if found is None:
            record = self.machine.code_at(code)
            assert record is not None, "a call word is always code"
            if record.kind is CodeKind.HOST:
                found = self._targets.setdefault(
                    (record.vmctx, record.func, record.kind), Target(record.vmctx, record.func)
                )
            else:
                instance = self.machine.instance_at(record.vmctx)
                assert instance is not None
                found = self.defined(instance, record.func)
            self._by_code[code] = found
        return found

    def import_code_word(self, instance: Instance, func: int) -> memoryview:
        """A live view of an import's call word, found on the era's access path."""
        layouts = self.machine.layouts
        path = layouts.era.paths["function.imported"]
        at = layouts.follow(self.machine.space, path, instance.addr, func, instance.shape.counts)
        return self.machine.space.words(layouts.field("VMFunctionImport", "wasm_call").at(at), 1)

    def func_ref_words(self, func_ref: int) -> tuple[memoryview, memoryview]:
        """Live views of a VMFuncRef's type id and call word."""
        found = self._func_refs.get(func_ref)
        if found is None:
            layout = self.machine.layouts.struct("VMFuncRef")
            type_id = self.machine.space.words(layout.field("type_index").at(func_ref), 1, 4)
            code = self.machine.space.words(layout.field("wasm_call").at(func_ref), 1)
            found = self._func_refs[func_ref] = (type_id, code)
        return found

    def type_id_words(self, instance: Instance) -> memoryview:
        """A live view of an instance's engine-wide type ids, by type index."""
        layouts = self.machine.layouts
        path = layouts.era.paths["type_ids"]
        at = layouts.follow(self.machine.space, path, instance.addr, 0, instance.shape.counts)
        return self.machine.space.words(at, len(instance.module.types), 4)

    def libcall(
        self, instance: Instance, call: Libcall[P, R], in_line: Callable[P, R] | None = None, imported: bool = False
    ) -> Callable[P, R]:
        """A function of the runtime, called through an instance's array; `in_line` where the era has none."""
        machine, number = self.machine, call.number(self.machine.layouts.era, imported)
        if number is None:
            return in_line or partial(call.run, machine, instance)
        entry = machine.space.words(entry_at(machine.layouts, instance, number), 1)
        runtime = self._runtime

        def through(*args: P.args, **kwargs: P.kwargs) -> R:
            found: Callable[..., R] = (runtime.get(entry[0]) or self._runtime_at(entry[0])).run
            return found(machine, instance, *args, **kwargs)

        return through

    def _runtime_at(self, code: int) -> AnyLibcall:
        """The function of the runtime that an entry leads to."""
        record = self.machine.code_at(code)
        assert record is not None and record.kind is CodeKind.BUILTIN, "the array holds the runtime's functions"
        found = self._runtime[code] = BY_NAME[self.machine.layouts.era.builtins[record.func]]
        return found

    def translate(self, target: Target) -> None:
        """Translates a function that was never entered."""
        assert target.instance is not None
        facts = target.instance.facts(target.func)
        target.set_facts(facts)
        target.plain = [self._later(target, facts, i) for i in range(len(facts.instrs))]
        target.steps = self._hooked(target)

    def _later(self, target: Target, facts: FunctionFacts, i: int) -> Step:
        """A step that makes the real one when it first runs: most of a large function never does."""

        def first(q: Slots, d: Floats, f: Floats) -> int:
            assert target.instance is not None
            step = translate(Instruction(self, target.instance, facts, facts.instrs[i], i))
            target.plain[i] = step
            if target.steps[i] is first:
                target.steps[i] = step
            return step(q, d, f)

        return first

    # -- hooks -----------------------------------------------------------------------------------

    def hook(self, sites: frozenset[Site], watching: bool, tracing: bool, picks: Picks | None) -> None:
        """Makes these the sites, and no others; what may touch watched bytes is hooked too, or everything."""
        if (sites, watching, tracing, picks) == (self.sites, self._watching, self._tracing, self._picks):
            return
        self.sites, self._watching, self._tracing, self._picks = sites, watching, tracing, picks
        hosts = {r.base for r in self.machine.space.regions() if r.kind is RegionKind.HOST_CONTEXT}
        self.host_sites = frozenset(s.vmctx for s in sites if s.vmctx in hosts)
        self._indexes.clear()
        for site in sites:
            if site.vmctx not in self.host_sites:
                self._indexes.setdefault((site.vmctx, site.func), []).append(site.pc)
        for target in self._targets.values():
            if target.plain:
                target.steps = self._hooked(target)

    def is_site(self, instance: Instance | None, site: Site) -> bool:
        """Whether an instruction is to be stopped before, by name or for what it is."""
        if site in self.sites:
            return True
        return self._picks is not None and instance is not None and self._picks(instance.facts(site.func), site.pc)

    def _picked(self, target: Target) -> Iterator[int]:
        if self._picks is not None and target.instance is not None:
            facts = target.instance.facts(target.func)
            yield from (pc for pc in range(len(facts.instrs)) if self._picks(facts, pc))

    def _hooked(self, target: Target) -> list[Step]:
        """A function's steps with what has to ask in its place."""
        if self._tracing:
            return [_ask] * len(target.plain)
        indexes = [*self._indexes.get((target.vmctx, target.func), ()), *self._picked(target)]
        if not indexes and not self._watching:
            return target.plain
        steps = list(target.plain)
        for i in indexes:
            steps[i] = _ask
        if self._watching:
            assert target.instance is not None
            for i, instr in enumerate(target.instance.facts(target.func).instrs):
                if instr.op.name in TOUCHING:
                    steps[i] = _ask
        return steps
