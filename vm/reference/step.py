"""What translation makes of an instruction: a step, and what a function's steps need to know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, TypeAlias

from vm.decode import MAX_LOCALS
from vm.facts import FunctionFacts, Instr
from vm.instance import Instance
from vm.libcalls.libcall import Libcall, P, R
from vm.machine import Machine
from vm.ops.row import Has
from vm.ops.table import OPS
from vm.threads import Waiting
from vm.types import SLOT_BYTES, Addr

# A step gets the frame's slots three times over, as integers, f64s and f32s (slot i is f32 number 2i), and
# answers with the next instruction's index, or with one of the transfers below.
Slots: TypeAlias = memoryview
Floats: TypeAlias = "memoryview[float]"
Step = Callable[[Slots, Floats, Floats], int]

CALL, RETURN, TAIL_CALL, THROW, WAIT = -1, -2, -3, -4, -5

# Rows whose step answers with the next instruction, whatever happens.
_TRANSFERS = ("memory.atomic.wait32", "memory.atomic.wait64", "throw", "throw_ref", "rethrow", "return", "end")
STAYS = frozenset(op.name for op in OPS if Has.CALLS not in op.has and op.name not in _TRANSFERS)

_ZEROS = memoryview(bytes(2 * MAX_LOCALS * SLOT_BYTES)).cast("Q")  # what all locals start as, v128s twice as wide


@dataclass(eq=False, slots=True)
class Target:
    """What a call can reach: a function of an instance, or a host function (`func` its number)."""

    vmctx: Addr
    func: int
    instance: Instance | None = None
    steps: list[Step] = field(default_factory=list)  # what is run
    plain: list[Step] = field(default_factory=list)  # the same without what sites and watches put into it
    frame_bytes: int = 0
    zeroed: tuple[int, int] = (0, 0)  # slots of the locals that are no parameters
    zeros: Slots | None = None  # what they start as

    @property
    def is_host(self) -> bool:
        return self.instance is None

    def set_facts(self, facts: FunctionFacts) -> None:
        """Called when the function is first entered."""
        self.frame_bytes = facts.frame_slots * SLOT_BYTES
        self.zeroed = (facts.param_slots, facts.num_local_slots)
        count = facts.num_local_slots - facts.param_slots
        self.zeros = _ZEROS[:count] if count else None


class Links(Protocol):
    """What steps reach beyond their frame: the machine, other functions, and the words that lead to them."""

    machine: Machine
    pending: tuple[Target, int, int]  # set by a step that transfers control: what the transfer is about
    tail_pc: int  # and which instruction it is, when a tail call
    thrown: int  # set by a step that throws: the exception
    waiting: Waiting  # set by a step that waits: what for
    left_at: int  # set by a step that throws or waits: which instruction it is

    def defined(self, instance: Instance, func: int) -> Target: ...
    def target_of(self, code: int) -> Target: ...
    def import_code_word(self, instance: Instance, func: int) -> memoryview: ...
    def func_ref_words(self, func_ref: int) -> tuple[memoryview, memoryview]: ...
    def type_id_words(self, instance: Instance) -> memoryview: ...
    def libcall(
        self, instance: Instance, call: Libcall[P, R], in_line: Callable[P, R] | None = None, imported: bool = False
    ) -> Callable[P, R]: ...


@dataclass(frozen=True, slots=True)
class Site:
    """An instruction being translated, and what surrounds it."""

    links: Links
    instance: Instance
    facts: FunctionFacts
    instr: Instr
    index: int

    @property
    def next(self) -> int:
        """Index of the instruction after this one."""
        return self.index + 1

    def operand(self, depth: int) -> int:
        """Slot of an operand, 0 being the top of the stack before the instruction."""
        return self.facts.num_local_slots + self.instr.height - 1 - depth

    @property
    def push(self) -> int:
        """Slot of an operand pushed on top."""
        return self.facts.num_local_slots + self.instr.height

    def libcall(
        self, call: Libcall[P, R], in_line: Callable[P, R] | None = None, imported: bool = False
    ) -> Callable[P, R]:
        """A function of the runtime, called through the instance's array.

        Where the era has none, compiled code does the work: `in_line`, or what the function does.
        """
        return self.links.libcall(self.instance, call, in_line, imported)

    def in_line(self, call: Libcall[P, R], **kwargs: Any) -> Callable[P, R]:
        """What compiled code does by itself where the era has no such function."""
        return partial(call.run, self.links.machine, self.instance, **kwargs)

    def imm(self, i: int = 0) -> int:
        """An immediate that is a number."""
        value = self.instr.imm[i]
        assert isinstance(value, int)
        return value
