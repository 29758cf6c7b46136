"""One instruction in the shortest way: what a debugger's step nearly always is.

No loop, no budget, no hooks. Only instructions that stay in their frame are run so; whatever else comes next is left as
it is, for the executor's loop.
"""

from __future__ import annotations

from collections.abc import Callable

from vm.control import WASM_FRAME
from vm.errors import Trap
from vm.gc_heap import CollectNeeded
from vm.machine import Machine, ThreadState
from vm.memories import PausedInBulk
from vm.reference.step import STAYS, Floats, Slots, Target
from vm.reference.targets import Targets
from vm.types import Addr

Stay = tuple[Target, bytes]  # a function, and by instruction whether it goes on in its frame


class SingleStep:
    """Runs the instruction that comes next; `frame` gives the value stack from an address up."""

    def __init__(
        self, machine: Machine, targets: Targets, frame: Callable[[int], tuple[Slots, Floats, Floats]]
    ) -> None:
        self._machine, self._targets, self._frame = machine, targets, frame
        self._known: dict[tuple[Addr, int], Stay] = {}

    def __call__(self) -> bool:
        """False: what comes next is something else, or traps, or a pause came; nothing has retired."""
        if (here := self._here()) is None:
            return False
        target, stays, pc, base = here
        if not stays[pc]:
            return False
        try:
            after = target.plain[pc](*self._frame(base))
        except (Trap, CollectNeeded, PausedInBulk):
            return False
        self._machine.control.stand_at(after)
        self._machine.tick += 1
        return True

    def along(self, most: int, seen: Callable[[int, Slots], None]) -> int:
        """At most so many of them, one after the other; how many retired.

        `seen` is told of each before it runs, its index and its frame's slots, and of the one that it stops before.
        """
        if (here := self._here()) is None:
            return 0
        target, stays, pc, base = here
        plain, (q, d, f), done = target.plain, self._frame(base), 0
        try:
            while done < most:
                seen(pc, q)
                if not stays[pc]:
                    break
                pc = plain[pc](q, d, f)
                done += 1
        except (Trap, CollectNeeded, PausedInBulk):
            pass
        if done:
            self._machine.control.stand_at(pc)
            self._machine.tick += done
        return done

    def _here(self) -> tuple[Target, bytes, int, int] | None:
        """The innermost frame's function, next instruction and base; None: it is a host's, or nothing runs."""
        machine = self._machine
        if machine.current.state.view[0] != ThreadState.READY or machine.bulk_done[0]:
            return None
        vmctx, func, pc, base, flags, _, _ = machine.control.top
        if flags != WASM_FRAME:
            return None
        target, stays = self._known.get((vmctx, func)) or self._learn(vmctx, func)
        return target, stays, pc, base

    def _learn(self, vmctx: Addr, func: int) -> Stay:
        instance = self._machine.instance_at(vmctx)
        assert instance is not None
        target = self._targets.defined(instance, func)
        if not target.plain:
            self._targets.translate(target)
        stays = bytes(instr.op.name in STAYS for instr in instance.facts(func).instrs)
        made = self._known[vmctx, func] = target, stays
        return made
