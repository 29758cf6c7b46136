"""Names of a module's entities: from its name section, else from its imports and exports, else their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property

from vm.module import Module, Names
from vm.naming import SectionNaming
from vm.types import ExternKind


class Symbols(SectionNaming):
    """A `Naming` of one module that also finds entities by name."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self._names = _with_externs(module)
        super().__init__(self._names)

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
