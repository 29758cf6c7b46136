"""A module's contents: sections, types, imports, exports, functions and the rest, as `info` and `inspect` show them."""

from __future__ import annotations

from collections.abc import Sequence

from ui.render.line import Line, Part, Role, columns
from vm.instruction_text import definition_text
from vm.module import Custom, Data, Elem, Import, Module
from vm.naming import Naming
from vm.types import ExternKind

SECTIONS = (
    "custom", "type", "import", "function", "table", "memory", "global", "export", "start", "element", "code", "data",
    "data count", "tag",
)  # fmt: skip


def section_name(number: int) -> str:
    return SECTIONS[number] if number < len(SECTIONS) else f"section {number}"


def section_count(module: Module, number: int) -> int | None:
    """How many items a section holds; None where that means nothing."""
    items: dict[int, Sequence[object]] = {
        1: module.types, 2: module.imports, 3: module.defined_funcs, 4: module.defined_tables,
        5: module.defined_memories, 6: module.defined_globals, 7: module.exports, 9: module.elems, 10: module.bodies,
        11: module.datas,
    }  # fmt: skip
    return len(items[number]) if number in items else None


def sections(module: Module) -> list[Line]:
    """Every section in file order: where it lies, its size, how many items."""
    customs = {custom.span.end: custom.name for custom in module.customs}
    rows: list[list[Part]] = []
    for number, span in module.sections:
        count = section_count(module, number)
        rows.append([
            (section_name(number), Role.KEYWORD), (f"{span.start:#08x}", Role.ADDRESS),
            (f"{span.end - span.start:,} bytes", Role.NUMBER), "" if count is None else f"{count:,} items",
            (customs.get(span.end, ""), Role.STRING),
        ])  # fmt: skip
    return columns(rows, right=(2, 3))


def types(module: Module, naming: Naming) -> list[Line]:
    rows = [[(naming.type_(i), Role.NAME), (definition_text(module, i, naming), Role.TYPE)]
            for i in range(len(module.types))]  # fmt: skip
    return columns(rows, indent="  ")


def imports(module: Module) -> list[Line]:
    rows = [[(import_name(i), Role.STRING), (str(i.kind), Role.KEYWORD), (str(i.type), Role.TYPE)]
            for i in module.imports]  # fmt: skip
    return columns(rows, indent="  ")


def import_name(item: Import) -> str:
    return f"{item.module}.{item.name}"


def exports(module: Module, naming: Naming) -> list[Line]:
    rows = [[(e.name, Role.STRING), (str(e.kind), Role.KEYWORD), (entity(naming, e.kind, e.index), Role.NAME)]
            for e in module.exports]  # fmt: skip
    return columns(rows, indent="  ")


def entity(naming: Naming, kind: ExternKind, index: int) -> str:
    """An entity's name, or its index."""
    match kind:
        case ExternKind.FUNC:
            return naming.func(index)
        case ExternKind.TABLE:
            return naming.table(index)
        case ExternKind.MEMORY:
            return naming.memory(index)
        case ExternKind.GLOBAL:
            return naming.global_(index)
        case ExternKind.TAG:
            return naming.tag(index)


def functions(module: Module, naming: Naming, wanted: Sequence[int]) -> list[Line]:
    """`func[3]  $fib  [i32] -> [i32]  0x12a  45 bytes`."""
    rows: list[list[Part]] = []
    for func in wanted:
        where: list[Part] = [("imported", Role.DIM)]
        if func >= module.num_imported_funcs:
            span = module.body(func).span
            where = [(f"{span.start:#08x}", Role.ADDRESS), f"{span.end - span.start:,} bytes"]
        name = naming.func(func)
        rows.append([(f"func[{func}]", Role.LABEL), (name if name.startswith("$") else "", Role.NAME),
                     (str(module.func_type(func)), Role.TYPE), *where])  # fmt: skip
    return columns(rows, indent="  ")


def tables(module: Module, naming: Naming) -> list[Line]:
    rows = [[(naming.table(i), Role.NAME), (str(t), Role.TYPE)] for i, t in enumerate(module.tables)]
    return columns(rows, indent="  ")


def memories(module: Module, naming: Naming) -> list[Line]:
    rows = [[(naming.memory(i), Role.NAME), (str(t), Role.TYPE)] for i, t in enumerate(module.memories)]
    return columns(rows, indent="  ")


def globals_(module: Module, naming: Naming) -> list[Line]:
    rows = [[(naming.global_(i), Role.NAME), (str(t), Role.TYPE)] for i, t in enumerate(module.globals)]
    return columns(rows, indent="  ")


def elems(module: Module, naming: Naming) -> list[Line]:
    return columns([_elem(naming, i, e) for i, e in enumerate(module.elems)], indent="  ")


def _elem(naming: Naming, index: int, elem: Elem) -> list[Part]:
    table = f"table {naming.table(elem.table)}" if elem.mode == "active" else ""
    return [(naming.elem(index), Role.NAME), (elem.mode, Role.KEYWORD), table, (str(elem.type), Role.TYPE),
            f"{len(elem.items):,} items"]  # fmt: skip


def datas(module: Module, naming: Naming) -> list[Line]:
    return columns([_data(naming, i, d) for i, d in enumerate(module.datas)], indent="  ")


def _data(naming: Naming, index: int, data: Data) -> list[Part]:
    memory = f"memory {naming.memory(data.memory)}" if data.mode == "active" else ""
    return [(naming.data(index), Role.NAME), (data.mode, Role.KEYWORD), memory,
            (f"{data.bytes.start:#08x}", Role.ADDRESS), f"{data.bytes.end - data.bytes.start:,} bytes"]  # fmt: skip


def customs(items: Sequence[Custom]) -> list[Line]:
    rows: list[list[Part]] = [
        [(c.name, Role.STRING), (f"{c.span.start:#08x}", Role.ADDRESS), f"{c.payload.end - c.payload.start:,} bytes"]
        for c in items
    ]
    return columns(rows, indent="  ")
