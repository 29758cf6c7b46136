"""What calls reach: functions translated when they are first entered, and the words that lead to them.

Sites are put into translated code here: the step a site names is replaced by one that stops.
"""

from __future__ import annotations

from vm.facts import FunctionFacts
from vm.instance import Instance
from vm.machine import CodeKind, Machine
from vm.memory import RegionKind
from vm.reference.step import Floats, Slots, Step, Target
from vm.reference.step import Site as Instruction
from vm.reference.translate import translate
from vm.stop import Site
from vm.threads import Waiting
from vm.types import Addr


class SiteHit(Exception):
    """A step that a site stands in front of was about to run."""


def _hit(q: Slots, d: Floats, f: Floats) -> int:
    raise SiteHit


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
        self.sites: frozenset[Site] = frozenset()
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
            code = self.machine.space.words(layout.field("array_call").at(func_ref), 1)
            found = self._func_refs[func_ref] = (type_id, code)
        return found

    def type_id_words(self, instance: Instance) -> memoryview:
        """A live view of an instance's engine-wide type ids, by type index."""
        layouts = self.machine.layouts
        path = layouts.era.paths["type_ids"]
        at = layouts.follow(self.machine.space, path, instance.addr, 0, instance.shape.counts)
        return self.machine.space.words(at, len(instance.module.types), 4)

    def translate(self, target: Target) -> None:
        """Translates a function that was never entered."""
        assert target.instance is not None
        facts = target.instance.facts(target.func)
        target.set_facts(facts)
        target.steps = [self._later(target, facts, i) for i in range(len(facts.instrs))]
        if self.sites:
            self._patch_target(target)

    def _later(self, target: Target, facts: FunctionFacts, i: int) -> Step:
        """A step that makes the real one when it first runs: most of a large function never does."""

        def first(q: Slots, d: Floats, f: Floats) -> int:
            assert target.instance is not None
            step = translate(Instruction(self, target.instance, facts, facts.instrs[i], i))
            if i in target.patched:
                target.patched[i] = step
            else:
                target.steps[i] = step
            return step(q, d, f)

        return first

    # -- sites -----------------------------------------------------------------------------------

    def patch(self, sites: frozenset[Site]) -> None:
        """Makes these the sites that stop, and no others."""
        if sites == self.sites:
            return
        self.sites = sites
        hosts = {r.base for r in self.machine.space.regions() if r.kind is RegionKind.HOST_CONTEXT}
        self.host_sites = frozenset(s.vmctx for s in sites if s.vmctx in hosts)
        for target in self._targets.values():
            self._patch_target(target)

    def _patch_target(self, target: Target) -> None:
        for pc, step in target.patched.items():
            target.steps[pc] = step
        target.patched.clear()
        if not target.steps:
            return
        for site in self.sites:
            here = (site.vmctx, site.func) == (target.vmctx, target.func)
            if here and site.vmctx not in self.host_sites:
                target.patched[site.pc] = target.steps[site.pc]
                target.steps[site.pc] = _hit
