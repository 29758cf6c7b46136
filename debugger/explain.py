"""What a trap means: which check failed, on which values, against which bound, and where.

Everything is read from the stopped machine: the trapping instruction did not retire, so its operands are still there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from debugger.dwarf.lines import LineTable
from debugger.inspect import Frame, Inspector, Variable
from debugger.operands import index_of, taken
from debugger.origins import maker
from debugger.source.nearby import Lying, apart
from vm.constant import static_value
from vm.errors import Trap, TrapKind
from vm.facts import Instr
from vm.instance import Instance
from vm.instruction_text import InstructionText
from vm.instructions import read_instruction
from vm.layout import Path
from vm.machine import Machine
from vm.ops.row import Imm
from vm.types import SLOT_BYTES, Addr, ExternKind, NumType

VariableAt = Callable[[Instance, int], Lying | None]
LinesAt = Callable[[int], LineTable | None]  # by VMContext address

_INNER_FRAMES, _OUTER_FRAMES = 24, 8  # shown of a deep call stack

_SENTENCES: Mapping[TrapKind, str] = MappingProxyType(
    {
        TrapKind.UNREACHABLE: "the program reached an unreachable instruction: compilers put one after abort(), "
        "a failed assertion or a panic",
        TrapKind.OUT_OF_BOUNDS_MEMORY: "an access to memory passes the memory's end",
        TrapKind.OUT_OF_BOUNDS_TABLE: "an access to a table passes the table's end",
        TrapKind.UNDEFINED_ELEMENT: "an indirect call's index is not below the table's size",
        TrapKind.UNINITIALIZED_ELEMENT: "an indirect call met an element that is null",
        TrapKind.INDIRECT_CALL_TYPE: "an indirect call met a function of another type than it expects",
        TrapKind.INTEGER_DIVIDE_BY_ZERO: "an integer was divided by zero",
        TrapKind.INTEGER_OVERFLOW: "a result does not fit its integer type",
        TrapKind.INVALID_CONVERSION: "a float that is not a number was converted to an integer",
        TrapKind.CALL_STACK_EXHAUSTED: "the call stack is full: usually a recursion that does not end",
        TrapKind.NULL_REFERENCE: "a reference that is null was used",
        TrapKind.NULL_FUNCTION: "a function reference that is null was called",
        TrapKind.NULL_STRUCTURE: "a field was asked of a structure reference that is null",
        TrapKind.NULL_ARRAY: "an element, or the length, was asked of an array reference that is null",
        TrapKind.NULL_I31: "the number was asked of an i31 reference that is null",
        TrapKind.NULL_EXCEPTION: "an exception reference that is null was thrown",
        TrapKind.OUT_OF_BOUNDS_ARRAY: "an access to an array passes its length",
        TrapKind.CAST_FAILURE: "a reference was cast to a type that its object is not of",
        TrapKind.UNCAUGHT_EXCEPTION: "an exception was thrown that no frame of the call stack catches",
        TrapKind.GC_HEAP_FULL: "the GC heap has no room for a new object, even after a collection: --max-gc-heap "
        "raises its limit",
        TrapKind.UNALIGNED_ATOMIC: "an atomic access is not aligned to its own width",
        TrapKind.UNSHARED_WAIT: "memory.atomic.wait needs a shared memory: nobody else could ever wake it",
        TrapKind.DEADLOCK: "no thread can go on: each waits for another to wake it, and none has a timeout",
        TrapKind.HOST: "a host function gave up",
    }
)


def explain_trap(
    machine: Machine, inspect: Inspector, trap: Trap, lines_at: LinesAt = lambda vmctx: None,
    variable_at: VariableAt = lambda instance, address: None,
) -> tuple[str, ...]:  # fmt: skip
    """A trap in a few lines: the check in one sentence, then the values, the bound and the place.

    `variable_at`: the variable of an instance's source that is nearest to a native address.
    """
    sentence = f"{trap.kind.value}: {_SENTENCES.get(trap.kind, 'the program cannot go on')}"
    frame = inspect.frame(0)
    if frame is None:
        return (sentence, *([f"  {trap.detail}"] if trap.detail else []))
    return (
        sentence,
        *(f"  {line}" for line in _Explanation(machine, inspect, trap, frame, lines_at, variable_at).lines()),
    )


@dataclass(frozen=True)
class _Explanation:
    """One trap in one frame."""

    machine: Machine
    inspect: Inspector
    trap: Trap
    frame: Frame
    lines_at: LinesAt
    variable_at: VariableAt

    def lines(self) -> Iterator[str]:
        instance = self.frame.instance
        if instance is None:
            yield f"in host function {self.frame.name}" + (f": {self.trap.detail}" if self.trap.detail else "")
            return
        instr = self.inspect.instr(self.frame)
        yield f"{instruction_text(self.inspect, self.frame)}   at {place_text(self.frame, self.lines_at)}"
        operands = taken(self.inspect, self.frame)
        if operands:
            yield "operands: " + ", ".join(f"{name} = {_both(v)}" for name, v in operands)
            made = [f"{name} by {text}" for name, variable in operands if (text := self._made(variable))]
            if made:
                yield "made: " + ", ".join(made)
        yield from self._check(instance, instr, dict(operands))

    def _made(self, operand: Variable) -> str:
        """The instruction that put an operand on the stack, where only one can have."""
        assert self.frame.instance is not None
        facts = self.frame.instance.facts(self.frame.func)
        slot = (operand.addr - self.frame.record.base) // SLOT_BYTES - facts.num_local_slots
        made = maker(facts, slot, self.frame.pc)
        if made is None:
            return ""
        text = instruction_text(self.inspect, replace(self.frame, pc=made, offset=facts.instrs[made].offset))
        return f"{text} @{facts.instrs[made].offset:#x}"

    def _check(self, instance: Instance, instr: Instr, operands: Mapping[str, Variable]) -> Iterator[str]:
        match self.trap.kind:
            case TrapKind.OUT_OF_BOUNDS_MEMORY:
                yield from self._memory(instance, instr, operands)
            case TrapKind.OUT_OF_BOUNDS_TABLE:
                yield from self._tables(instance, instr)
            case TrapKind.UNDEFINED_ELEMENT | TrapKind.UNINITIALIZED_ELEMENT | TrapKind.INDIRECT_CALL_TYPE:
                yield from self._indirect(instance, instr, operands)
            case TrapKind.UNALIGNED_ATOMIC if "address" in operands:
                address, offset = operands["address"].slot, index_of(instr, 1)
                over = (address + offset) % instr.op.width
                aligned = f"{over} past a multiple of {instr.op.width}"
                yield f"effective address = {address:#x} + offset {offset:#x}: {aligned}"
            case TrapKind.OUT_OF_BOUNDS_ARRAY if "array" in operands:
                yield f"bound: the array has {self.machine.gc.length(operands['array'].slot):,} elements"
            case TrapKind.CAST_FAILURE if "reference" in operands:
                yield f"it is {self.inspect.heap.describe(operands['reference'].slot) or 'null'}"
            case TrapKind.GC_HEAP_FULL:
                most = self.machine.state.get("max_gc_heap_bytes")
                yield f"the heap has {self.machine.gc.size:,} bytes of {most:,} that it may have"
            case TrapKind.CALL_STACK_EXHAUSTED:
                yield from self._exhausted()
            case TrapKind.DEADLOCK:
                for thread in self.machine.threads:
                    if addr := thread.record.get("wait_addr"):
                        yield f"thread {thread.number} waits at {self.inspect.describe_address(addr)}"
            case _ if self.trap.detail:
                yield self.trap.detail

    def _memory(self, instance: Instance, instr: Instr, operands: Mapping[str, Variable]) -> Iterator[str]:
        if instr.op.imm == (Imm.MEMARG,) and "address" in operands:
            memory, offset = index_of(instr, 0), index_of(instr, 1)
            start, width = operands["address"].slot + offset, instr.op.width
            yield (
                f"effective address = {operands['address'].slot:#x} + offset {offset:#x} = {start:#x}; "
                f"{width} byte{'s' if width > 1 else ''} end at {start + width:#x}"
            )
            yield self._bound(instance, ExternKind.MEMORY, memory)
            yield from self._nearest(instance, memory, start)
            return
        if self.trap.detail:
            yield self.trap.detail
        for number in _indices(instr, Imm.MEMORY):
            yield self._bound(instance, ExternKind.MEMORY, number)

    def _nearest(self, instance: Instance, memory: int, at: int) -> Iterator[str]:
        """The source's variable, or the data segment, that lies nearest to an address."""
        base = instance.memories[memory].region.base
        found = [
            (start, end, f"data segment {number} {instance.module.names.datas.get(number, '')}".rstrip())
            for number, start, end in placed_segments(instance, memory)
        ]
        if (lying := self.variable_at(instance, base + at)) is not None:
            found.insert(0, (lying.start - base, lying.end - base, lying.name))  # of two that are as near, the variable
        if found:
            start, end, what = min(found, key=lambda each: apart(each[0], each[1], at))
            far = apart(start, end, at)
            where = "inside it" if not far else f"{far:,} bytes {'below' if at < start else 'behind'} it"
            yield f"nearest: {what}, {start:#x} to {end - 1:#x}; the address is {where}"

    def _tables(self, instance: Instance, instr: Instr) -> Iterator[str]:
        if self.trap.detail:
            yield self.trap.detail
        for number in _indices(instr, Imm.TABLE):
            yield self._bound(instance, ExternKind.TABLE, number)

    def _indirect(self, instance: Instance, instr: Instr, operands: Mapping[str, Variable]) -> Iterator[str]:
        type_index, number = index_of(instr, 0), index_of(instr, 1)
        yield self._bound(instance, ExternKind.TABLE, number)
        index = operands["index"].slot if "index" in operands else instance.tables[number].size
        if index < instance.tables[number].size:
            element = self.inspect.table_element(instance, number, index)
            yield f"table[{number}][{index}] = {element.word:#x} ({element.text})"
            if element.func_ref is not None:
                yield from self._types(instance, type_index, element.func_ref)

    def _types(self, instance: Instance, type_index: int, func_ref: Addr) -> Iterator[str]:
        found = self.machine.read_func_ref(func_ref).type_id
        wanted = instance.type_ids[type_index]
        if found == wanted:
            return
        yield f"expected type {instance.module.types[type_index]}: type_ids[{type_index}] = {wanted}"
        yield f"found type {self.machine.type_of(found)}: its VMFuncRef's type_index = {found}"

    def _exhausted(self) -> Iterator[str]:
        if self.trap.detail:
            yield f"limit: {self.trap.detail}"
        depth = self.machine.control.depth
        yield f"{depth:,} frames on the control stack"
        names = Counter(f.name for f, _ in zip(self.inspect.frames(), range(1000), strict=False))
        busiest = ", ".join(f"{name} ({count}×)" for name, count in names.most_common(3))
        yield f"among the innermost {min(depth, 1000):,}: {busiest}"

    def _bound(self, instance: Instance, kind: ExternKind, index: int) -> str:
        """The field of the VMContext that holds the bound, and what it says."""
        path = bound_path(self.machine, instance, kind, index)
        if kind is ExternKind.MEMORY:
            size = instance.memories[index].size_bytes
            return f"bound: vmctx {path} = {size:#x} bytes ({instance.memories[index].pages} pages)"
        return f"bound: vmctx {path} = {instance.tables[index].size} elements"


def placed_segments(instance: Instance, memory: int) -> Iterator[tuple[int, int, int]]:
    """Number, start and end of the data segments that were put into a memory when it was made."""
    for number, segment in enumerate(instance.module.datas):
        if segment.mode != "active" or segment.offset is None or segment.memory != memory:
            continue
        start, size = static_value(instance.module, segment.offset), segment.bytes.end - segment.bytes.start
        if start is not None and size:
            yield number, start, start + size


def bound_path(machine: Machine, instance: Instance, kind: ExternKind, index: int) -> str:
    """How compiled code gets at a memory's or a table's length from vmctx: `memories[0].current_length`."""
    imported = sum(1 for _ in instance.module.imported(kind))
    how, number = ("imported", index) if index < imported else ("defined", index - imported)
    path: Path = machine.layouts.era.paths[f"{kind}.{how}"]
    hops = ".".join(hop.field + (f"[{number}]" if hop.indexed else "") for hop in path)
    return f"{hops}.{'current_length' if kind is ExternKind.MEMORY else 'current_elements'}"


def instruction_text(inspect: Inspector, frame: Frame) -> str:
    """The instruction a frame stands at, in the text format."""
    assert frame.instance is not None
    module, instr = frame.instance.module, inspect.instr(frame)
    found = read_instruction(module.bytes, instr.offset, instr.end)
    tokens = InstructionText(inspect.symbols(frame.instance), frame.func).tokens(found)
    return "".join(text for text, _ in tokens)


def place_text(frame: Frame, lines_at: LinesAt = lambda vmctx: None, short: bool = False) -> str:
    """Where a frame stands: function, offset in its body and in the file, and the source line when known.

    `short`: the source file without its folder.
    """
    if frame.instance is None or frame.offset is None:
        return f"host {frame.name}"
    start = frame.instance.module.body(frame.func).span.start
    text = f"{frame.name}+{frame.offset - start:#x} (@{frame.offset:#x})"
    lines = lines_at(frame.instance.addr)
    line = lines.find(frame.offset) if lines is not None else None
    if line is None:
        return text
    return f"{text}, {line.file.rpartition('/')[2] if short else line.file}:{line.line}"


def backtrace_lines(inspect: Inspector, lines_at: LinesAt = lambda vmctx: None) -> tuple[str, ...]:
    """The call stack, innermost first; the middle of a deep one is left out."""
    depth = inspect.machine.control.depth
    out = []
    for number in _shown(depth):
        if number is None:
            out.append(f"    … {depth - _INNER_FRAMES - _OUTER_FRAMES:,} frames more …")
            continue
        frame = inspect.frame(number)
        assert frame is not None
        out.append(f"#{number:<3} {place_text(frame, lines_at)}")
    return tuple(out)


def _shown(depth: int) -> Iterator[int | None]:
    if depth <= _INNER_FRAMES + _OUTER_FRAMES:
        yield from range(depth)
        return
    yield from range(_INNER_FRAMES)
    yield None
    yield from range(depth - _OUTER_FRAMES, depth)


def _indices(instr: Instr, kind: Imm) -> Iterator[int]:
    for i, imm in enumerate(instr.op.imm):
        if imm is kind:
            yield index_of(instr, i)


def _both(variable: Variable) -> str:
    """A value in decimal, and integers in hexadecimal too."""
    if variable.type in (NumType.I32, NumType.I64):
        return f"{variable.text} ({variable.slot:#x})"
    return variable.text
