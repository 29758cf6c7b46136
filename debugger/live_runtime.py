"""A real runtime's instances as `structures` sees a runtime: their blocks, and what addresses are called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from debugger.live import Live, LiveInstance
from debugger.structures import Block, Leaf, Owner, Part, Runtime
from debugger.symbols import Symbols
from vm.errors import MemoryFault
from vm.types import Addr

_WORD, _SHOWN_WORDS = 8, 8192  # of a linear memory


class LiveNames:
    """Names of what lies in the process."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.code = [(m.start, m.end, m.kind) for m in live.memory.mappings() if "x" in m.access]
        self._symbols = {i.vmctx: Symbols(i.module) for i in live.instances}
        self._instances = {i.vmctx: i for i in live.instances}

    def address(self, addr: int) -> str:
        """What an address hits; empty for null."""
        if not addr:
            return ""
        for instance in self.live.instances:
            size = self._size(instance)
            if instance.vmctx <= addr < instance.vmctx + size:
                offset = addr - instance.vmctx
                return f"vmctx of {instance.name}" + (f"+{offset:#x}" if offset else "")
        for low, high, kind in self.code:
            if low <= addr < high:
                return "library code" if kind == "library" else "compiled code"
        return ""

    def _size(self, instance: LiveInstance) -> int:
        return self.live.layouts.struct("VMContext", instance.shape.counts).size

    def element(self, owner: Owner, table: int, index: int, word: int) -> tuple[str, int]:
        """What a table's element stands for, and where that lies."""
        encoding = self.live.layouts.era.funcref
        if not owner.func_tables[table]:
            return "", 0
        if encoding.is_lazy(word):
            return "not resolved yet", 0
        target = encoding.decode(word)
        return self.func_refs.get(target, "") if target else "null", target

    @cached_property
    def func_refs(self) -> dict[int, str]:
        """Functions by where their VMFuncRefs lie."""
        found = {}
        for instance in self.live.instances:
            context = self.live.layouts.struct("VMContext", instance.shape.counts)
            records = context.field("func_refs")
            for func, slot in instance.shape.func_ref_slots.items():
                name = self._symbols[instance.vmctx].func_text(func)
                found[int(records.at(instance.vmctx, slot))] = f"{name} of {instance.name}"
        return found

    def note(self, owner: Owner, section: str, index: int) -> str:
        """Names of globals, functions, memories and tables, as the module has them."""
        instance = self._instances.get(owner.addr)
        if instance is None:
            return ""
        symbols, counts, imported = self._symbols[owner.addr], owner.counts, "imported" in section
        match section:
            case "globals" | "imported_globals":
                number = index + (0 if imported else counts["num_imported_globals"])
                return f"{symbols.global_(number)} {instance.module.globals[number]}"
            case "func_refs" | "anyfuncs":
                func = next((f for f, slot in instance.shape.func_ref_slots.items() if slot == index), None)
                return "" if func is None else symbols.func_text(func)
            case "imported_functions":
                return symbols.func_text(index)
            case "memories" | "owned_memories" | "imported_memories":
                return f"memory {symbols.memory(index + (0 if imported else counts['num_imported_memories']))}"
            case "tables" | "imported_tables":
                return f"table {symbols.table(index + (0 if imported else counts['num_imported_tables']))}"
            case _:
                return ""


@dataclass(frozen=True)
class LiveRuntime(Runtime):
    """Blocks of a real runtime; linear memories come last, as words."""

    live: Live | None = None

    def blocks(self, first: Addr) -> Iterator[Block]:
        """The structures as everywhere, and the memories' first words."""
        for block in super().blocks(first):
            if self._is_there(block):
                yield block
        assert self.live is not None
        decoded = self.live.decode(self.live.main)
        for i, memory in enumerate(decoded.memories):
            if memory.base is not None and memory.size_bytes:
                yield _words(f"memory {i}, {memory.size_bytes:,} bytes", memory.base, memory.size_bytes)

    def _is_there(self, block: Block) -> bool:
        try:
            self.reader.read(block.addr, max(1, block.size))
        except MemoryFault:
            return False
        return True


def _words(title: str, base: Addr, size: int) -> Block:
    count = min(size // _WORD, _SHOWN_WORDS)
    leaf = Leaf("", 0, _WORD, "u64", "8 bytes of the linear memory", "linear memory", "")
    return Block("linear memory", title, base, count * _WORD, (Part("", "u64", 0, _WORD, count, leaf.doc, (leaf,)),))


def runtime_of(live: Live) -> LiveRuntime:
    """The structures of a live store as they are seen from its main instance."""
    owners = [_owner(instance) for instance in reversed(live.instances)]
    return LiveRuntime(live.memory, live.layouts, tuple(owners), LiveNames(live), live=live)


def _owner(live: LiveInstance) -> Owner:
    tables = tuple(table.elem.is_func for table in live.module.tables)
    return Owner(live.name, live.vmctx, live.shape.counts, tables, len(live.module.types))
