"""Records of the machine at a stop: what views pull. Reading never changes the machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from debugger.heap import HeapView
from debugger.symbols import Symbols
from debugger.values import format_value
from vm.control import Record
from vm.facts import FunctionFacts, Instr, Label
from vm.globals import read_global
from vm.instance import Instance
from vm.instruction_text import type_text
from vm.layout import Row
from vm.machine import Code, CodeKind, Convention, Machine
from vm.memory import Region
from vm.state import live_types
from vm.threads import GuestThread
from vm.types import SLOT_BYTES, Addr, RefType, ValType, slots

_ENTERED = {Convention.WASM: "", Convention.ARRAY: " (array call)", Convention.NATIVE: " (native call)"}


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of the call stack; number 0 is the innermost. `pc` is the call under way in outer ones."""

    number: int
    instance: Instance | None  # None: a host function's frame
    func: int
    name: str
    pc: int
    offset: int | None
    record: Record
    above: Record | None

    @property
    def is_host(self) -> bool:
        return self.instance is None


@dataclass(frozen=True, slots=True)
class Variable:
    """A value with a name: a local, an operand or a global. `type_name` names the module's types, if it has any."""

    name: str
    index: int
    type: ValType
    slot: int
    text: str
    addr: Addr
    named_type: str = ""

    @property
    def type_name(self) -> str:
        """The type as the text format writes it."""
        return self.named_type or str(self.type)


@dataclass(frozen=True, slots=True)
class LabelInfo:
    """A structured instruction around the current one; depth 0 is the innermost, as `br` counts."""

    depth: int
    kind: str
    offset: int
    arity: int


@dataclass(frozen=True, slots=True)
class TableElement:
    """An element as it lies there; `text` says what it leads to without resolving it."""

    index: int
    word: int
    state: str
    func_ref: Addr | None
    text: str


@dataclass(frozen=True, slots=True)
class FuncRefInfo:
    """A VMFuncRef that something points to or that was written."""

    addr: Addr
    name: str
    func: int
    type_index: int
    code: Addr
    vmctx: Addr
    written: bool


@dataclass(frozen=True, slots=True)
class VmctxRow:
    """A field of a runtime structure: `target` says what a pointer hits."""

    row: Row
    value: bytes
    target: str


class Inspector:
    """Answers questions about a machine. Holds no state of its own but names."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._symbols: dict[Addr, Symbols] = {}
        self.heap = HeapView(machine, self.symbols)

    def symbols(self, instance: Instance) -> Symbols:
        """Names in an instance's module."""
        if instance.addr not in self._symbols:
            self._symbols[instance.addr] = Symbols(instance.module)
        return self._symbols[instance.addr]

    # -- frames ----------------------------------------------------------------------------------

    def frames(self) -> Iterator[Frame]:
        """The call stack, innermost first."""
        above: Record | None = None
        for number, record in self.machine.frames():
            yield self._frame(number, record, above)
            above = record

    def innermost(self, thread: GuestThread) -> str:
        """The function a thread is in."""
        if not thread.control.depth:
            return ""
        record = thread.control.top
        return self._frame(0, record, None).name

    def frame(self, number: int) -> Frame | None:
        """One frame, None when there is none of that number."""
        depth = self.machine.control.depth
        if not 0 <= number < depth:
            return None
        above = self.machine.control[depth - number] if number else None
        return self._frame(number, self.machine.control[depth - 1 - number], above)

    def _frame(self, number: int, record: Record, above: Record | None) -> Frame:
        if record.is_host:
            label = self.machine.hosts[record.func].label
            return Frame(number, None, record.func, label, record.pc, None, record, above)
        instance = self.machine.instance_at(record.vmctx)
        assert instance is not None
        pc = record.pc if above is None else record.pc - 1
        offset = instance.facts(record.func).instrs[pc].offset
        name = self.func_name(instance, record.func)
        return Frame(number, instance, record.func, name, pc, offset, record, above)

    def func_name(self, instance: Instance, func: int) -> str:
        """`$name`, or `func[i]` when it has none."""
        return self.symbols(instance).func_text(func)

    def facts(self, frame: Frame) -> FunctionFacts:
        assert frame.instance is not None
        return frame.instance.facts(frame.func)

    def instr(self, frame: Frame) -> Instr:
        """The instruction a frame stands at."""
        return self.facts(frame).instrs[frame.pc]

    def locals(self, frame: Frame) -> tuple[Variable, ...]:
        """Parameters and locals; a host function's arguments."""
        if frame.instance is None:
            types = self.machine.hosts[frame.func].type.params
            names = [f"arg{i}" for i in range(len(types))]
        else:
            types = self.facts(frame).local_types
            symbols = self.symbols(frame.instance)
            names = [symbols.local(frame.func, i) for i in range(len(types))]
        return tuple(self._variables(frame.record.base, types, names, frame.instance))

    def operands(self, frame: Frame) -> tuple[Variable, ...]:
        """The operand stack, bottom first."""
        if frame.instance is None:
            return ()
        facts = self.facts(frame)
        types = live_types(self.machine, frame.record, frame.above)[len(facts.frame_types) :]
        base = Addr(frame.record.base + facts.num_local_slots * SLOT_BYTES)
        return tuple(self._variables(base, types, [f"[{i}]" for i in range(len(types))], frame.instance))

    def _variables(
        self, base: Addr, types: tuple[ValType, ...], names: list[str], instance: Instance | None
    ) -> Iterator[Variable]:
        at = base
        for i, (type_, name) in enumerate(zip(types, names, strict=True)):
            size = slots(type_) * SLOT_BYTES
            slot = self.machine.space.load(at, size)
            named = "" if instance is None else type_text(type_, self.symbols(instance))
            yield Variable(name, i, type_, slot, self.format(slot, type_), at, named)
            at = Addr(at + size)

    def format(self, slot: int, type_: ValType) -> str:
        """A slot as text; a funcref names its function."""
        if isinstance(type_, RefType) and type_.is_func and slot:
            return f"{slot:#x} → {self.describe_func_ref(Addr(slot))}"
        if isinstance(type_, RefType) and slot:
            text = self.heap.describe(slot)
            return text if self.machine.gc.is_i31(slot) else f"{slot:#x} → {text}"
        return format_value(slot, type_)

    def labels(self, frame: Frame) -> tuple[LabelInfo, ...]:
        """Labels around the current instruction, innermost first."""
        if frame.instance is None:
            return ()
        out: list[LabelInfo] = []
        label: Label | None = self.instr(frame).label
        while label is not None:
            arity = len(label.params if label.kind == "loop" else label.results)
            out.append(LabelInfo(len(out), label.kind, label.offset, arity))
            label = label.parent
        return tuple(out)

    # -- instances -------------------------------------------------------------------------------

    def globals(self, instance: Instance) -> tuple[Variable, ...]:
        return tuple(self.global_(instance, i) for i in range(len(instance.globals)))

    def global_(self, instance: Instance, index: int) -> Variable:
        """One global, imported ones counted first."""
        symbols, extern = self.symbols(instance), instance.globals[index]
        slot, name = read_global(self.machine, extern), symbols.global_(index)
        named = type_text(instance.module.globals[index].value, symbols)
        text = self.format(slot, extern.type.value)
        return Variable(name, index, extern.type.value, slot, text, extern.storage, named)

    def table_elements(self, instance: Instance, table: int, start: int, count: int) -> tuple[TableElement, ...]:
        """Elements [start, start + count), as many as there are."""
        end = min(instance.tables[table].size, start + count)
        return tuple(self.table_element(instance, table, i) for i in range(start, end))

    def table_element(self, instance: Instance, table: int, index: int) -> TableElement:
        found = instance.tables[table]
        element = found.peek(index)
        owner = self.machine.instance_at(found.owner)
        match element.state:
            case "func":
                func_ref = Addr(element.target)
                return TableElement(index, element.word, "func", func_ref, self.describe_func_ref(func_ref))
            case "lazy" if element.func is not None and owner is not None:
                text = f"unresolved → {self.func_name(owner, element.func)}"
                return TableElement(index, element.word, "lazy", owner.func_ref_at(element.func), text)
            case "lazy":
                return TableElement(index, element.word, "lazy", None, "unresolved → null")
            case "ref":
                return TableElement(index, element.word, "ref", None, f"gc heap +{element.target:#x}")
            case _:
                return TableElement(index, element.word, "null", None, "null")

    def func_refs(self, instance: Instance, most: int | None = None) -> tuple[FuncRefInfo, ...]:
        """Every function that has a funcref record, written yet or not; the first `most` of them."""
        out = []
        for func in islice(instance.shape.func_ref_slots, most):
            addr = instance.func_ref_at(func)
            assert addr is not None
            ref = self.machine.read_func_ref(addr)
            written = self.machine.code_at(ref.code) is not None
            name = self.func_name(instance, func)
            out.append(FuncRefInfo(addr, name, func, ref.type_id, ref.code, ref.vmctx, written))
        return tuple(out)

    def describe_func_ref(self, addr: Addr) -> str:
        """`$name of instance`, or what is wrong with the record."""
        region = self.machine.space.region_at(addr)
        if region is None:
            return "unmapped"
        return self.describe_code(self.machine.read_func_ref(addr).code)

    def describe_code(self, code: int) -> str:
        """What a code address stands for."""
        record = self.machine.code_at(code)
        if record is None:
            return f"{code:#x} is no code"
        return self._describe_record(code, record) + _ENTERED[record.entry]

    def _describe_record(self, code: int, record: Code) -> str:
        if record.kind is CodeKind.HOST:
            return f"host {self.machine.hosts[record.func].label}"
        if record.kind is CodeKind.BUILTIN:
            return f"builtin {self.machine.layouts.era.builtins[record.func]}"
        instance = self.machine.instance_at(record.vmctx)
        if instance is None:
            return f"{code:#x}"
        if record.kind is CodeKind.STARTUP:
            return f"start-up code of {instance.name}"
        return f"{self.func_name(instance, record.func)} of {instance.name}"

    # -- structures ------------------------------------------------------------------------------

    def vmctx(self, instance: Instance) -> Iterator[VmctxRow]:
        """Every field of a VMContext."""
        for row in instance.vmctx.rows():
            value = self.machine.space.read(row.addr, row.size)
            target = ""
            if row.type.startswith("ptr<"):
                target = self.describe_address(int.from_bytes(value, "little"))
            yield VmctxRow(row, value, target)

    def store_context(self) -> Iterator[VmctxRow]:
        """Every field of the VMStoreContext."""
        for row in self.machine.store_context.rows():
            yield VmctxRow(row, self.machine.space.read(row.addr, row.size), "")

    def describe_address(self, addr: int) -> str:
        """What an address hits, as `linear memory 0 of x +0x10`; empty for null, `unmapped` for nothing."""
        if addr == 0:
            return ""
        region = self.machine.space.region_at(addr)
        if region is None:
            return "unmapped"
        if region is self.machine.code:
            return self.describe_code(addr)
        offset = addr - region.base
        inner = self._field_at(addr)
        if inner:
            return inner
        return region.name + (f" +{offset:#x}" if offset else "")

    def _field_at(self, addr: int) -> str:
        for instance in self.machine.instances:
            if instance.addr < addr < instance.addr + instance.vmctx.size:
                return self._vmctx_field(instance, addr)
        return ""

    def _vmctx_field(self, instance: Instance, addr: int) -> str:
        for field in instance.vmctx.layout.fields.values():
            start = field.at(instance.addr)
            if start <= addr < start + field.size:
                index = (addr - start) // field.stride
                within = (addr - start) % field.stride
                name = field.name if field.count is None else f"{field.name}[{index}]"
                return f"{name} of {instance.name}" + (f" +{within:#x}" if within else "")
        return f"padding of {instance.name}"

    def regions(self) -> tuple[Region, ...]:
        """The address space, by address."""
        return tuple(self.machine.space.regions())
