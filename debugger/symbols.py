"""Names of a module's entities: from its name section, else from its imports and exports, else their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property

from debugger.demangle import demangled, is_mangled
from vm.module import Module, Names
from vm.naming import SectionNaming, identifier
from vm.types import ExternKind


class Symbols(SectionNaming):
    """A `Naming` of one module that also finds entities by name."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self._names = _with_externs(module)
        super().__init__(self._names)
        self._demangled: dict[int, str] = {}
        self._taken: dict[str, int] = {}

    def func(self, index: int) -> str:
        """A function's name as its source has it; the index is added to one that others have too."""
        if index not in self._demangled:
            name = self._names.functions.get(index, "")
            text = super().func(index)
            if is_mangled(name) and (readable := demangled(name)) != name:
                text = identifier(readable)
                if self._taken.setdefault(text, index) != index:
                    text = identifier(f"{readable}#{index}")
            self._demangled[index] = text
        return self._demangled[index]

    def functions_called(self, name: str) -> tuple[int, ...]:
        """Functions of a name: as the module has it, else as the source does, with or without what it is inside of."""
        exact = self.by_function_name.get(name)
        return self._by_source_name.get(name, ()) if exact is None else (exact,)

    @cached_property
    def _by_source_name(self) -> Mapping[str, tuple[int, ...]]:
        found: dict[str, list[int]] = {}
        for index, name in self._names.functions.items():
            readable = demangled(name) if is_mangled(name) else name
            for each in source_names(readable):
                found.setdefault(each, []).append(index)
        return {name: tuple(indexes) for name, indexes in found.items()}

    @cached_property
    def by_function_name(self) -> Mapping[str, int]:
        """Function index by name; the names of exports and imports count too."""
        found = {e.name: e.index for e in self.module.exports if e.kind is ExternKind.FUNC}
        found.update((name, i) for i, name in self._names.functions.items())
        return found

    @cached_property
    def by_global_name(self) -> Mapping[str, int]:
        found = {e.name: e.index for e in self.module.exports if e.kind is ExternKind.GLOBAL}
        found.update((name, i) for i, name in self._names.globals.items())
        return found

    def func_text(self, func: int) -> str:
        """`$name`, or `func[i]` when it has none."""
        name = self.func(func)
        return name if name.startswith("$") else f"func[{func}]"

    def matching(self, prefix: str) -> Iterator[str]:
        """Function names that start with `prefix`, for completion."""
        return (name for name in self.by_function_name if name.startswith(prefix))


def source_names(readable: str) -> frozenset[str]:
    """What a function may be called: `a::f<int>(int)` is also `a::f<int>`, `a::f`, `f<int>` and `f`."""
    path, depth = "", 0
    for i, c in enumerate(readable):
        if c == "(" and not depth and path and not readable.startswith("(anonymous", i):
            break
        depth += (c == "<") - (c == ">")
        path += c
    found = {readable, path}
    for each in (path, _without_arguments(path)):
        parts = each.split("::")
        found.update("::".join(parts[i:]) for i in range(len(parts)) if each != path or "<" not in each)
        found.add(each)
    return frozenset(found - {""})


def _without_arguments(path: str) -> str:
    """A path without template arguments."""
    if "operator<" in path or path.startswith("<"):
        return path
    out, depth = "", 0
    for c in path:
        depth += c == "<"
        out += c if not depth else ""
        depth -= c == ">"
    return out


def _with_externs(module: Module) -> Names:
    """The name section's names, and imports' and exports' where it has none."""
    names = module.names
    return replace(
        names,
        functions=_named(module, names.functions, ExternKind.FUNC),
        globals=_named(module, names.globals, ExternKind.GLOBAL),
        memories=_named(module, names.memories, ExternKind.MEMORY),
        tables=_named(module, names.tables, ExternKind.TABLE),
    )


def _named(module: Module, given: Mapping[int, str], kind: ExternKind) -> Mapping[int, str]:
    names = dict(given)
    for i, import_ in enumerate(module.imported(kind)):
        names.setdefault(i, f"{import_.module}.{import_.name}" if kind is ExternKind.FUNC else import_.name)
    for export in module.exports:
        if export.kind is kind:
            names.setdefault(export.index, export.name)
    return names
