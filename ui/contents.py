"""`wasmscope inspect`: what is in a module, as text or as JSON."""

from __future__ import annotations

import fnmatch
import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from debugger.executors import Served, served_natively
from debugger.launch import load
from debugger.symbols import Symbols
from ui.integers import integer
from ui.render import module as contents
from ui.render.code import Marks, code_line
from ui.render.line import EMPTY, Line, heading, line, text_of
from vm.disasm import disassemble as disassembled
from vm.errors import UserError
from vm.module import Module
from vm.types import ExternKind


def run_inspect(path: Path, as_json: bool, disassemble: str | None, executor: bool = False) -> int:
    """Writes what was asked for; the exit code. Raises WasmscopeError."""
    module = load(path).module
    symbols = Symbols(module)
    if executor:
        return _write_served(served_natively(module), as_json)
    if as_json:
        sys.stdout.write(json.dumps(to_json(module, symbols), indent=1) + "\n")
        return 0
    lines = all_parts(path, module, symbols) if disassemble is None else code_of(module, symbols, disassemble)
    for rendered in lines:
        sys.stdout.write(text_of(rendered) + "\n")
    return 0


def _write_served(served: Served, as_json: bool) -> int:
    """What native code runs of a module, and what it leaves to the runtime."""
    left = sum(served.left.values())
    if as_json:
        sys.stdout.write(json.dumps({"instructions": served.total, "left_to_runtime": served.left}, indent=1) + "\n")
        return 0
    sys.stdout.write(f"{served.total - left:,} of {served.total:,} instructions run in native code\n")
    for name, count in served.left.items():
        sys.stdout.write(f"  {count:>9,}  {name}: left to the runtime\n")
    return 0


def all_parts(path: Path, module: Module, symbols: Symbols) -> Iterator[Line]:
    """Every part of a module that has something in it, under a heading; one is made when the last one was written."""
    yield line(f"{path}: {len(module.bytes):,} bytes")
    every = range(len(module.func_type_indexes))
    for title, made in (
        ("sections", lambda: contents.sections(module)),
        ("types", lambda: contents.types(module, symbols)),
        ("imports", lambda: contents.imports(module)),
        ("exports", lambda: contents.exports(module, symbols)),
        ("functions", lambda: contents.functions(module, symbols, every)),
        ("tables", lambda: contents.tables(module, symbols)),
        ("memories", lambda: contents.memories(module, symbols)),
        ("globals", lambda: contents.globals_(module, symbols)),
        ("element segments", lambda: contents.elems(module, symbols)),
        ("data segments", lambda: contents.datas(module, symbols)),
        ("custom sections", lambda: contents.customs(module.customs)),
    ):
        if lines := made():
            yield EMPTY
            yield heading(title)
            yield from lines
    if module.start is not None:
        yield EMPTY
        yield line(f"start function: {symbols.func_text(module.start)}")


def code_of(module: Module, symbols: Symbols, wanted: str) -> Iterator[Line]:
    """Disassembly of functions by name (`*` matches anything) or index. Raises UserError."""
    found = _functions(module, symbols, wanted)
    if not found:
        raise UserError(f"no function is called {wanted!r}", "wasmscope inspect MODULE lists them")
    for i, func in enumerate(found):
        if i:
            yield EMPTY
        for row in disassembled(module, func, symbols):
            yield code_line(row, Marks(), whole=True)


def _functions(module: Module, symbols: Symbols, wanted: str) -> list[int]:
    defined = range(module.num_imported_funcs, len(module.func_type_indexes))
    if (index := integer(wanted)) is not None:
        return [index] if index in defined else []
    name = wanted.removeprefix("$")
    exact = symbols.by_function_name.get(name)
    if exact is not None and exact in defined:
        return [exact]
    return [f for f in defined if fnmatch.fnmatchcase(symbols.func(f).removeprefix("$"), name)] if "*" in name else []


def to_json(module: Module, symbols: Symbols) -> dict[str, Any]:
    """The same as one object; offsets and sizes are in bytes."""
    exports = export_names(module)
    return {
        "bytes": len(module.bytes),
        "sections": [
            {"id": n, "name": contents.section_name(n), "offset": s.start, "size": s.end - s.start,
             "items": contents.section_count(module, n)}
            for n, s in module.sections
        ],
        "types": [str(t) for t in module.types],
        "imports": [{"module": i.module, "name": i.name, "kind": str(i.kind), "type": str(i.type)}
                    for i in module.imports],
        "exports": [{"name": e.name, "kind": str(e.kind), "index": e.index} for e in module.exports],
        "start": module.start,
        "functions": [_function_json(module, symbols, exports, f) for f in range(len(module.func_type_indexes))],
        "tables": [str(t) for t in module.tables],
        "memories": [str(m) for m in module.memories],
        "globals": [{"name": _name(symbols.global_(i)), "type": str(g)} for i, g in enumerate(module.globals)],
        "elems": [{"mode": e.mode, "type": str(e.type), "items": len(e.items)} for e in module.elems],
        "datas": [{"mode": d.mode, "offset": d.bytes.start, "size": d.bytes.end - d.bytes.start}
                  for d in module.datas],
        "customs": [{"name": c.name, "offset": c.span.start, "size": c.payload.end - c.payload.start}
                    for c in module.customs],
    }  # fmt: skip


def export_names(module: Module) -> Mapping[int, list[str]]:
    """Under which names functions are exported, by index."""
    names = defaultdict[int, list[str]](list)
    for export in module.exports:
        if export.kind is ExternKind.FUNC:
            names[export.index].append(export.name)
    return names


def _function_json(
    module: Module, symbols: Symbols, exports: Mapping[int, list[str]], func: int
) -> dict[str, Any]:  # fmt: skip
    out: dict[str, Any] = {"index": func, "name": _name(symbols.func(func)), "type": str(module.func_type(func))}
    if func < module.num_imported_funcs:
        return {**out, "imported": True}
    span = module.body(func).span
    where = {"offset": span.start, "size": span.end - span.start}
    return {**out, "imported": False, **where, "exports": exports.get(func, [])}


def _name(text: str) -> str | None:
    return text[1:] if text.startswith("$") else None
