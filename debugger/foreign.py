"""Memory that is not our machine's, as a screen sees that only reads: a live runtime's, or a capture's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from debugger.structures import Block, Owner, Runtime
from debugger.symbols import Symbols
from vm.errors import MemoryFault
from vm.layout import Layouts, Shape
from vm.module import Module
from vm.types import Addr


@dataclass(frozen=True, slots=True)
class Extent:
    """Bytes that can be looked at: what they are called, where they lie."""

    title: str
    addr: Addr
    size: int


class Foreign(Protocol):
    """A runtime of which everything is read anew whenever it is asked."""

    @property
    def title(self) -> str:
        """One line: what this is."""
        ...

    @property
    def first(self) -> Addr:
        """The VMContext that all is seen from."""
        ...

    def runtime(self) -> Runtime: ...
    def extents(self) -> Iterator[Extent]:
        """Structures and memories, each a stretch of bytes."""
        ...


@dataclass(frozen=True)
class KnownInstance:
    """An instance whose VMContext was found."""

    name: str
    vmctx: Addr
    counts: Shape
    slots: dict[int, int]  # functions to their slots in func_refs
    func_tables: tuple[bool, ...]
    module: Module | None
    num_types: int = 0

    @cached_property
    def symbols(self) -> Symbols | None:
        """Names, where the module is there."""
        return None if self.module is None else Symbols(self.module)

    def owner(self) -> Owner:
        """The same for the outline of structures."""
        return Owner(self.name, self.vmctx, self.counts, self.func_tables, self.num_types)


class ForeignNames:
    """What lies where in a memory of which some instances are known; `describe` knows the rest."""

    def __init__(self, layouts: Layouts, known: Sequence[KnownInstance], describe: Callable[[int], str]) -> None:
        self._layouts, self._known, self._describe = layouts, known, describe

    def address(self, addr: int) -> str:
        """What an address hits; empty for null."""
        if not addr:
            return ""
        for instance in self._known:
            size = self._layouts.struct("VMContext", instance.counts).size
            if instance.vmctx <= addr < instance.vmctx + size:
                offset = addr - instance.vmctx
                return f"vmctx of {instance.name}" + (f"+{offset:#x}" if offset else "")
        return self._describe(addr)

    def element(self, owner: Owner, table: int, index: int, word: int) -> tuple[str, int]:
        """What a table's element stands for, and where that lies."""
        encoding = self._layouts.era.funcref
        if not owner.func_tables[table]:
            return "", 0
        if encoding.is_lazy(word):
            return "not resolved yet", 0
        target = encoding.decode(word)
        return self._func_refs.get(target, "") if target else "null", target

    @cached_property
    def _func_refs(self) -> dict[int, str]:
        """Functions by where their VMFuncRefs lie."""
        found = {}
        for instance in self._known:
            context = self._layouts.struct("VMContext", instance.counts)
            if context.has("func_refs"):
                for func, slot in instance.slots.items():
                    at = int(context.field("func_refs").at(instance.vmctx, slot))
                    found[at] = f"{self._func(instance, func)} of {instance.name}"
        return found

    def _func(self, instance: KnownInstance, func: int) -> str:
        return f"function {func}" if instance.symbols is None else instance.symbols.func_text(func)

    def note(self, owner: Owner, section: str, index: int) -> str:
        """Names of globals, functions, memories and tables, as the module has them."""
        instance = next((i for i in self._known if i.vmctx == owner.addr), None)
        if instance is None or instance.symbols is None or instance.module is None:
            return ""
        symbols, counts, imported = instance.symbols, owner.counts, "imported" in section
        match section:
            case "globals" | "imported_globals":
                number = index + (0 if imported else counts["num_imported_globals"])
                return f"{symbols.global_(number)} {instance.module.globals[number]}"
            case "func_refs" | "anyfuncs":
                func = next((f for f, slot in instance.slots.items() if slot == index), None)
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
class ForeignRuntime(Runtime):
    """Blocks of which all bytes can be read."""

    def blocks(self, first: Addr) -> Iterator[Block]:
        """See Runtime."""
        return (block for block in super().blocks(first) if self._is_there(block))

    def _is_there(self, block: Block) -> bool:
        try:
            self.reader.read(block.addr, max(1, block.size))
        except MemoryFault:
            return False
        return True
