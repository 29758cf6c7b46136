"""A whole module in the text format: assembles to the same items and the same code."""

from __future__ import annotations

from collections.abc import Iterator

from vm.disasm import disassemble
from vm.instruction_text import InstructionText, definition_text, type_text
from vm.instructions import instructions
from vm.module import Data, Elem, Export, Import, Module, Span
from vm.naming import Naming
from vm.types import I64, ExternKind, FuncType, GlobalType, MemoryType, TableType, TagType


def quoted(data: bytes) -> str:
    """A string literal of these bytes."""
    plain = b"".join(bytes([b]) if 32 <= b < 127 and b not in b'"\\' else b"\\%02x" % b for b in data)
    return f'"{plain.decode("ascii")}"'


def _named(keyword: str, name: str, rest: str) -> str:
    return f"({keyword} {name} {rest})" if name.startswith("$") else f"({keyword} {rest})"


class _Text:
    """Writes the items of one module, by kind."""

    def __init__(self, module: Module, naming: Naming) -> None:
        self.module, self.naming = module, naming

    def expression(self, span: Span) -> str:
        """A constant expression's instructions, without its `end`."""
        text = InstructionText(self.naming, 0)
        lines = ["".join(t for t, _ in text.tokens(found)) for found in instructions(self.module.bytes, span)]
        return " ".join(lines[:-1])

    def import_(self, item: Import, index: int) -> str:
        naming = self.naming
        match item.type:
            case FuncType():
                what = _named("func", naming.func(index), f"(type {item.type_index})")
            case TableType():
                what = _named("table", naming.table(index), self._table_type(item.type))
            case MemoryType():
                what = _named("memory", naming.memory(index), str(item.type).removeprefix("memory "))
            case GlobalType():
                what = _named("global", naming.global_(index), self._global_type(item.type))
            case TagType():
                assert item.type_index is not None
                what = _named("tag", naming.tag(index), f"(type {naming.type_(item.type_index)})")
        return f"(import {quoted(item.module.encode())} {quoted(item.name.encode())} {what})"

    def imports(self) -> Iterator[str]:
        seen = dict.fromkeys(ExternKind, 0)
        for item in self.module.imports:
            yield self.import_(item, seen[item.kind])
            seen[item.kind] += 1

    def types(self) -> Iterator[str]:
        groups, end = self.module.groups, 0
        for index in range(len(self.module.types)):
            if index in groups:
                yield "(rec"
                end = index + groups[index]
            yield self._type(index)
            if index + 1 == end:
                yield ")"

    def _type(self, index: int) -> str:
        return _named("type", self.naming.type_(index), definition_text(self.module, index, self.naming))

    def tags(self) -> Iterator[str]:
        first = len(self.module.tags) - len(self.module.defined_tags)
        for index, tag in enumerate(self.module.defined_tags, first):
            yield _named("tag", self.naming.tag(index), f"(type {self.naming.type_(tag.type_index)})")

    def tables(self) -> Iterator[str]:
        first = len(self.module.tables) - len(self.module.defined_tables)
        for index, table in enumerate(self.module.defined_tables, first):
            init = "" if table.init is None else f" {self.expression(table.init)}"
            yield _named("table", self.naming.table(index), self._table_type(table.type) + init)

    def _table_type(self, type_: TableType) -> str:
        addr = "i64 " if type_.addr is I64 else ""
        return f"{addr}{type_.limits} {type_text(type_.elem, self.naming)}"

    def _global_type(self, type_: GlobalType) -> str:
        value = type_text(type_.value, self.naming)
        return f"(mut {value})" if type_.mutable else value

    def memories(self) -> Iterator[str]:
        first = len(self.module.memories) - len(self.module.defined_memories)
        for index, memory in enumerate(self.module.defined_memories, first):
            yield _named("memory", self.naming.memory(index), str(memory.type).removeprefix("memory "))

    def globals(self) -> Iterator[str]:
        first = len(self.module.globals) - len(self.module.defined_globals)
        for index, global_ in enumerate(self.module.defined_globals, first):
            type_ = self._global_type(global_.type)
            yield _named("global", self.naming.global_(index), f"{type_} {self.expression(global_.init)}")

    def export(self, item: Export) -> str:
        return f"(export {quoted(item.name.encode())} ({item.kind} {item.index}))"

    def elem(self, item: Elem, index: int) -> str:
        words = []
        if item.mode == "declared":
            words.append("declare")
        elif item.offset is not None:
            words.append(f"(table {item.table}) (offset {self.expression(item.offset)})")
        words.append(type_text(item.type, self.naming) if item.by_expr else "func")
        words += [f"(item {self.expression(i)})" if isinstance(i, Span) else str(i) for i in item.items]
        return _named("elem", self.naming.elem(index), " ".join(words))

    def data(self, item: Data, index: int) -> str:
        payload = quoted(self.module.bytes[item.bytes.start : item.bytes.end])
        if item.offset is not None:
            payload = f"(memory {item.memory}) (offset {self.expression(item.offset)}) {payload}"
        return _named("data", self.naming.data(index), payload)

    def functions(self) -> Iterator[str]:
        first = self.module.num_imported_funcs
        for func in range(first, first + len(self.module.bodies)):
            for line in disassemble(self.module, func, self.naming):
                yield "  " * line.depth + line.text

    def items(self) -> Iterator[str]:
        module = self.module
        yield from self.types()
        yield from self.imports()
        yield from self.tables()
        yield from self.memories()
        yield from self.tags()
        yield from self.globals()
        yield from map(self.export, module.exports)
        if module.start is not None:
            yield f"(start {module.start})"
        yield from (self.elem(item, index) for index, item in enumerate(module.elems))
        yield from self.functions()
        yield from (self.data(item, index) for index, item in enumerate(module.datas))


def to_wat(module: Module, naming: Naming) -> str:
    """The module's text, an item or instruction a line; custom sections are left out."""
    return "\n".join(["(module", *(f"  {line}" for line in _Text(module, naming).items()), ")", ""])
